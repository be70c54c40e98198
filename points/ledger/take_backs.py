"""An award taken back: an order was refunded, a review deleted."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from core.transactions import require_transaction
from points.ledger import accounts, holds, lots
from points.models import Account, Entry, EntryKind, HoldChange


class NothingToTakeBack(DomainError):
    code = "nothing_to_take_back"
    status = 409
    message = _("More would be taken back than was awarded.")


class TakeBackPolicy:
    """What happens with a take-back that exceeds what is there."""

    PENDING_ONLY = "pending_only"
    WITHIN_BALANCE = "within_balance"
    OWE = "owe"


@dataclass(frozen=True)
class TakenBack:
    """What a take-back came from: pending points, posted points, and debt. Their sum is what was asked, or less."""

    pending: int
    posted: int
    owed: int
    repeated: bool


def take_back(
    *, member_id: int, award_key: str, points: int, key: str, policy: str, title: str, at: datetime
) -> TakenBack:
    """Take back all or part of an award: pending points first, then the lot it went to, then the others, then debt.

    `policy` is one of TakeBackPolicy: how far it may go. A repeated `key` returns what was taken the first time.
    Raises NothingToTakeBack when more is asked than the award has left.
    """
    require_transaction()
    accounts.require_positive(points)
    account = accounts.lock_or_open(member_id)[member_id]
    if (first := _taken_before(member_id, key)) is not None:
        return first
    waiting = holds.waiting_under(account, award_key)
    if waiting is not None:
        if points > waiting.points - waiting.cancelled:
            raise NothingToTakeBack(detail={"points_left": waiting.points - waiting.cancelled})
        holds.cancel(member_id=member_id, key=award_key, change_key=key, points=points, reason=title, at=at)
        return TakenBack(pending=points, posted=0, owed=0, repeated=False)
    return _take_posted(account, award_key, points=points, key=key, policy=policy, title=title, at=at)


def book(
    account: Account,
    reversed_entry: Entry,
    *,
    points: int,
    policy: str,
    key: str,
    title: str,
    at: datetime,
) -> TakenBack:
    """Take `points` of a credit out of the locked account, its own lots first; what is not there becomes debt or stays.

    The caller has made sure that the credit has so much left.
    """
    posted = min(points, account.balance)
    owed = points - posted if policy == TakeBackPolicy.OWE else 0
    if posted + owed == 0:
        return TakenBack(pending=0, posted=0, owed=0, repeated=False)
    shares = lots.take(member_id=account.pk, points=posted, counter="taken_back", first=reversed_entry.lot_ids)
    account.balance -= posted
    account.debt += owed
    account.save(update_fields=["balance", "debt"])
    Entry.objects.create(
        member_id=account.pk,
        kind=EntryKind.TAKE_BACK,
        amount=-posted,
        debt_change=owed,
        balance_after=account.balance,
        counterparty=reversed_entry.counterparty,
        source=reversed_entry.source,
        title=title,
        key=key,
        **lots.columns(shares),
        reverses=reversed_entry,
        occurred_at=at,
    )
    return TakenBack(pending=0, posted=posted, owed=owed, repeated=False)


def _taken_before(member_id: int, key: str) -> TakenBack | None:
    entry = Entry.objects.filter(member_id=member_id, key=key, kind=EntryKind.TAKE_BACK).first()
    if entry is not None:
        return TakenBack(pending=0, posted=-entry.amount, owed=entry.debt_change, repeated=True)
    change = HoldChange.objects.filter(member_id=member_id, key=key).first()
    return TakenBack(pending=change.cancelled, posted=0, owed=0, repeated=True) if change else None


def _take_posted(
    account: Account, award_key: str, *, points: int, key: str, policy: str, title: str, at: datetime
) -> TakenBack:
    award = Entry.objects.filter(member_id=account.pk, key=award_key, kind=EntryKind.AWARD).first()
    left = _left_of(award) if award else 0
    if award is None or points > left:
        raise NothingToTakeBack(detail={"points_left": left})
    if policy == TakeBackPolicy.PENDING_ONLY:
        return TakenBack(pending=0, posted=0, owed=0, repeated=False)
    return book(account, award, points=points, policy=policy, key=key, title=title, at=at)


def _left_of(award: Entry) -> int:
    taken = Entry.objects.filter(member_id=award.member_id, reverses=award).aggregate(
        posted=Sum("amount", default=0), owed=Sum("debt_change", default=0)
    )
    return award.amount + int(taken["posted"]) - int(taken["owed"])
