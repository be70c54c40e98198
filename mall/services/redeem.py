"""A member redeems an item: points against stock, all or nothing."""

import json
import secrets
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

import members.selectors
from core import jobs
from core.business_time import business_day
from core.errors import DomainError
from mall import rules, selectors
from mall.models import ItemKind, RedemptionStatus
from mall.services import stock
from mall.services.moves import BY_MEMBER, move
from members.services.addresses import AddressNotFound
from members.services.standing import MemberFrozen
from points.ledger import movements
from points.ledger.accounts import InsufficientPoints
from points.selectors import available

# Without the letters that look like digits. 14 of 32 signs are 70 bits: a number cannot be guessed.
NO_SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

PLACE = """
INSERT INTO mall_redemption (no, member_id, item_id, quantity, points, cash_fen, status, request_key, address, note,
                             carrier, tracking_no, placed_at)
VALUES (%s, %s, %s, %s, %s, 0, 'placed', %s, %s::jsonb, %s, '', '', %s)
ON CONFLICT (member_id, request_key) DO NOTHING RETURNING id
"""


class SkuNotFound(DomainError):
    code = "sku_not_found"
    status = 404
    message = _("This item has no such variant.")


class RequestKeyUsed(DomainError):
    """The answer to the first request was purged long ago, but what it did still stands."""

    code = "request_key_used"
    status = 409
    message = _("A redemption was already made with this Idempotency-Key.")


class NotListed(DomainError):
    code = "not_listed"
    message = rules.MESSAGES["not_listed"]


class NotOpenYet(DomainError):
    code = "not_open_yet"
    message = rules.MESSAGES["not_open_yet"]


class Closed(DomainError):
    code = "closed"
    message = rules.MESSAGES["closed"]


class SoldOut(DomainError):
    code = "sold_out"
    message = rules.MESSAGES["sold_out"]


class TierTooLow(DomainError):
    code = "tier_too_low"
    message = rules.MESSAGES["tier_too_low"]


class LimitReached(DomainError):
    code = "limit_reached"
    message = rules.MESSAGES["limit_reached"]


class AddressRequired(DomainError):
    code = "address_required"
    status = 400
    message = rules.MESSAGES["address_required"]


REFUSALS: dict[str, type[DomainError]] = {
    error.code: error
    for error in (
        NotListed,
        NotOpenYet,
        Closed,
        SoldOut,
        MemberFrozen,
        TierTooLow,
        LimitReached,
        InsufficientPoints,
        AddressRequired,
    )
}


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a member asks for."""

    member_id: int
    item_id: int
    request_key: str
    quantity: int = 1
    sku: str | None = None
    address_id: int | None = None
    note: str = ""


class _NotPossible(Exception):
    """Undo the attempt; `code` is the reason it met."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def redeem(*, wish: Wish, at: datetime) -> dict[str, Any]:
    """Redeem, and return the redemption as `selectors.redemptions` would show it.

    Locks: redemption, account, lots, stock. Raises one of REFUSALS with every reason in `detail["reasons"]`,
    ItemNotFound, SkuNotFound, AddressNotFound, RequestKeyUsed.
    """
    try:
        with transaction.atomic():
            return _attempt(wish, at)
    except _NotPossible as met:
        # Asked again after the rollback: only now do balance and limits show what they are without this attempt.
        raise refusal(wish=wish, met=met.code, at=at) from None


def _attempt(wish: Wish, at: datetime) -> dict[str, Any]:
    item = selectors.item(item_id=wish.item_id, member_id=wish.member_id)
    if wish.sku is not None:
        raise SkuNotFound
    standing = members.selectors.standing(member_id=wish.member_id)
    address = _address(wish, item)
    if found := rules.reasons(_facts(item, wish, standing, at=at, redeemed=0, points=None)):
        raise _NotPossible(found[0].code)
    points = item["price_points"] * wish.quantity
    no = "R" + "".join(secrets.choice(NO_SIGNS) for _sign in range(14))
    redemption_id = _place(wish, no=no, points=points, address=address, at=at)
    _pay(wish, redemption_id, no=no, points=points, title=item["title"], at=at)
    # Counted after the payment, which has locked the account: parallel taps of one member queue up before it.
    limit = item["per_member_limit"]
    if limit is not None and selectors.redeemed(member_id=wish.member_id, item_id=wish.item_id) > limit:
        raise _NotPossible(LimitReached.code)
    if not stock.take(item_id=wish.item_id, quantity=wish.quantity):
        raise _NotPossible(SoldOut.code)
    move(redemption_id=redemption_id, to=RedemptionStatus.PAID, by=BY_MEMBER, at=at)
    jobs.after_commit("mall.fulfil", redemption_id=redemption_id)
    return selectors.as_redemption(redemption_id, no, item, quantity=wish.quantity, points=points, at=at)


def _address(wish: Wish, item: dict[str, Any]) -> dict[str, Any] | None:
    """Return a copy of the address: what the member changes later must not redirect a parcel."""
    if item["kind"] != ItemKind.GOODS or wish.address_id is None:
        return None
    address = members.selectors.shipping_address(member_id=wish.member_id, address_id=wish.address_id)
    if address is None:
        raise AddressNotFound
    return asdict(address)


def _facts(
    item: dict[str, Any],
    wish: Wish,
    standing: members.selectors.Standing,
    *,
    redeemed: int,
    points: int | None,
    at: datetime,
) -> rules.Facts:
    return selectors.facts(
        item,
        standing,
        quantity=wish.quantity,
        redeemed=redeemed,
        points_available=points,
        address_missing=item["kind"] == ItemKind.GOODS and wish.address_id is None,
        at=at,
    )


def _place(wish: Wish, *, no: str, points: int, address: dict[str, Any] | None, at: datetime) -> int:
    with connection.cursor() as cursor:
        encoded = None if address is None else json.dumps(address)
        cursor.execute(
            PLACE,
            [no, wish.member_id, wish.item_id, wish.quantity, points, wish.request_key, encoded, wish.note, at],
        )
        placed = cursor.fetchone()
    if placed is None:
        raise RequestKeyUsed
    return int(placed[0])


def _pay(wish: Wish, redemption_id: int, *, no: str, points: int, title: str, at: datetime) -> None:
    try:
        movements.spend(
            member_id=wish.member_id,
            points=points,
            key=f"redemption:{redemption_id}",
            counterparty="mall",
            source=f"redemption:{no}",
            title=title,
            at=at,
        )
    except InsufficientPoints as error:
        raise _NotPossible(error.code) from error


def refusal(*, wish: Wish, met: str, at: datetime) -> DomainError:
    """Return the refusal of a wish that met the reason `met`, with all reasons there are."""
    item = selectors.item(item_id=wish.item_id, member_id=wish.member_id)
    found = rules.reasons(
        _facts(
            item,
            wish,
            members.selectors.standing(member_id=wish.member_id),
            redeemed=selectors.redeemed(member_id=wish.member_id, item_id=wish.item_id),
            points=available(member_id=wish.member_id, on=business_day(at)),
            at=at,
        )
    )
    # What stood in the way may be gone by now (somebody cancelled); it is still why this attempt was refused.
    if met not in {reason.code for reason in found}:
        found.insert(0, rules.Reason(code=met))
    detail: dict[str, Any] = {"reasons": [reason.as_dict() for reason in found]}
    if found[0].missing_points is not None:
        detail["missing_points"] = found[0].missing_points
    return REFUSALS[found[0].code](detail=detail)
