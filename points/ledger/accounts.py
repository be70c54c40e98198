"""What all movements share: the lock of an account, postings, and what is wrong with a repeated key."""

from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from points.models import Account, Entry


class InsufficientPoints(DomainError):
    code = "insufficient_points"
    status = 402
    message = _("Not enough points.")


class KeyReused(DomainError):
    code = "ledger_key_reused"
    status = 409
    message = _("This movement was already made with another amount.")


@dataclass(frozen=True)
class Posting:
    """An entry as its caller sees it: signed amount, balance after, and whether it had been made before."""

    entry_id: int
    amount: int
    balance_after: int
    repeated: bool


def lock(member_id: int) -> Account | None:
    """Return the account, locked until the transaction ends; None for a member who never had points."""
    return Account.objects.select_for_update(no_key=True).filter(pk=member_id).first()


def lock_or_open(*member_ids: int) -> dict[int, Account]:
    """Return the members' accounts, locked in the order of their ids; those who had none get an empty one."""
    wanted = sorted(member_ids)
    if len(wanted) > 1:
        # Before any lock: waiting for who is opening the first account, with the second one locked, could be a ring.
        _open(wanted)
    locked = Account.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk")
    found = {account.pk: account for account in locked}
    if len(found) < len(wanted):
        _open(wanted)
        found = {account.pk: account for account in locked.all()}
    return found


def _open(member_ids: list[int]) -> None:
    Account.objects.bulk_create([Account(member_id=one) for one in member_ids], ignore_conflicts=True)


def call(statement: str, values: list[Any]) -> Posting:
    """Call one of the ledger's SQL functions and return its posting."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return Posting(*cursor.fetchone())


def posted(member_id: int, key: str) -> Posting | None:
    """Return the posting under this key, if it has been made."""
    entry = Entry.objects.filter(member_id=member_id, key=key).first()
    return Posting(entry.pk, entry.amount, entry.balance_after, repeated=True) if entry else None


def require_positive(points: int) -> None:
    """Raise ValueError for points that are no points."""
    if points <= 0:
        raise ValueError(f"Points must be positive, got {points}.")


def require_same_amount(posting: Posting, amount: int) -> None:
    """Raise KeyReused when the key was used before for another amount."""
    if posting.repeated and posting.amount != amount:
        raise KeyReused(detail={"first_amount": posting.amount})
