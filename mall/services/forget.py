"""Personal data that redemptions carry is removed once the member's account is closed."""

from django.db import transaction

from mall.models import Redemption, RedemptionStatus


def forget_closed_members() -> int:
    """Clear address and note of finished redemptions of closed accounts; return how many. The books stay."""
    finished = Redemption.objects.filter(
        member__status="closed",
        status__in=[RedemptionStatus.COMPLETED, RedemptionStatus.CANCELLED],
    ).exclude(address__isnull=True, note="")
    with transaction.atomic():
        return finished.update(address=None, note="")
