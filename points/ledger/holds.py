"""Points that wait: promised, then released or cancelled.

Three ways out: released on their day, released by somebody (a person, or the event they waited for), cancelled.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import connection

from core.transactions import require_transaction
from points.ledger import accounts
from points.ledger.accounts import KeyReused, Posting
from points.models import Account, Entry, Hold, HoldChange, HoldStatus


def hold(
    *,
    member_id: int,
    points: int,
    key: str,
    counterparty: str,
    source: str,
    title: str,
    breakdown: Mapping[str, Any] | None,
    expires_on: date,
    release_at: datetime | None,
    at: datetime,
) -> int:
    """Promise points: shown as pending, not spendable, released at `release_at` (None: when somebody decides).

    `expires_on` is when they will expire if released as planned. Returns the hold's id, of the first call when
    repeated. Raises KeyReused.
    """
    require_transaction()
    accounts.require_positive(points)
    account = accounts.lock_or_open(member_id)[member_id]
    first = Hold.objects.filter(member_id=member_id, key=key).first()
    if first is not None:
        if first.points != points:
            raise KeyReused(detail={"first_amount": first.points})
        return first.pk
    account.pending += points
    account.save(update_fields=["pending"])
    made = Hold.objects.create(
        member_id=member_id,
        key=key,
        points=points,
        release_at=release_at,
        expires_on=expires_on,
        counterparty=counterparty,
        source=source,
        title=title,
        breakdown=breakdown,
        occurred_at=at,
    )
    return made.pk


def release(*, member_id: int, key: str, expires_on: date | None = None, at: datetime) -> Posting | None:
    """Turn waiting points into spendable ones, to expire on `expires_on` (None: as planned).

    Returns the posting, or None when nothing waits under this key: never held, cancelled, or released before.
    """
    require_transaction()
    account = accounts.lock(member_id)
    waiting = waiting_under(account, key)
    if waiting is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT points_release(%s, %s, %s)", [waiting.pk, expires_on or waiting.expires_on, at])
        (entry_id,) = cursor.fetchone()
    entry = Entry.objects.get(member_id=member_id, pk=entry_id)
    return Posting(entry.pk, entry.amount, entry.balance_after, repeated=False)


def cancel(
    *,
    member_id: int,
    key: str,
    change_key: str,
    reason: str,
    at: datetime,
    points: int | None = None,
    staff_id: int | None = None,
) -> int:
    """Take `points` (None: all) off what still waits under `key`; return how many that were, 0 when nothing waits.

    `change_key` makes it happen once. `points` beyond what waits is an error of the caller: ValueError.
    """
    require_transaction()
    account = accounts.lock(member_id)
    first = HoldChange.objects.filter(member_id=member_id, key=change_key).first()
    if first is not None:
        return first.cancelled
    waiting = waiting_under(account, key)
    if account is None or waiting is None:
        return 0
    left = waiting.points - waiting.cancelled
    points = left if points is None else points
    if not 0 < points <= left:
        raise ValueError(f"{points} of {left} waiting points cannot be cancelled.")
    waiting.cancelled += points
    if points == left:
        waiting.status = HoldStatus.CANCELLED
        waiting.ended_at = at
    waiting.save(update_fields=["cancelled", "status", "ended_at"])
    account.pending -= points
    account.save(update_fields=["pending"])
    HoldChange.objects.create(
        member_id=member_id,
        hold=waiting,
        key=change_key,
        cancelled=points,
        released=0,
        reason=reason,
        staff_id=staff_id,
        occurred_at=at,
    )
    return points


def due(*, at: datetime, skip: Sequence[int], limit: int) -> list[int]:
    """Return up to `limit` members, none of `skip`, with holds that are due at `at`; the longest waiting first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT member_id FROM ("
            " SELECT member_id FROM points_hold WHERE status = 'waiting' AND release_at <= %s"
            " AND member_id <> ALL (%s::bigint[]) ORDER BY release_at, member_id LIMIT %s) AS due ORDER BY member_id",
            [at, list(skip), limit],
        )
        return [member_id for (member_id,) in cursor.fetchall()]


def release_due(*, member_ids: Sequence[int], at: datetime) -> list[tuple[int, int]]:
    """Release every hold of these members that is due at `at`; return (member id, points) of each. Set-based."""
    require_transaction()
    with connection.cursor() as cursor:
        cursor.execute("SELECT member_id, points FROM points_release_due(%s, %s)", [list(member_ids), at])
        return list(cursor.fetchall())


def waiting_under(account: Account | None, key: str) -> Hold | None:
    """Return what waits under this key of the locked account."""
    if account is None:
        return None
    return Hold.objects.filter(member_id=account.pk, key=key, status=HoldStatus.WAITING).first()
