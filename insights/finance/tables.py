"""The figures as tables: a header and rows of plain values, for export and for the page alike."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from points.selectors import finance

# The day of lots that never expire falls into this month.
NEVER = date(9999, 12, 1)


@dataclass(frozen=True)
class Table:
    """`rows` is read once."""

    header: list[str]
    rows: Iterator[Sequence[Any]]


def month_text(month: date) -> str:
    """Return an expiry month as it is read."""
    return _("never") if month == NEVER else f"{month:%Y-%m}"


def percent(share: Decimal | None) -> str:
    """Return a share as it is read; a dash where it says nothing."""
    return "–" if share is None else f"{share * 100:.1f}%"


def state_of(day: Any) -> str:
    """Return "differs", "closed" or "prepared"."""
    if day.closed_at:
        return "closed"
    return "prepared" if day.ties_out else "differs"


def state_text(state: str) -> str:
    """Return a day's state as it is read."""
    return {
        "differs": _("does not tie out"),
        "closed": _("closed"),
        "prepared": _("prepared"),
        "running": _("running"),
    }[state]


def movement_names() -> dict[str, str]:
    """Return the columns of movements with their titles, in the order of the page."""
    return {
        "opening": _("opening"),
        "awarded": _("earned"),
        "spent": _("spent"),
        "refunded": _("given back"),
        "expired": _("expired"),
        "taken_back": _("taken back"),
        "repaid": _("repaid"),
        "transferred_out": _("given away"),
        "transferred_in": _("received"),
        "adjusted": _("corrected"),
        "closing": _("closing"),
    }


def days(since: date, until: date) -> Table:
    """Return the days of a period."""
    names = movement_names()
    header = [
        _("day"),
        *names.values(),
        _("deferred revenue"),
        _("marketing cost"),
        _("owed by members"),
        _("pending"),
        _("closing by accounts"),
        _("closing by lots"),
        _("groups that differ"),
        _("state"),
        _("closed by"),
    ]
    rows = (
        [
            day.on.isoformat(),
            *(getattr(day, name) for name in names),
            day.deferred,
            day.marketing,
            day.debt,
            day.pending,
            day.by_accounts,
            day.by_lots,
            day.differences,
            state_text(state_of(day)),
            day.closed_by.get_username() if day.closed_by else "",
        ]
        for day in reversed(finance.days(since=since, until=until))
    )
    return Table(header, rows)


def liability(since: date, until: date) -> Table:
    """Return what was outstanding at the end of the period's last prepared day, by source and expiry month."""
    header = [
        _("day"),
        _("source"),
        _("expiry month"),
        _("counts as"),
        _("points"),
        _("value (fen)"),
        _("value at expected redemption (fen)"),
    ]
    day = last_day(since, until)
    rows = finance.liability_of(day) if day else []
    return Table(
        header,
        (
            [
                row.on.isoformat(),
                row.source,
                month_text(row.expires_month),
                pool_text(row.pool, classified=row.classified),
                row.points,
                row.fen,
                row.expected_fen,
            ]
            for row in rows
        ),
    )


def cohorts(since: date, until: date) -> Table:
    """Return the cohorts as they were at the end of the period's last prepared day."""
    header = [
        _("expiry month"),
        _("earned from"),
        _("earned until"),
        _("earned"),
        _("taken back"),
        _("moved"),
        _("spent"),
        _("expired"),
        _("remaining"),
        _("redeemed so far"),
        _("breakage so far"),
        _("final"),
        _("expected breakage"),
    ]
    day = last_day(since, until)
    found = finance.cohorts(on=day.on) if day else []
    return Table(header, (cohort_row(one, day.redemption_rate) for one in found if day))


def cohort_row(cohort: Any, redemption_rate: Decimal) -> list[Any]:
    """Return one cohort's row."""
    return [
        month_text(cohort.expires_month),
        f"{cohort.earned_from:%Y-%m}" if cohort.earned_from else "",
        f"{cohort.earned_until:%Y-%m}" if cohort.earned_until else "",
        cohort.granted,
        cohort.taken_back,
        cohort.moved,
        cohort.spent,
        cohort.expired,
        cohort.remaining,
        percent(cohort.redeemed),
        percent(cohort.breakage),
        _("yes") if cohort.is_final else _("no"),
        percent(cohort.expected_breakage(redemption_rate)),
    ]


def last_day(since: date, until: date) -> Any:
    """Return the last prepared day of the period, or None."""
    found = finance.days(since=since, until=until)
    return found[0] if found else None


def pool_text(pool: str, *, classified: bool) -> str:
    """Return what a source counts as, and whether anybody has said so."""
    text = {"deferred": _("deferred revenue"), "marketing": _("marketing cost")}[pool]
    return text if classified else _("%(pool)s (not classified)") % {"pool": text}


TABLES: dict[str, Callable[[date, date], Table]] = {"days": days, "liability": liability, "cohorts": cohorts}
