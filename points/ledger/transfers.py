"""Points that go from one member to another, and back when staff reverse it.

Two member-local writes in one transaction, so that members may live on different shards. Points keep their expiry day
and their source: who receives them can spend them exactly as long as who gave them, and the house knows what they cost.
"""

from datetime import datetime

from core.business_time import business_day
from core.transactions import require_transaction
from points.ledger import accounts, lots, take_backs
from points.ledger.accounts import InsufficientPoints, Posting
from points.ledger.take_backs import TakenBack
from points.models import Account, Entry, EntryKind, Lot

COUNTERPARTY = "transfer"


def transfer(
    *, from_member_id: int, to_member_id: int, points: int, key: str, source: str, titles: tuple[str, str], at: datetime
) -> Posting:
    """Move points from one member to another under one key; return the sender's posting.

    `titles` are what the sender and the receiver read. Debt of the receiver is not repaid: only awards do that.
    Raises InsufficientPoints with `missing_points`, KeyReused; ValueError when both are the same member.
    """
    require_transaction()
    accounts.require_positive(points)
    if from_member_id == to_member_id:
        raise ValueError("A transfer needs two members.")
    locked = accounts.lock_or_open(from_member_id, to_member_id)
    if (first := accounts.posted(from_member_id, key)) is not None:
        accounts.require_same_amount(first, -points)
        return first
    taken = lots.take(member_id=from_member_id, points=points, counter="spent", usable_on=business_day(at))
    if (missing := points + sum(taken.values())) > 0:
        raise InsufficientPoints(detail={"missing_points": missing})
    sent = _book(locked[from_member_id], EntryKind.TRANSFER_OUT, taken, key=key, source=source, title=titles[0], at=at)
    received = _put_like(taken, of_member_id=from_member_id, member_id=to_member_id)
    _book(locked[to_member_id], EntryKind.TRANSFER_IN, received, key=key, source=source, title=titles[1], at=at)
    return Posting(sent.pk, sent.amount, sent.balance_after, repeated=False)


def reverse(
    *,
    from_member_id: int,
    to_member_id: int,
    transfer_key: str,
    key: str,
    policy: str,
    titles: tuple[str, str],
    at: datetime,
) -> TakenBack:
    """Undo a transfer: take the points back from the receiver and return them to the lots they came from.

    `policy` is one of TakeBackPolicy: by "owe" the sender gets everything back and the receiver owes what they have
    spent, by "within_balance" the sender gets back what is still there. Returns what was taken from the receiver.
    The caller reverses a transfer once, by a row of its own.
    """
    require_transaction()
    locked = accounts.lock_or_open(from_member_id, to_member_id)
    sent = Entry.objects.get(member_id=from_member_id, key=transfer_key, kind=EntryKind.TRANSFER_OUT)
    received = Entry.objects.get(member_id=to_member_id, key=transfer_key, kind=EntryKind.TRANSFER_IN)
    taken = take_backs.book(
        locked[to_member_id], received, points=received.amount, policy=policy, key=key, title=titles[1], at=at
    )
    back = taken.posted + taken.owed
    if back:
        shares = lots.give_back(sent, already_given=0, points=back, on=business_day(at))
        account = locked[from_member_id]
        _book(account, EntryKind.REFUND, shares, key=key, source=sent.source, title=titles[0], at=at, reverses=sent)
    return taken


def _put_like(taken: lots.Shares, *, of_member_id: int, member_id: int) -> lots.Shares:
    """Put what was taken from one member's lots into another's of the same day and source."""
    shares: lots.Shares = {}
    for lot in Lot.objects.filter(member_id=of_member_id, pk__in=taken).order_by("expires_on", "id"):
        points = -taken[lot.pk]
        shares[lots.put(member_id=member_id, expires_on=lot.expires_on, source=lot.source, points=points)] = points
    return shares


def _book(
    account: Account,
    kind: str,
    shares: lots.Shares,
    *,
    key: str,
    source: str,
    title: str,
    at: datetime,
    reverses: Entry | None = None,
) -> Entry:
    amount = sum(shares.values())
    account.balance += amount
    account.save(update_fields=["balance"])
    return Entry.objects.create(
        member_id=account.pk,
        kind=kind,
        amount=amount,
        balance_after=account.balance,
        counterparty=COUNTERPARTY,
        source=source,
        title=title,
        key=key,
        **lots.columns(shares),
        reverses=reverses,
        occurred_at=at,
    )
