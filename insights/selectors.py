"""The day's figures, read from every app's tables in SQL: sets, not rows, and never a model of another app."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from psycopg2 import sql

from core.business_time import start_of_day
from core.rows import FIRST_ID_SINCE

# Fewer pieces than this are few, however large the stock once was.
FEW_PIECES = 5
LOW_SHARE = 10
# Rows are booked in the order of their ids, but for as long as a transaction may take.
DISORDER = timedelta(minutes=10)
# Enough for an average that says something, and read in an instant.
LATEST_ORDERS = 10_000


@dataclass(frozen=True)
class Members:
    """How many members there are, without closed accounts, and how many of all registered on the day."""

    total: int
    new: int


@dataclass(frozen=True)
class PointsOfDay:
    """Points booked on the business day, all positive. `earned_before`: the part of `earned` for earlier days' acts."""

    earned: int
    earned_before: int
    spent: int
    given_back: int
    expired: int


@dataclass(frozen=True)
class Outstanding:
    """What all members together have, wait for and owe, in points."""

    balance: int
    pending: int
    debt: int


@dataclass(frozen=True)
class Queue:
    """What waits for staff: how many, and since when the oldest does."""

    waiting: int
    oldest_at: datetime | None


@dataclass(frozen=True)
class LowItem:
    """A listed item of which little or nothing is left."""

    id: int
    title: str
    kind: str
    left: int
    total: int


@dataclass(frozen=True)
class LastAudit:
    """The newest audit of the ledger."""

    id: int
    finished_at: datetime
    findings: int


@dataclass(frozen=True)
class LastNight:
    """The newest run of the nightly chain. `set_aside` are the rows that are still to be done."""

    id: int
    on: date
    finished_at: datetime | None
    set_aside: int


@dataclass(frozen=True)
class Jobs:
    """Background jobs that were given up, and those that wait although they are due for minutes."""

    failed: int
    overdue: int


def members(*, on: date) -> Members:
    """Return the number of members, and of those new on the business day."""
    row = _row(
        "SELECT (SELECT count(*) FROM members_member WHERE status <> 'closed'),"
        " (SELECT count(*) FROM members_member WHERE registered_at >= %(since)s)",
        {"since": start_of_day(on)},
    )
    return Members(*row)


def check_ins(*, on: date) -> int:
    """Return how many members have checked in on the business day."""
    text = 'SELECT count(*) FROM growth_checkin WHERE id >= ({first}) AND "on" = %(on)s'
    (count,) = _row(_since(text, table="growth_checkin"), _moments(on) | {"on": on})
    return int(count)


def points_of_day(*, on: date) -> PointsOfDay:
    """Return what was booked on the business day."""
    text = """
        SELECT coalesce(sum(amount) FILTER (WHERE kind = 'award'), 0),
               coalesce(sum(amount) FILTER (WHERE kind = 'award' AND occurred_at < %(since)s), 0),
               coalesce(-sum(amount) FILTER (WHERE kind = 'spend'), 0),
               coalesce(sum(amount) FILTER (WHERE kind = 'refund'), 0),
               coalesce(-sum(amount) FILTER (WHERE kind = 'expire'), 0)
        FROM points_entry WHERE id >= ({first}) AND created_at >= %(since)s"""
    return PointsOfDay(*map(int, _row(_since(text, table="points_entry"), _moments(on))))


def outstanding() -> Outstanding:
    """Return what members have in all."""
    text = "SELECT coalesce(sum(balance), 0), coalesce(sum(pending), 0), coalesce(sum(debt), 0) FROM points_account"
    return Outstanding(*map(int, _row(text)))


def fen_per_point() -> Decimal | None:
    """Return what customers paid per point earned, on average of the latest purchases; None before there are any."""
    (price,) = _row(
        """
        SELECT sum(bought.amount_fen) / nullif(sum(award.points), 0)
        FROM (SELECT amount_fen, awards FROM growth_order ORDER BY id DESC LIMIT %(limit)s) AS bought
        CROSS JOIN LATERAL (
            SELECT sum((one ->> 'points')::bigint) AS points FROM jsonb_array_elements(bought.awards) AS one
        ) AS award
        WHERE award.points > 0""",
        {"limit": LATEST_ORDERS},
    )
    return None if price is None else Decimal(price)


def waiting_adjustments() -> Queue:
    """Return how many adjustments wait for a second person."""
    return Queue(*_row("SELECT count(*), min(requested_at) FROM points_adjustment WHERE status = 'waiting'"))


def shipping_queue() -> Queue:
    """Return how much waits to be shipped."""
    return Queue(*_row("SELECT count(*), min(paid_at) FROM mall_redemption WHERE status = 'fulfilling'"))


def low_items(*, limit: int) -> list[LowItem]:
    """Return the listed items of which a tenth or less, or fewer than FEW_PIECES, are left; the emptiest first."""
    return [
        LowItem(*row)
        for row in _rows(
            "SELECT id, title, kind, stock_left, stock_total FROM mall_item"
            " WHERE is_listed AND (stock_left * %(share)s <= stock_total OR stock_left < %(few)s)"
            " ORDER BY stock_left, id LIMIT %(limit)s",
            {"share": LOW_SHARE, "few": FEW_PIECES, "limit": limit},
        )
    ]


def last_audit() -> LastAudit | None:
    """Return the newest audit, or None when there was none yet."""
    rows = _rows("SELECT id, finished_at, findings_total FROM points_audit ORDER BY id DESC LIMIT 1")
    return LastAudit(*rows[0]) if rows else None


def last_night() -> LastNight | None:
    """Return the newest run of the nightly chain, or None when there was none yet."""
    rows = _rows("""
        SELECT run.id, run."on", run.finished_at, (
            SELECT count(*) FROM core_setaside AS aside JOIN core_chainstep AS step ON step.id = aside.step_id
            WHERE step.run_id = run.id AND aside.settled_at IS NULL)
        FROM core_chainrun AS run ORDER BY run."on" DESC, run.id DESC LIMIT 1""")
    return LastNight(*rows[0]) if rows else None


def jobs(*, at: datetime) -> Jobs:
    """Return the state of background work; a job is overdue five minutes after it was due."""
    text = """
        SELECT (SELECT count(*) FROM core_outboxjob WHERE failed_at IS NOT NULL),
               (SELECT count(*) FROM core_outboxjob
                WHERE done_at IS NULL AND failed_at IS NULL AND due_at < %(late)s)"""
    return Jobs(*_row(text, {"late": at - timedelta(minutes=5)}))


def _moments(on: date) -> dict[str, Any]:
    since = start_of_day(on)
    return {"since": since, "around": since - DISORDER}


def _since(text: str, *, table: str) -> sql.Composed:
    """Return the query with {first} replaced by the search for the table's first id since %(around)s."""
    return sql.SQL(text).format(first=sql.SQL(FIRST_ID_SINCE).format(table=sql.Identifier(table)))


def _rows(query: str | sql.Composed, values: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return list(cursor.fetchall())


def _row(query: str | sql.Composed, values: dict[str, Any] | None = None) -> tuple[Any, ...]:
    return _rows(query, values)[0]
