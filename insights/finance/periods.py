"""The month a page is about."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from django.http import HttpRequest

from core.business_time import business_day, end_of_month, now
from points.selectors import finance

CHOICES = 24


@dataclass(frozen=True)
class Choice:
    """A month to be picked."""

    month: str
    chosen: bool


def asked_month(request: HttpRequest) -> date:
    """Return the first day of the month asked for as ?month=2026-11; of this month when that is none."""
    asked = request.GET.get("month", "")
    if re.fullmatch(r"2\d{3}-(0[1-9]|1[0-2])", asked, re.ASCII):
        return date.fromisoformat(f"{asked}-01")
    return business_day(now()).replace(day=1)


def bounds(month: date) -> tuple[date, date]:
    """Return the month's first and last day."""
    return month, end_of_month(month)


def choices(chosen: date) -> list[Choice]:
    """Return the months that have days, and this one, the newest first."""
    known = finance.first_and_last_day()
    month = business_day(now()).replace(day=1)
    first = min(known[0].replace(day=1), month) if known else month
    months: list[date] = []
    while month >= first and len(months) < CHOICES:
        months.append(month)
        month = (month - timedelta(days=1)).replace(day=1)
    return [Choice(month=f"{one:%Y-%m}", chosen=one == chosen) for one in sorted({*months, chosen}, reverse=True)]
