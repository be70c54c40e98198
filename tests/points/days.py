"""Days that are over, for tests of the book: entries are booked now, and then said to have been booked then."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta

import pgtrigger

from core.business_time import start_of_day
from points.models import BookDay, DayClose, Entry, Hold

# Long over, whatever the clock of the machine.
DAY1 = date(2024, 3, 1)
DAY2 = date(2024, 3, 2)
DAY3 = date(2024, 3, 3)
MARCH_25 = date(2025, 3, 31)
APRIL_25 = date(2025, 4, 30)


def noon(on: date) -> datetime:
    """Return the middle of a business day."""
    return start_of_day(on) + timedelta(hours=12)


@contextmanager
def booked_at(moment: datetime) -> Iterator[datetime]:
    """Let what is booked inside be booked at that moment."""
    last = Entry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    last_hold = Hold.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    yield moment
    with pgtrigger.ignore("points.Entry:entry_append_only"):
        Entry.objects.filter(pk__gt=last).update(created_at=moment)
    Hold.objects.filter(pk__gt=last_hold).update(created_at=moment)


def moved(on: date) -> dict[str, int]:
    """Return the movements of a day that are not 0, with opening and closing."""
    names = [field.name for field in BookDay._meta.concrete_fields]
    numbers = names[names.index("opening") : names.index("closing") + 1]
    day = DayClose.objects.filter(on=on).values(*numbers).get()
    return {name: value for name, value in day.items() if value or name == "closing"}


def groups(on: date) -> dict[tuple[str, str], int]:
    """Return {(source, expiry month): closing} of a day."""
    rows = BookDay.objects.filter(on=on)
    return {(row.source, f"{row.expires_month:%Y-%m}"): row.closing for row in rows}
