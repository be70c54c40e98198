"""The only module that moves points.

Every movement is one Entry: a signed amount between a member and a counterparty, once per (member, key).
  1. a member's balance is the sum of their entries and of what remains in their lots  (points/audit.py, I1, I2)
  2. no balance, lot or debt is ever negative                                          (CHECK constraints)
  3. the same key never moves points twice                                             (UNIQUE entry_once_per_key)
  4. an entry is never edited or deleted                                               (TRIGGER entry_append_only)

Callers own the transaction. Locks are taken in one order everywhere: business row, account (by member id when there
are two), lots, stock. All functions: points are positive integers, `at` is when it happened, `key` is derived from
what it is for ("redemption:42", "check_in:2026-11-22"), so that a repeat cannot invent a new one.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from core.business_time import business_day
from core.errors import DomainError
from core.transactions import require_transaction
from points import lots
from points.models import Account, Consumption, Entry, EntryKind, Hold, HoldStatus


class InsufficientPoints(DomainError):
    code = "insufficient_points"
    status = 402
    message = _("Not enough points.")


class KeyReused(DomainError):
    code = "ledger_key_reused"
    status = 409
    message = _("This movement was already made with another amount.")


class NothingToGiveBack(DomainError):
    code = "nothing_to_give_back"
    status = 409
    message = _("More would be given back than was paid.")


class NothingToTakeBack(DomainError):
    code = "nothing_to_take_back"
    status = 409
    message = _("More would be taken back than was awarded.")


class TakeBackPolicy:
    """What happens with a take-back that exceeds what is there (SPEC.md section 1, point 4)."""

    PENDING_ONLY = "pending_only"
    WITHIN_BALANCE = "within_balance"
    OWE = "owe"


@dataclass(frozen=True)
class Posting:
    """An entry as its caller sees it: signed amount, balance after, and whether it had been made before."""

    entry_id: int
    amount: int
    balance_after: int
    repeated: bool


@dataclass(frozen=True)
class TakenBack:
    """What a take-back came from: pending points, posted points, and debt. Their sum is what was asked, or less."""

    pending: int
    posted: int
    owed: int
    repeated: bool


def earn(
    *,
    member_id: int,
    points: int,
    key: str,
    counterparty: str,
    source: str,
    title: str,
    breakdown: Mapping[str, Any] | None,
    expires_on: date,
    at: datetime,
) -> Posting:
    """Credit points that can be spent until the end of `expires_on`. Debt is repaid from them first.

    `counterparty` names who gives ("award:check_in"), `source` the rule or campaign, `title` and `breakdown` what the
    member reads. Raises KeyReused.
    """
    require_transaction()
    _require_positive(points)
    encoded = json.dumps(breakdown) if breakdown is not None else None
    posting = _call(
        "points_earn", member_id, points, key, counterparty, source, title, encoded, expires_on, at, types={6: "jsonb"}
    )
    _require_same_amount(posting, points)
    return posting


def spend(
    *, member_id: int, points: int, key: str, counterparty: str, source: str, title: str, at: datetime
) -> Posting:
    """Debit points, from the lots that expire first. Raises InsufficientPoints with `missing_points`, KeyReused."""
    require_transaction()
    _require_positive(points)
    posting = _call("points_spend", member_id, points, key, counterparty, source, title, business_day(at), at, types={})
    if posting.entry_id is None:
        raise InsufficientPoints(detail={"missing_points": max(points - posting.balance_after, 1)})
    _require_same_amount(posting, -points)
    return posting


def refund(*, member_id: int, spend_key: str, key: str, title: str, at: datetime, points: int | None = None) -> Posting:
    """Give spent points back to the lots that paid, the last to expire first; all that is left when `points` is None.

    What returns to a lot that has expired meanwhile lives on for the policy's days of grace, in a lot of its own.
    Raises NothingToGiveBack, KeyReused.
    """
    require_transaction()
    account = _lock(member_id)
    if (first := _posted(member_id, key)) is not None:
        if points is not None:
            _require_same_amount(first, points)
        return first
    paid = Entry.objects.get(member_id=member_id, key=spend_key, kind=EntryKind.SPEND)
    given = Entry.objects.filter(member_id=member_id, reverses=paid).aggregate(total=Sum("amount"))["total"] or 0
    left = -paid.amount - given
    points = left if points is None else points
    if not 0 < points <= left:
        raise NothingToGiveBack(detail={"points_left": left})
    returns = lots.return_points(member_id, paid, already_given=given, points=points, on=business_day(at))
    account.balance += points
    account.spent_total -= points
    account.save(update_fields=["balance", "spent_total"])
    entry = Entry.objects.create(
        member_id=member_id,
        kind=EntryKind.REFUND,
        amount=points,
        balance_after=account.balance,
        counterparty=paid.counterparty,
        source=paid.source,
        title=title,
        key=key,
        reverses=paid,
        occurred_at=at,
    )
    Consumption.objects.bulk_create(
        Consumption(member_id=member_id, entry=entry, lot_id=lot_id, points=-share) for lot_id, share in returns.items()
    )
    return Posting(entry.pk, points, account.balance, repeated=False)


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
    _require_positive(points)
    Account.objects.bulk_create([Account(member_id=member_id)], ignore_conflicts=True)
    account = _lock(member_id)
    first = Hold.objects.filter(member_id=member_id, key=key).first()
    if first is not None:
        if first.points != points:
            raise KeyReused
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


def release_hold(*, member_id: int, key: str, expires_on: date | None = None, at: datetime) -> Posting | None:
    """Turn waiting points into spendable ones, to expire on `expires_on` (None: as planned).

    Returns the posting, or None when nothing waits under this key: never held, cancelled, or released before.
    """
    require_transaction()
    if _lock_if_any(member_id) is None:
        return None
    waiting = Hold.objects.filter(member_id=member_id, key=key, status=HoldStatus.WAITING).first()
    if waiting is None:
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT points_release(%s, %s, %s)", [waiting.pk, expires_on or waiting.expires_on, at])
        (entry_id,) = cursor.fetchone()
    entry = Entry.objects.get(pk=entry_id)
    return Posting(entry.pk, entry.amount, entry.balance_after, repeated=False)


def release_due_chunk(*, at: datetime, limit: int) -> list[tuple[int, int]]:
    """Release up to `limit` holds that are due; return (member id, points) of each. Set-based, for the nightly job."""
    require_transaction()
    with connection.cursor() as cursor:
        cursor.execute("SELECT member_id, points FROM points_release_chunk(%s, %s)", [at, limit])
        return list(cursor.fetchall())


def take_back(
    *, member_id: int, award_key: str, points: int, key: str, policy: str, title: str, at: datetime
) -> TakenBack:
    """Take back all or part of an award: pending points first, then the lot it went to, then the others, then debt.

    `policy` is one of TakeBackPolicy: how far it may go. A repeated `key` returns what was booked the first time; but
    waiting points remember no key, so a caller who may repeat must hold a row of its own, as refunds of orders do.
    Raises NothingToTakeBack when more is asked than the award has left.
    """
    require_transaction()
    _require_positive(points)
    account = _lock(member_id)
    waiting = Hold.objects.filter(member_id=member_id, key=award_key, status=HoldStatus.WAITING).first()
    if waiting is not None:
        return _cancel_pending(account, waiting, points=points, at=at)
    return _take_back_posted(account, award_key, points=points, key=key, policy=policy, title=title, at=at)


def cancel_hold(*, member_id: int, key: str, at: datetime) -> int:
    """Cancel what still waits under this key; return how many points that were (0: nothing waits)."""
    require_transaction()
    account = _lock_if_any(member_id)
    waiting = Hold.objects.filter(member_id=member_id, key=key, status=HoldStatus.WAITING).first()
    if account is None or waiting is None:
        return 0
    return _cancel_pending(account, waiting, points=waiting.points - waiting.cancelled, at=at).pending


def expire_chunk(*, on: date, at: datetime, limit: int) -> tuple[int, int]:
    """Expire up to `limit` lots whose last day is before `on`; return (lots, points), (0, 0) when none is left."""
    require_transaction()
    with connection.cursor() as cursor:
        cursor.execute("SELECT lots, points FROM points_expire_chunk(%s, %s, %s)", [on, at, limit])
        lots, points = cursor.fetchone()
    return lots, points


def _call(function: str, *arguments: Any, types: dict[int, str]) -> Posting:
    marks = ", ".join(f"%s::{types[index]}" if index in types else "%s" for index in range(len(arguments)))
    with connection.cursor() as cursor:
        # The function's name is a literal of this module; the values are bound.
        cursor.execute(f"SELECT * FROM {function}({marks})", arguments)  # noqa: S608
        return Posting(*cursor.fetchone())


def _require_positive(points: int) -> None:
    if points <= 0:
        raise ValueError(f"Points must be positive, got {points}.")


def _require_same_amount(posting: Posting, amount: int) -> None:
    if posting.repeated and posting.amount != amount:
        raise KeyReused(detail={"first_amount": posting.amount})


def _lock(member_id: int) -> Account:
    return Account.objects.select_for_update().get(pk=member_id)


def _lock_if_any(member_id: int) -> Account | None:
    return Account.objects.select_for_update().filter(pk=member_id).first()


def _posted(member_id: int, key: str) -> Posting | None:
    entry = Entry.objects.filter(member_id=member_id, key=key).first()
    return Posting(entry.pk, entry.amount, entry.balance_after, repeated=True) if entry else None


def _cancel_pending(account: Account, waiting: Hold, *, points: int, at: datetime) -> TakenBack:
    left = waiting.points - waiting.cancelled
    if points > left:
        raise NothingToTakeBack(detail={"points_left": left})
    waiting.cancelled += points
    if points == left:
        waiting.status = HoldStatus.CANCELLED
        waiting.ended_at = at
    waiting.save(update_fields=["cancelled", "status", "ended_at"])
    account.pending -= points
    account.save(update_fields=["pending"])
    return TakenBack(pending=points, posted=0, owed=0, repeated=False)


def _take_back_posted(
    account: Account, award_key: str, *, points: int, key: str, policy: str, title: str, at: datetime
) -> TakenBack:
    member_id = account.pk
    first = Entry.objects.filter(member_id=member_id, key=key, kind=EntryKind.TAKE_BACK).first()
    if first is not None:
        return TakenBack(pending=0, posted=-first.amount, owed=first.debt_change, repeated=True)
    award = Entry.objects.filter(member_id=member_id, key=award_key, kind=EntryKind.AWARD).first()
    left = _left_of_award(award) if award else 0
    if award is None or points > left:
        raise NothingToTakeBack(detail={"points_left": left})
    if policy == TakeBackPolicy.PENDING_ONLY:
        return TakenBack(pending=0, posted=0, owed=0, repeated=False)
    posted = min(points, account.balance)
    owed = points - posted if policy == TakeBackPolicy.OWE else 0
    if posted + owed == 0:
        return TakenBack(pending=0, posted=0, owed=0, repeated=False)
    account.balance -= posted
    account.debt += owed
    account.save(update_fields=["balance", "debt"])
    entry = Entry.objects.create(
        member_id=member_id,
        kind=EntryKind.TAKE_BACK,
        amount=-posted,
        debt_change=owed,
        balance_after=account.balance,
        counterparty=award.counterparty,
        source=award.source,
        title=title,
        key=key,
        reverses=award,
        occurred_at=at,
    )
    lots.take_back(entry, first_lot_id=award.lot_id, points=posted)
    return TakenBack(pending=0, posted=posted, owed=owed, repeated=False)


def _left_of_award(award: Entry) -> int:
    taken = Entry.objects.filter(member_id=award.member_id, reverses=award).aggregate(
        posted=Sum("amount", default=0), owed=Sum("debt_change", default=0)
    )
    return award.amount + int(taken["posted"]) - int(taken["owed"])
