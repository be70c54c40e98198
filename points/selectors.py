"""Reading the ledger."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db.models import QuerySet, Sum

from points import rules
from points.models import NEVER, Account, Entry, EntryKind, Lot


def available(*, member_id: int, on: date) -> int:
    """Return the points the member can spend on the business day `on`."""
    balance = Account.objects.filter(pk=member_id).values_list("balance", flat=True).first()
    return balance - _due(member_id, on) if balance else 0


def balance(*, member_id: int, on: date) -> dict[str, Any]:
    """Return what API.md calls the balance: what can be spent, what waits, what is owed, what expires when.

    Points whose last day is over are left out even before the nightly job has booked their expiry.
    """
    account = Account.objects.filter(pk=member_id).first() or Account(member_id=member_id)
    lots = (
        Lot.objects.filter(member_id=member_id, is_open=True)
        .values_list("expires_on")
        .annotate(points=Sum("remaining"))
        .order_by("expires_on")
    )
    by_day = {day: int(points) for day, points in lots}
    due = sum(points for day, points in by_day.items() if day < on)
    return {
        "balance": account.balance - due,
        "pending": account.pending,
        "debt": account.debt,
        "earned_total": account.earned_total,
        "spent_total": account.spent_total,
        "expired_total": account.expired_total + due,
        "expiring": [{"on": day, "points": points} for day, points in by_day.items() if on <= day < NEVER],
    }


def statement(*, member_id: int, kind: str | None = None) -> QuerySet[Entry]:
    """Return the member's entries; the caller orders and pages them."""
    entries = Entry.objects.filter(member_id=member_id)
    return entries.filter(kind=kind) if kind else entries


def expiry_day(*, kind: str, number: int | None, fixed_on: date | None, earned_on: date) -> date:
    """Return the last day on which points earned on `earned_on` can be spent, by an expiry policy's parts."""
    return rules.expires_on(rules.ExpiryPolicy(kind=kind, number=number, fixed_on=fixed_on), earned_on=earned_on)


def posted_amounts(*, member_id: int, keys: Iterable[str]) -> dict[str, int]:
    """Return the signed amount of each entry that exists under one of the keys."""
    return dict(Entry.objects.filter(member_id=member_id, key__in=list(keys)).values_list("key", "amount"))


def amounts_by_key(*, key_prefix: str, kind: str) -> dict[str, int]:
    """Return {key: signed amount} of all members' entries of one kind whose key starts so. For reconciliation."""
    return dict(Entry.objects.filter(key__startswith=key_prefix, kind=kind).values_list("key", "amount"))


def title_of(entry_title: str, kind: str) -> str:
    """Return what a member reads over an entry: its own title, or the name of its kind."""
    return entry_title or str(EntryKind(kind).label)


def _due(member_id: int, on: date) -> int:
    due = Lot.objects.filter(member_id=member_id, is_open=True, expires_on__lt=on)
    return int(due.aggregate(total=Sum("remaining"))["total"] or 0)
