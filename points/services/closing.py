"""Days of the book: prepared by the night, closed by a finance person, unchanged from then on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime, timedelta

import structlog
from django.db import connection, transaction
from django.db.models import Max, Q, Sum
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from core.business_time import start_of_day
from core.errors import DomainError
from points import closing
from points.models import BookDay, DayClose, FinancePolicy, Pool
from points.models.finance import MOVEMENTS

# So long after midnight a day is prepared at the earliest: longer than a session may need from receiving a statement,
# whose time an entry gets, to showing that its transaction has begun. Everything later is seen, not guessed.
SETTLE = timedelta(minutes=10)
SUMS = ("opening", *MOVEMENTS, "closing")

log = structlog.get_logger(__name__)


class DayNotPrepared(DomainError):
    code = "day_not_prepared"
    status = 409
    message = _("This day is not over, or has not been prepared yet.")


class DayDiffers(DomainError):
    code = "day_differs"
    status = 409
    message = _("This day does not tie out: accounts, lots and entries contradict each other.")


class EarlierDayOpen(DomainError):
    code = "earlier_day_open"
    status = 409
    message = _("An earlier day must be closed first.")


class DayClosed(DomainError):
    code = "day_closed"
    status = 409
    message = _("This day is closed. It cannot be changed any more.")


def prepare_days(*, at: datetime) -> list[date]:
    """Prepare every day that is over and has not been prepared yet, one transaction each; return them, in order.

    Stops before a day that may still get entries: a transaction that began before its end is running, or the day is
    hardly over. Called again, it goes on from there.
    """
    prepared = []
    while (on := _next_day()) is not None and _is_over(on, at=at):
        if running := closing.running_since_before(start_of_day(on + timedelta(days=1))):
            log.warning("day_waits_for_transactions", on=on.isoformat(), running=running)
            break
        if _prepare(on):
            prepared.append(on)
    return prepared


def check_day(*, on: date) -> DayClose:
    """Tie an open day out once more, keep the result and return the day. Raises DayNotPrepared, DayClosed."""
    with _snapshot():
        day = _open_day(on)
        return _tie_out(day)


def prepare_again(*, on: date, at: datetime) -> list[date]:
    """Throw away what was prepared from this open day on, and prepare it anew; return the days.

    For a day that differs although the ledger is right again, or whose sources were classified late.
    Raises DayNotPrepared, DayClosed.
    """
    with transaction.atomic():
        _lock_days()
        _open_day(on)
        BookDay.objects.filter(on__gte=on).delete()
        DayClose.objects.filter(on__gte=on).delete()
    return prepare_days(at=at)


def close_day(*, on: date, staff_id: int, at: datetime) -> DayClose:
    """Close a day for good, after tying it out once more. Days are closed in their order.

    Raises DayNotPrepared, DayClosed, EarlierDayOpen, DayDiffers.
    """
    _open_day(on)
    if DayClose.objects.filter(on__lt=on, closed_at=None).exists():
        raise EarlierDayOpen
    # In a transaction of its own: what it finds stays, whether the day can be closed or not.
    if not check_day(on=on).ties_out:
        raise DayDiffers
    with transaction.atomic():
        day = DayClose.objects.select_for_update().filter(on=on, closed_at=None).first()
        if day is None or not day.ties_out:
            raise DayClosed if day is None else DayDiffers
        day.closed_by_id, day.closed_at = staff_id, at
        day.save(update_fields=["closed_by", "closed_at"])
    log.info("day_closed", on=on.isoformat(), closing=day.closing)
    return day


def _next_day() -> date | None:
    last = DayClose.objects.aggregate(last=Max("on"))["last"]
    return last + timedelta(days=1) if last else closing.first_day()


def _is_over(on: date, *, at: datetime) -> bool:
    settled = start_of_day(on + timedelta(days=1)) + SETTLE
    return settled <= at and closing.is_past(settled)


def _open_day(on: date) -> DayClose:
    day = DayClose.objects.filter(on=on).first()
    if day is None:
        raise DayNotPrepared
    if day.closed_at is not None:
        raise DayClosed
    return day


@contextmanager
def _snapshot() -> Iterator[None]:
    """Open a transaction that sees one moment of the whole ledger, and in which nobody else changes days."""
    with transaction.atomic():
        if not connection.savepoint_ids:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        # Before the first query: waiting for the lock must not leave us with a snapshot from before the wait.
        _lock_days()
        yield


def _lock_days() -> None:
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE points_dayclose IN SHARE ROW EXCLUSIVE MODE")


def _prepare(on: date) -> bool:
    """Prepare the day; return False when somebody else has done it meanwhile."""
    with _snapshot():
        if _next_day() != on:
            return False
        closing.keep_groups(on)
        policy = FinancePolicy.objects.first() or FinancePolicy()
        day = DayClose(
            on=on,
            **_sums(on),
            debt=0,
            pending=0,
            by_accounts=0,
            by_lots=0,
            differences=0,
            point_fen=policy.point_fen,
            redemption_rate=policy.redemption_rate,
        )
        day.save(force_insert=True)
        _tie_out(day)
    log.info("day_prepared", on=on.isoformat(), closing=day.closing, ties_out=day.ties_out)
    if not day.ties_out:
        log.error("day_differs", on=on.isoformat(), differences=day.differences)
    return True


def _sums(on: date) -> dict[str, int]:
    totals: dict[str, Sum] = {name: Sum(name, default=0) for name in SUMS}
    pools = {pool.value: Sum("closing", filter=Q(pool=pool), default=0) for pool in Pool}
    found = BookDay.objects.filter(on=on).aggregate(**{f"sum_{name}": one for name, one in (totals | pools).items()})
    return {name.removeprefix("sum_"): int(total) for name, total in found.items()}


def _tie_out(day: DayClose) -> DayClose:
    found = asdict(closing.tie_out(day.on))
    DayClose.objects.filter(pk=day.pk).update(**found, checked_at=Now())
    day.refresh_from_db()
    return day
