"""What a member has, and their statement."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db import connection
from django.db.models import QuerySet, Subquery, Sum

from points import rules
from points.models import NEVER, Account, Entry, EntryKind, Lot

# One statement, so one moment: read one after the other while points move, account and lots contradict each other.
BALANCE = """
    SELECT account.balance, account.pending, account.debt,
           account.earned_total, account.spent_total, account.expired_total,
           lot.expires_on, sum(lot.remaining)
    FROM points_account AS account
    LEFT JOIN points_lot AS lot ON lot.member_id = account.member_id AND lot.is_open
    WHERE account.member_id = %s
    GROUP BY account.member_id, lot.expires_on
    ORDER BY lot.expires_on
"""


def available(*, member_id: int, on: date) -> int:
    """Return the points the member can spend on the business day `on`."""
    balance = Account.objects.filter(pk=member_id).values_list("balance", flat=True).first()
    return balance - _due(member_id, on) if balance else 0


def balance(*, member_id: int, on: date) -> dict[str, Any]:
    """Return what API.md calls the balance: what can be spent, what waits, what is owed, what expires when.

    Points whose last day is over are left out even before the nightly job has booked their expiry.
    """
    with connection.cursor() as cursor:
        cursor.execute(BALANCE, [member_id])
        rows = cursor.fetchall()
    balance, pending, debt, earned, spent, expired = rows[0][:6] if rows else (0,) * 6
    by_day = {day: int(points) for *_totals, day, points in rows if day}
    due = sum(points for day, points in by_day.items() if day < on)
    return {
        "balance": balance - due,
        "pending": pending,
        "debt": debt,
        "earned_total": earned,
        "spent_total": spent,
        "expired_total": expired + due,
        "expiring": [{"on": day, "points": points} for day, points in by_day.items() if on <= day < NEVER],
    }


def statement(*, member_id: int, kind: str | None = None) -> QuerySet[Entry]:
    """Return the member's entries; the caller orders and pages them."""
    # Whose entries they are, the planner must not know: for a member who holds much of the table it would walk the
    # primary key backwards, over everybody else's newer entries (3.3 ms measured; 0.05 ms by the member's own index).
    entries = Entry.objects.filter(member_id=Subquery(Account.objects.filter(pk=member_id).values("pk")[:1]))
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
