"""When points expire. Pure: no database, no clock."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.business_time import end_of_month
from points.models import NEVER


class ExpiryKind(models.TextChoices):
    MONTHS = "months", _("at the end of the N-th month after")
    DAYS = "days", _("after N days")
    END_OF_MONTH = "end_of_month", _("at the end of the month")
    END_OF_YEAR = "end_of_year", _("at the end of the year")
    FIXED = "fixed", _("on a fixed day")
    NEVER = "never", _("never")


@dataclass(frozen=True, kw_only=True)
class ExpiryPolicy:
    """How long points of one rule live. `number` is months or days; `fixed_on` the day for FIXED."""

    kind: str
    number: int | None = None
    fixed_on: date | None = None


def expires_on(policy: ExpiryPolicy, *, earned_on: date) -> date:
    """Return the last business day on which points earned on `earned_on` can be spent."""
    if policy.kind == ExpiryKind.NEVER:
        return NEVER
    if policy.kind == ExpiryKind.FIXED and policy.fixed_on:
        return policy.fixed_on
    if policy.kind == ExpiryKind.END_OF_MONTH:
        return end_of_month(earned_on)
    if policy.kind == ExpiryKind.END_OF_YEAR:
        return date(earned_on.year, 12, 31)
    if policy.number is None:
        raise ValueError(f"An expiry policy by {policy.kind} needs a number.")
    if policy.kind == ExpiryKind.DAYS:
        return earned_on + timedelta(days=policy.number)
    return end_of_month(earned_on, months_later=policy.number)
