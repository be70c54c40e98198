"""May this member redeem this item, and if not, why. Pure: no database, no clock."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

MESSAGES: dict[str, str | Promise] = {
    "not_listed": _("This item is no longer offered."),
    "not_open_yet": _("This item cannot be redeemed yet."),
    "closed": _("The time for redeeming this item is over."),
    "sold_out": _("This item is sold out."),
    "tier_too_low": _("This item is for members of a higher tier."),
    "limit_reached": _("You have redeemed as many of this item as one member may."),
    "insufficient_points": _("You do not have enough points yet."),
    "member_frozen": _("Your account cannot redeem at the moment."),
    "address_required": _("Please choose where to send it."),
}


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All that decides. `points_available` None means: not asked; `redeemed` is what the member had before."""

    is_listed: bool
    opens_at: datetime | None
    closes_at: datetime | None
    stock_left: int
    min_tier_level: int
    per_member_limit: int | None
    price_points: int
    quantity: int
    member_status: str
    tier_level: int
    redeemed: int
    points_available: int | None
    address_missing: bool
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why not: `missing_points` says how many are short, `available_at` until when to wait."""

    code: str
    missing_points: int | None = None
    available_at: datetime | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the reason as the API shows it, with the sentence in the language of the moment."""
        shown: dict[str, Any] = {"code": self.code, "message": str(MESSAGES[self.code])}
        if self.missing_points is not None:
            shown["missing_points"] = self.missing_points
        if self.available_at is not None:
            shown["available_at"] = self.available_at
        return shown


def missing_points(facts: Facts) -> int:
    """Return how many points are short; 0 when there are enough or nobody asked."""
    if facts.points_available is None:
        return 0
    return max(facts.price_points * facts.quantity - facts.points_available, 0)


# Checked in this order; the first one that holds gives a refused redemption its code.
CHECKS: tuple[tuple[str, Callable[[Facts], bool]], ...] = (
    ("not_listed", lambda facts: not facts.is_listed),
    ("not_open_yet", lambda facts: facts.opens_at is not None and facts.at < facts.opens_at),
    ("closed", lambda facts: facts.closes_at is not None and facts.at >= facts.closes_at),
    ("sold_out", lambda facts: facts.stock_left < facts.quantity),
    ("member_frozen", lambda facts: facts.member_status != "active"),
    ("tier_too_low", lambda facts: facts.tier_level < facts.min_tier_level),
    (
        "limit_reached",
        lambda facts: facts.per_member_limit is not None and facts.redeemed + facts.quantity > facts.per_member_limit,
    ),
    ("insufficient_points", lambda facts: missing_points(facts) > 0),
    ("address_required", lambda facts: facts.address_missing),
)


def reasons(facts: Facts) -> list[Reason]:
    """Return every reason against it, most fundamental first; an empty list means yes."""
    found = [code for code, holds in CHECKS if holds(facts)]
    return [
        Reason(
            code=code,
            missing_points=missing_points(facts) if code == "insufficient_points" else None,
            available_at=facts.opens_at if code == "not_open_yet" else None,
        )
        for code in found
    ]
