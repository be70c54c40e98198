"""Breakage: the share of points that expire unspent, by cohort. A cohort is what expires in one month. Pure."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, kw_only=True)
class Cohort:
    """Points that expire in one month, from their first day to the end of `on`. Positive, but `moved` is signed.

    spent       redeemed, less what was given back; below zero where points came back from a cohort that had expired
    taken_back  with what paid debts
    moved       given away and received, and corrections by staff
    """

    expires_month: date
    on: date
    earned_from: date | None
    earned_until: date | None
    granted: int
    taken_back: int
    spent: int
    expired: int
    moved: int
    remaining: int

    @property
    def decided(self) -> int:
        """Return the points there were to be spent or to expire."""
        return self.spent + self.expired + self.remaining

    @property
    def is_final(self) -> bool:
        """Return whether the month was over before `on` and nothing is left: the rates do not change any more."""
        return self.remaining == 0 and self.expires_month < self.on.replace(day=1)

    @property
    def breakage(self) -> Decimal | None:
        """Return the share that has expired so far; None when there was nothing to expire."""
        return share(self.expired, self.decided)

    @property
    def redeemed(self) -> Decimal | None:
        """Return the share that has been spent so far; None when there was nothing to spend."""
        return share(self.spent, self.decided)

    def expected_redeemed(self, redemption_rate: Decimal) -> Decimal:
        """Return how many points will have been redeemed in the end.

        The policy's rate, within what is still possible: not fewer than redeemed already, not more than can be.
        """
        spent = max(self.spent, 0)
        estimate = max(self.decided, 0) * redemption_rate
        return min(max(estimate, Decimal(spent)), Decimal(spent + max(self.remaining, 0)))

    def expected_breakage(self, redemption_rate: Decimal) -> Decimal | None:
        """Return the share that will have expired in the end; None when there is nothing to expire."""
        if self.decided <= 0:
            return None
        return 1 - self.expected_redeemed(redemption_rate) / self.decided


def share(part: int, whole: int) -> Decimal | None:
    """Return part / whole, or None when that says nothing."""
    return Decimal(part) / Decimal(whole) if whole > 0 else None
