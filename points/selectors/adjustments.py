"""Reading corrections that staff made."""

from datetime import date

from django.db.models import Sum
from django.db.models.functions import Abs

from points.models import Adjustment, AdjustmentStatus


def adjusted_alone(*, member_id: int, staff_id: int, on: date) -> int:
    """Return how many points one person moved for the member on the business day without a second one, both ways."""
    booked = Adjustment.objects.filter(
        member_id=member_id, requested_by_id=staff_id, requested_on=on, status=AdjustmentStatus.BOOKED,
        needs_approval=False,
    )  # fmt: skip
    return int(booked.aggregate(total=Sum(Abs("points"), default=0))["total"])
