"""Business days: calendar days in Asia/Shanghai, whatever zone the server or the client is in."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


def now() -> datetime:
    """Return the current time in UTC. Only doors (views, tasks, commands) read the clock; the rest is told `at`."""
    return datetime.now(UTC)


def business_day(at: datetime) -> date:
    """Return the business day on which the moment `at` (aware) falls."""
    return at.astimezone(SHANGHAI).date()


def start_of_day(on: date) -> datetime:
    """Return the first moment of the business day `on`, in UTC."""
    return datetime.combine(on, time.min, tzinfo=SHANGHAI).astimezone(UTC)


def end_of_month(on: date, *, months_later: int = 0) -> date:
    """Return the last day of the month `months_later` months after that of `on`."""
    index = on.year * 12 + on.month + months_later  # the month after the wanted one, counted from 0
    return date(index // 12, index % 12 + 1, 1) - timedelta(days=1)
