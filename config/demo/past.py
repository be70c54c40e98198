"""The demo's entries are booked when they happened, not when the demo was made: else finance had no day to close.

Entries may be changed by nobody, so their trigger is put aside for the transaction that makes the demo.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import connection

from core.business_time import business_day
from points.services.closing import close_day, prepare_days

Backdate = Callable[[datetime], None]
# The book begins so long ago; what is older was booked on its first day, as when a former system is taken over.
BOOK_DAYS = 60
# What finance has not come to yet.
OPEN_DAYS = 7


@contextmanager
def booked_in_the_past(*, until: datetime) -> Iterator[Backdate]:
    """Yield a function that gives the entries made since its last call the time they would have been booked at.

    In a ledger that has entries it does nothing: days follow the order of entries, and may be closed already.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM points_entry")
        (last_id,) = cursor.fetchone()
        if last_id:
            yield lambda _at: None
            return

        def backdate(at: datetime) -> None:
            nonlocal last_id
            booked_at = max(at, until - timedelta(days=BOOK_DAYS))
            cursor.execute("UPDATE points_entry SET created_at = %s WHERE id > %s RETURNING id", [booked_at, last_id])
            last_id = max([entry_id for (entry_id,) in cursor.fetchall()], default=last_id)

        cursor.execute("ALTER TABLE points_entry DISABLE TRIGGER USER")
        yield backdate
        cursor.execute("ALTER TABLE points_entry ENABLE TRIGGER USER")


def close_days(*, by: str, at: datetime) -> int:
    """Prepare the days of the past, close all but the last week's, and return how many were closed."""
    staff_id = User.objects.get(username=by).pk
    first_open = business_day(at) - timedelta(days=OPEN_DAYS)
    closed = [on for on in prepare_days(at=at) if on < first_open]
    for on in closed:
        close_day(on=on, staff_id=staff_id, at=at)
    return len(closed)
