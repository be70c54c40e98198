"""Members give each other points, within limits; staff can take a transfer back."""

import secrets
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.business_time import business_day
from core.errors import DomainError
from core.rows import insert_once
from members.selectors import MemberNotFound, Standing, member_id_by_no
from members.services.standing import MemberClosed, MemberFrozen, require_active
from points.ledger import accounts, transfers
from points.ledger.take_backs import TakenBack
from points.models import LedgerPolicy, Transfer, TransferStatus
from points.selectors.transfers import given_on, tier_may_give
from points.services.release import ReasonMissing

# Without the letters that look like digits. 12 of 32 signs are 60 bits: a number cannot be guessed.
NO_SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class TransfersClosed(DomainError):
    code = "transfers_closed"
    status = 409
    message = _("Points cannot be given away at present.")


class TransferTierTooLow(DomainError):
    code = "tier_too_low"
    status = 409
    message = _("Your tier is not high enough to give points away.")


class TransferToSelf(DomainError):
    code = "transfer_to_self"
    status = 400
    message = _("Points cannot be given to oneself.")


class ReceiverUnknown(DomainError):
    code = "receiver_unknown"
    status = 404
    message = _("There is no member with this number.")


class ReceiverUnavailable(DomainError):
    code = "receiver_unavailable"
    status = 409
    message = _("This member cannot receive points at present.")


class TransferLimit(DomainError):
    """`detail` names the limit ("per_transfer", "daily_points", "daily_count"), its size, and what is left of it."""

    code = "transfer_limit"
    status = 409
    message = _("This is more than may be given away.")


class TransferKeyUsed(DomainError):
    """The answer to the first request was purged long ago, but what it did still stands."""

    code = "request_key_used"
    status = 409
    message = _("A transfer was already made with this Idempotency-Key.")


class TransferReversed(DomainError):
    code = "transfer_reversed"
    status = 409
    message = _("This transfer has been taken back already.")


@dataclass(frozen=True, kw_only=True)
class Gift:
    """What a member asks for: so many points to the member with this number."""

    member_id: int
    to_member_no: str
    points: int
    message: str
    request_key: str


@dataclass(frozen=True, kw_only=True)
class Given:
    """A transfer that was made. `balance_after` is the sender's."""

    transfer: Transfer
    balance_after: int


def give(*, gift: Gift, at: datetime) -> Given:
    """Move points from one member to another; return the transfer and what the sender has left.

    The limits are read with the sender's account locked, so parallel gifts count each other. Raises TransfersClosed,
    TransferTierTooLow, TransferToSelf, ReceiverUnknown, ReceiverUnavailable, TransferLimit, InsufficientPoints,
    TransferKeyUsed, MemberFrozen, MemberClosed.
    """
    policy = LedgerPolicy.objects.get()
    _require_allowed(policy, require_active(member_id=gift.member_id))
    receiver = _receiver(gift)
    with transaction.atomic():
        accounts.lock_or_open(gift.member_id, receiver.member_id)
        _require_within_limits(policy, gift, on=business_day(at))
        made = _insert(gift, receiver.member_id, at=at)
        posting = transfers.transfer(
            from_member_id=gift.member_id,
            to_member_id=receiver.member_id,
            points=gift.points,
            key=f"transfer:{made.pk}",
            source=f"transfer:{made.no}",
            titles=("", ""),
            at=at,
        )
    return Given(transfer=made, balance_after=posting.balance_after)


def take_back_transfer(*, transfer_id: int, policy: str, reason: str, staff_id: int, at: datetime) -> TakenBack:
    """Reverse a transfer: the receiver's points go back to the sender, with the expiry days they had.

    `policy`, one of TakeBackPolicy, says what happens with points the receiver has spent. Returns what the receiver
    gave back and owes. Raises TransferReversed, ReasonMissing.
    """
    if not reason.strip():
        raise ReasonMissing
    with transaction.atomic():
        made = Transfer.objects.select_for_update().get(pk=transfer_id)
        if made.status != TransferStatus.DONE:
            raise TransferReversed
        taken = transfers.reverse(
            from_member_id=made.member_id,
            to_member_id=made.to_member_id,
            transfer_key=f"transfer:{made.pk}",
            key=f"transfer:{made.pk}:reversed",
            policy=policy,
            titles=("", ""),
            at=at,
        )
        made.status = TransferStatus.REVERSED
        made.recovered, made.owed = taken.posted, taken.owed
        made.reversed_by_id, made.reversed_at, made.reversal_reason = staff_id, at, reason
        made.save()
    return taken


def _require_allowed(policy: LedgerPolicy, sender: Standing) -> None:
    if not policy.transfers_open:
        raise TransfersClosed
    if not tier_may_give(policy, level=sender.tier_level):
        raise TransferTierTooLow(detail={"tier": policy.transfer_min_tier})


def _receiver(gift: Gift) -> Standing:
    member_id = member_id_by_no(no=gift.to_member_no)
    if member_id is None:
        raise ReceiverUnknown
    if member_id == gift.member_id:
        raise TransferToSelf
    try:
        return require_active(member_id=member_id)
    except (MemberFrozen, MemberClosed, MemberNotFound) as error:
        raise ReceiverUnavailable from error


def _require_within_limits(policy: LedgerPolicy, gift: Gift, *, on: date) -> None:
    given = given_on(member_id=gift.member_id, on=on)
    limits = (
        ("per_transfer", policy.transfer_max_points, 0, gift.points),
        ("daily_points", policy.transfer_daily_points, given.points, gift.points),
        ("daily_count", policy.transfer_daily_count, given.count, 1),
    )
    for name, size, used, wanted in limits:
        if used + wanted > size:
            raise TransferLimit(detail={"limit": name, "size": size, "left": max(size - used, 0)})


def _insert(gift: Gift, to_member_id: int, *, at: datetime) -> Transfer:
    made = Transfer(
        no="T" + "".join(secrets.choice(NO_SIGNS) for _sign in range(12)),
        member_id=gift.member_id,
        to_member_id=to_member_id,
        points=gift.points,
        message=gift.message,
        request_key=gift.request_key,
        made_on=business_day(at),
        made_at=at,
    )
    if not insert_once(made):
        raise TransferKeyUsed
    return made
