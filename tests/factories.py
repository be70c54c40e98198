"""Rows tests start from. Everything a use case can make is made by that use case."""

import itertools
from collections.abc import Sequence
from typing import Any

from django.db import transaction

from core.business_time import business_day, end_of_month, now
from growth.services.programme import load_programme
from mall.models import Item, ItemKind
from mall.services.codes import import_codes
from mall.services.stock import add_goods
from members.models import Member
from members.services.registration import register
from points.ledger import movements

_numbers = itertools.count(1)


def new_member(nickname: str = "", *, openid: str | None = None, unionid: str | None = None) -> Member:
    """Return a member registered just now, at the lowest tier of the default programme."""
    load_programme(name="ecommerce")
    openid = openid or f"openid-{next(_numbers)}"
    member_id = register(openid=openid, unionid=unionid, nickname=nickname, at=now())
    return Member.objects.get(pk=member_id)


def give_points(member_id: int, points: int) -> None:
    """Let the member have points that expire in twelve months."""
    at = now()
    with transaction.atomic():
        movements.earn(
            member_id=member_id,
            points=points,
            key=f"gift:{next(_numbers)}",
            counterparty="award:gift",
            source="gift",
            title="Gift",
            breakdown=None,
            expires_on=end_of_month(business_day(at), months_later=12),
            at=at,
        )


def new_coupon_item(*, codes: int | Sequence[str] = 10, **fields: Any) -> Item:
    """Return a coupon item for 100 points with so many codes, or with these."""
    texts = [f"CODE-{next(_numbers):06}" for _code in range(codes)] if isinstance(codes, int) else codes
    item = Item.objects.create(
        **{"kind": ItemKind.COUPON, "title": "Coffee", "price_points": 100, "market_price_fen": 1500} | fields
    )
    import_codes(item_id=item.pk, rows=texts, at=now())
    item.refresh_from_db()
    return item


def new_goods_item(*, stock: int = 10, **fields: Any) -> Item:
    """Return goods for 500 points with so many pieces."""
    item = Item.objects.create(
        **{"kind": ItemKind.GOODS, "title": "Mug", "price_points": 500, "market_price_fen": 4900} | fields
    )
    add_goods(item_id=item.pk, delta=stock)
    item.refresh_from_db()
    return item
