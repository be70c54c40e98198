"""The SQL behind a day of the book: which entries are its own, what they add up to, and what contradicts it.

Everything runs where the caller's transaction is; points/services/closing.py opens it.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import connection
from psycopg2 import sql

from core.business_time import business_day, start_of_day
from core.rows import FIRST_ID_SINCE
from points.models import BookDay, Entry
from points.models.finance import MOVEMENTS

QUERIES = Path(__file__).parent / "sql" / "finance"
# No statement takes longer than this; rows of a day are looked for among those booked this much earlier too.
DISORDER = timedelta(hours=1)
FIRST_ROWS = 10_000
NUMBERS = ("opening", *MOVEMENTS, "closing")
COLUMNS = ("on", "source", "expires_month", "pool", "classified", *NUMBERS)


@dataclass(frozen=True)
class TieOut:
    """What others say the closing of a day must be, in points, and how many groups are contradicted."""

    by_accounts: int
    by_lots: int
    differences: int
    debt: int
    pending: int


def first_day() -> date | None:
    """Return the business day of the first entry ever booked."""
    first = Entry.objects.order_by("pk").values_list("created_at", flat=True)[:FIRST_ROWS]
    return business_day(min(first)) if first else None


def running_since_before(ends_at: datetime) -> int:
    """Return how many transactions are running that may yet book an entry for a time before `ends_at`."""
    return int(_row(_text("running"), {"ends_at": ends_at})[0])


def is_past(moment: datetime) -> bool:
    """Return whether the database, whose clock entries are booked by, is past the moment."""
    return bool(_row(sql.SQL("SELECT clock_timestamp() > %(moment)s"), {"moment": moment})[0])


def keep_groups(on: date) -> None:
    """Insert the day's rows of BookDay, from the entries and the day before."""
    columns = sql.SQL(", ").join(map(sql.Identifier, COLUMNS))
    with connection.cursor() as cursor:
        insert = sql.SQL("INSERT INTO points_bookday ({}) ").format(columns)
        cursor.execute(insert + _text("groups") + _text("classed"), _moments(on))


def groups_so_far(on: date) -> list[BookDay]:
    """Return what the rows of BookDay of the running day would be if it ended now. They are not kept."""
    with connection.cursor() as cursor:
        cursor.execute(_text("groups") + _text("classed"), _moments(on))
        rows = [dict(zip(COLUMNS, row, strict=True)) for row in cursor.fetchall()]
    # PostgreSQL's sums of bigint are of another type, which an INSERT casts back.
    return [BookDay(**{name: int(one) if name in NUMBERS else one for name, one in row.items()}) for row in rows]


def tie_out(on: date) -> TieOut:
    """Compare the day's rows with entries, lots and accounts."""
    by_accounts, debt, pending = _row(_text("accounts"), _moments(on))
    by_lots, differences = _row(_text("groups") + _text("check"), _moments(on))
    return TieOut(int(by_accounts), int(by_lots), int(differences), int(debt), int(pending))


def _moments(on: date) -> dict[str, Any]:
    starts_at = start_of_day(on)
    return {
        "on": on,
        "day_before": on - timedelta(days=1),
        "starts_at": starts_at,
        "ends_at": start_of_day(on + timedelta(days=1)),
        "around": starts_at - DISORDER,
    }


def _text(name: str) -> sql.Composed:
    since = sql.SQL(FIRST_ID_SINCE).format(table=sql.Identifier(Entry._meta.db_table))
    return sql.SQL((QUERIES / f"{name}.sql").read_text(encoding="utf-8")).format(since=since)


def _row(query: sql.Composable, values: dict[str, Any]) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return tuple(cursor.fetchone())
