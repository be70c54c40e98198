"""What part of a purchase's price is deferred for its points, and when it becomes revenue. Pure.

IFRS 15 B39-B43: points that a purchase earns are a material right, a performance obligation of its own. The price is
allocated to goods and points by their relative stand-alone selling prices (74-80); that of the points is their value
times the likelihood that they are redeemed (B42). Revenue is recognised as points are redeemed, in proportion to all
that are expected to be (B40, B44-B46; Illustrative Example 52, IE267-IE270). A changed estimate is caught up with at
once, in the period of the change (87-90): revenue of a period = revenue to date by the new estimate - revenue before.

Money is in fen. Ratios are Decimal (28 digits); only what is booked is rounded, half up, and the cumulative amount
rather than the period's: so the periods add up to what was allocated, to the fen. Checked against Examples 10A and 10B
of KPMG's handbook on IFRS 15.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal


@dataclass(frozen=True)
class Allocation:
    """A price split between goods and points, in fen, not rounded."""

    goods: Decimal
    points: Decimal


@dataclass(frozen=True)
class Recognition:
    """One period: revenue of the period and to date, and the contract liability left, in whole fen."""

    revenue: int
    revenue_to_date: int
    liability: int


def allocate(
    *, price_fen: int, goods_fen: int, points: int, point_fen: Decimal, redemption_rate: Decimal
) -> Allocation:
    """Split `price_fen` by relative stand-alone prices: goods at `goods_fen`, points at value times redemption rate.

    Raises ValueError for negative figures, or when goods and points together are worth nothing.
    """
    if min(price_fen, goods_fen, points) < 0 or point_fen < 0 or not 0 <= redemption_rate <= 1:
        raise ValueError("Prices, points and rates cannot be negative, nor a rate above 1.")
    stand_alone = points * point_fen * redemption_rate
    whole = goods_fen + stand_alone
    if whole == 0:
        raise ValueError("Goods and points are worth nothing: there is nothing to allocate by.")
    to_points = price_fen * stand_alone / whole
    return Allocation(goods=price_fen - to_points, points=to_points)


def revenue_to_date(*, allocated_fen: Decimal, redeemed: int, expected: Decimal) -> Decimal:
    """Return the revenue for `redeemed` points of `expected` in all, in fen, not rounded, within the allocation."""
    if redeemed < 0 or expected < 0:
        raise ValueError("Points cannot be negative.")
    if redeemed >= expected:
        # All that is expected is redeemed, or nothing is expected any more: nothing is left to be done.
        return allocated_fen
    return allocated_fen * redeemed / expected


def recognise(*, allocated_fen: Decimal, periods: Iterable[tuple[int, Decimal]]) -> list[Recognition]:
    """Return each period's revenue and liability. A period is (points redeemed to date, points expected in all).

    A period whose estimate has grown may have negative revenue: what was recognised too early.
    """
    total = to_fen(allocated_fen)
    done: list[Recognition] = []
    for redeemed, expected in periods:
        to_date = to_fen(revenue_to_date(allocated_fen=allocated_fen, redeemed=redeemed, expected=expected))
        before = done[-1].revenue_to_date if done else 0
        done.append(Recognition(revenue=to_date - before, revenue_to_date=to_date, liability=total - to_date))
    return done


def to_fen(amount: Decimal) -> int:
    """Return whole fen, half up."""
    return int(amount.to_integral_value(rounding=ROUND_HALF_UP))


def liability_fen(*, points: int, point_fen: Decimal, redemption_rate: Decimal = Decimal(1)) -> int:
    """Return what outstanding points will cost: points times value times the share that will be redeemed."""
    return to_fen(points * point_fen * redemption_rate)


@dataclass(frozen=True)
class Portfolio:
    """Contract liability of many purchases' points together (IFRS 15 paragraph 4), in whole fen."""

    allocated: int
    recognised: int
    liability: int


def portfolio(*, parts: Sequence[tuple[Decimal, int, Decimal]]) -> Portfolio:
    """Add up parts of (allocated fen, points redeemed, points expected), such as one per expiry month."""
    allocated = sum((one for one, _redeemed, _expected in parts), Decimal(0))
    recognised = sum(
        (revenue_to_date(allocated_fen=one, redeemed=redeemed, expected=expected) for one, redeemed, expected in parts),
        Decimal(0),
    )
    whole, done = to_fen(allocated), to_fen(recognised)
    return Portfolio(allocated=whole, recognised=done, liability=whole - done)
