"""What all members together have, day by day: the figures finance reports and closes.

Points are signed as in the entries: what leaves is negative. Money is in fen.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Max, Min, Q, QuerySet, Sum

from core.business_time import business_day
from points import closing, ifrs15
from points.breakage import Cohort
from points.models import BookDay, DayClose, FinancePolicy, Pool
from points.models.finance import MOVEMENTS


@dataclass(frozen=True)
class Liability:
    """What outstanding points of one group come to. `fen` at full value, `expected_fen` at the expected redemption."""

    on: date
    source: str
    expires_month: date
    pool: str
    classified: bool
    points: int
    fen: int
    expected_fen: int


@dataclass(frozen=True)
class Contract:
    """IFRS 15 for the points of purchases, in fen. `price_fen`: what the purchases came to that earned them."""

    price_fen: int
    allocated: int
    recognised: int
    liability: int


def days(*, since: date, until: date) -> list[DayClose]:
    """Return the prepared and closed days from `since` to `until`, both included, the newest first."""
    found = DayClose.objects.filter(on__range=(since, until))
    return list(found.select_related("closed_by").order_by("-on"))


def day(*, on: date) -> DayClose | None:
    """Return one day, or None when it has not been prepared."""
    return DayClose.objects.select_related("closed_by").filter(on=on).first()


def first_and_last_day() -> tuple[date, date] | None:
    """Return the first and the last day prepared; None before there is any."""
    found = DayClose.objects.aggregate(first=Min("on"), last=Max("on"))
    return (found["first"], found["last"]) if found["first"] else None


def next_to_close() -> date | None:
    """Return the earliest open day: the only one that can be closed."""
    return DayClose.objects.filter(closed_at=None).order_by("on").values_list("on", flat=True).first()


def waiting_days(*, at: datetime) -> int:
    """Return how many days are over and have not been prepared yet."""
    known = first_and_last_day()
    last = known[1] if known else None
    first = last + timedelta(days=1) if last else closing.first_day()
    return max((business_day(at) - first).days, 0) if first else 0


def running_day(*, at: datetime) -> list[BookDay]:
    """Return the groups of the day that is not over, as they are now; empty while earlier days wait for preparation."""
    return [] if waiting_days(at=at) else closing.groups_so_far(business_day(at))


def groups(*, on: date) -> QuerySet[BookDay]:
    """Return a prepared day by source and expiry month."""
    return BookDay.objects.filter(on=on).order_by("pool", "source", "expires_month")


def total(rows: Sequence[BookDay], *, on: date) -> DayClose:
    """Return the sum of groups as a day that is not kept."""
    sums = {name: sum(getattr(row, name) for row in rows) for name in ("opening", *MOVEMENTS, "closing")}
    pools = {pool.value: sum(row.closing for row in rows if row.pool == pool) for pool in Pool}
    return DayClose(on=on, **sums, **pools)


def liability(*, rows: Sequence[BookDay], point_fen: Decimal, redemption_rate: Decimal) -> list[Liability]:
    """Return what the groups still hold, in points and fen, with the estimates given."""
    return [
        Liability(
            on=row.on,
            source=row.source,
            expires_month=row.expires_month,
            pool=row.pool,
            classified=row.classified,
            points=row.closing,
            fen=ifrs15.liability_fen(points=row.closing, point_fen=point_fen),
            expected_fen=ifrs15.liability_fen(points=row.closing, point_fen=point_fen, redemption_rate=redemption_rate),
        )
        for row in rows
        if row.closing
    ]


def liability_of(day: DayClose) -> list[Liability]:
    """Return what was outstanding at the end of a prepared day, with the estimates it was prepared with."""
    rows = list(groups(on=day.on))
    return liability(rows=rows, point_fen=day.point_fen, redemption_rate=day.redemption_rate)


def value_fen(*, points: int, point_fen: Decimal, redemption_rate: Decimal = Decimal(1)) -> int:
    """Return what points come to, in whole fen."""
    return ifrs15.liability_fen(points=points, point_fen=point_fen, redemption_rate=redemption_rate)


def policy() -> FinancePolicy:
    """Return finance's estimates."""
    return FinancePolicy.objects.first() or FinancePolicy()


def cohorts(*, on: date, pool: str | None = None) -> list[Cohort]:
    """Return what became of the points of each expiry month until the end of the prepared day `on`.

    With `pool`, only of points that counted as that. A cohort's earning months are those in which its awards were
    booked: with an expiry policy by months there is one.
    """
    rows = BookDay.objects.filter(on__lte=on, **({"pool": pool} if pool else {}))
    sums = {f"sum_{name}": Sum(name) for name in MOVEMENTS}
    earned = {"earned_from": Min("on", filter=Q(awarded__gt=0)), "earned_until": Max("on", filter=Q(awarded__gt=0))}
    remaining = Sum("closing", filter=Q(on=on), default=0)
    found: Iterable[Any] = (
        rows.values("expires_month").annotate(**sums, **earned, remaining=remaining).order_by("expires_month")
    )
    return [
        Cohort(
            expires_month=row["expires_month"],
            on=on,
            earned_from=row["earned_from"],
            earned_until=row["earned_until"],
            granted=int(row["sum_awarded"]),
            taken_back=-int(row["sum_taken_back"] + row["sum_repaid"]),
            spent=-int(row["sum_spent"] + row["sum_refunded"]),
            expired=-int(row["sum_expired"]),
            moved=int(row["sum_transferred_out"] + row["sum_transferred_in"] + row["sum_adjusted"]),
            remaining=int(row["remaining"]),
        )
        for row in found
    ]


def contract(*, on: date, fen_per_point: Decimal, point_fen: Decimal, redemption_rate: Decimal) -> Contract:
    """Return the contract liability at the end of a prepared day, cohort by cohort (points/ifrs15.py).

    `fen_per_point` is what customers paid per point earned; what they paid for the goods is the goods' stand-alone
    price. A cohort's expected redemption is the policy's rate within what is still possible, so that all is
    recognised when its last point has gone.
    """
    parts = []
    price_total = 0
    for cohort in cohorts(on=on, pool=Pool.DEFERRED):
        points = max(cohort.decided, 0)
        price = ifrs15.to_fen(points * fen_per_point)
        if price == 0:
            continue
        allocated = ifrs15.allocate(
            price_fen=price, goods_fen=price, points=points, point_fen=point_fen, redemption_rate=redemption_rate
        )
        parts.append((allocated.points, max(cohort.spent, 0), cohort.expected_redeemed(redemption_rate)))
        price_total += price
    found = ifrs15.portfolio(parts=parts)
    return Contract(
        price_fen=price_total, allocated=found.allocated, recognised=found.recognised, liability=found.liability
    )
