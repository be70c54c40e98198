"""Reading what members gave each other, and what they may give."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from members.selectors import standing, tier_level
from points.models import LedgerPolicy, Transfer

Row = dict[str, Any]
COLUMNS = (
    "id", "no", "member_id", "points", "message", "status", "made_at",
    "member__no", "member__nickname", "to_member__no", "to_member__nickname",
)  # fmt: skip


class TransferNotFound(DomainError):
    code = "transfer_not_found"
    status = 404
    message = _("There is no such transfer.")


@dataclass(frozen=True, kw_only=True)
class GivenOn:
    """What a member gave away on one business day. Transfers that were taken back later count."""

    points: int
    count: int


def given_on(*, member_id: int, on: date) -> GivenOn:
    """Return what the member gave away on the business day `on`."""
    given = Transfer.objects.filter(member_id=member_id, made_on=on)
    return GivenOn(**given.aggregate(points=Sum("points", default=0), count=Count("pk")))


def tier_may_give(policy: LedgerPolicy, *, level: int) -> bool:
    """Return whether members of tiers of this level may give. A tier that is gone lets nobody."""
    if not policy.transfer_min_tier:
        return True
    lowest = tier_level(code=policy.transfer_min_tier)
    return lowest is not None and level >= lowest


def terms(*, member_id: int, on: date) -> Row:
    """Return the limits in force for the member, and what is left of them on the business day `on`."""
    policy = LedgerPolicy.objects.get()
    given = given_on(member_id=member_id, on=on)
    return {
        "open": policy.transfers_open,
        "min_tier": policy.transfer_min_tier or None,
        "tier_ok": tier_may_give(policy, level=standing(member_id=member_id).tier_level),
        "max_points": policy.transfer_max_points,
        "daily_points": policy.transfer_daily_points,
        "daily_points_left": max(policy.transfer_daily_points - given.points, 0),
        "daily_count": policy.transfer_daily_count,
        "daily_count_left": max(policy.transfer_daily_count - given.count, 0),
    }


def transfers(*, member_id: int, direction: str | None = None) -> QuerySet[Transfer, Row]:
    """Return what the member gave ("sent"), was given ("received"), or both; the caller orders and pages them."""
    sides = {"sent": Q(member_id=member_id), "received": Q(to_member_id=member_id)}
    wanted = sides[direction] if direction else sides["sent"] | sides["received"]
    found: QuerySet[Transfer, Row] = Transfer.objects.filter(wanted).values(*COLUMNS)
    return found


def transfer(*, member_id: int, no: str) -> Row:
    """Return one transfer the member gave or was given. Raises TransferNotFound."""
    row = transfers(member_id=member_id).filter(no=no).first()
    if row is None:
        raise TransferNotFound
    return row
