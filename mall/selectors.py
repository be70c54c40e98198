"""Reading the mall: the shelf, redemptions, and whether stock, codes and points agree."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.translation import gettext_lazy as _

import members.selectors
from core.business_time import business_day
from core.errors import DomainError
from mall import rules
from mall.models import Category, CouponCode, Item, Redemption, RedemptionMove, RedemptionStatus
from points.selectors import available

Row = dict[str, Any]

ITEM_FIELDS = (
    "id",
    "kind",
    "title",
    "description",
    "picture_url",
    "emoji",
    "category_id",
    "category__name",
    "price_points",
    "market_price_fen",
    "stock_left",
    "per_member_limit",
    "min_tier_level",
    "opens_at",
    "closes_at",
    "is_listed",
    "sort",
)
# These two run in every redemption. Written out they cost an eighth of the same queries by ORM (0.1 and 0.8 ms).
ITEM = """
SELECT item.id, item.kind, item.title, item.description, item.picture_url, item.emoji, item.category_id,
    category.name AS category__name, item.price_points, item.market_price_fen, item.stock_left, item.per_member_limit,
    item.min_tier_level, item.opens_at, item.closes_at, item.is_listed, item.sort
FROM mall_item AS item LEFT JOIN mall_category AS category ON category.id = item.category_id
WHERE item.id = %s
"""
REDEEMED = """
SELECT item_id, sum(quantity) FROM mall_redemption
WHERE member_id = %s AND item_id = ANY (%s) AND status <> 'cancelled' GROUP BY item_id
"""
REDEMPTION_FIELDS = (
    "id",
    "no",
    "status",
    "item_id",
    "item__kind",
    "item__title",
    "item__picture_url",
    "item__emoji",
    "quantity",
    "points",
    "cash_fen",
    "carrier",
    "tracking_no",
    "shipped_at",
    "placed_at",
)


class ItemNotFound(DomainError):
    code = "item_not_found"
    status = 404
    message = _("There is no such item.")


class RedemptionNotFound(DomainError):
    code = "redemption_not_found"
    status = 404
    message = _("You have no such redemption.")


def categories() -> list[Row]:
    """Return the shelves, in their order."""
    return [{"id": pk, "name": name} for pk, name in Category.objects.order_by("sort", "id").values_list("pk", "name")]


def items() -> QuerySet[Item, Row]:
    """Return what members may see; the caller filters, orders and pages."""
    shown: QuerySet[Item, Row] = Item.objects.filter(is_listed=True).values(*ITEM_FIELDS)
    return shown


def item(*, item_id: int, member_id: int) -> Row:
    """Return one item: listed, or one the member has redeemed before. Raises ItemNotFound."""
    with connection.cursor() as cursor:
        cursor.execute(ITEM, [item_id])
        found = cursor.fetchone()
    if found is None:
        raise ItemNotFound
    row = dict(zip(ITEM_FIELDS, found, strict=True))
    if not row["is_listed"] and not Redemption.objects.filter(member_id=member_id, item_id=item_id).exists():
        raise ItemNotFound
    return row


def redeemed(*, member_id: int, item_id: int) -> int:
    """Return how many of the item the member has redeemed, without what was cancelled."""
    return _redeemed_by_item(member_id, [item_id]).get(item_id, 0)


def _redeemed_by_item(member_id: int, item_ids: Sequence[int]) -> dict[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(REDEEMED, [member_id, list(item_ids)])
        return dict(cursor.fetchall())


def facts(
    item: Row,
    standing: members.selectors.Standing,
    *,
    quantity: int,
    redeemed: int,
    points_available: int | None,
    address_missing: bool,
    at: datetime,
) -> rules.Facts:
    """Put together what decides whether the member may redeem."""
    return rules.Facts(
        is_listed=item["is_listed"],
        opens_at=item["opens_at"],
        closes_at=item["closes_at"],
        stock_left=item["stock_left"],
        min_tier_level=item["min_tier_level"],
        per_member_limit=item["per_member_limit"],
        price_points=item["price_points"],
        quantity=quantity,
        member_status=standing.status,
        tier_level=standing.tier_level,
        redeemed=redeemed,
        points_available=points_available,
        address_missing=address_missing,
        at=at,
    )


def reasons_by_item(*, member_id: int, shown: Sequence[Row], at: datetime) -> dict[int, list[rules.Reason]]:
    """Return why the member may not redeem one of each item: {item id: reasons}, however many items in four queries."""
    standing = members.selectors.standing(member_id=member_id)
    points = available(member_id=member_id, on=business_day(at))
    limited = [row["id"] for row in shown if row["per_member_limit"] is not None]
    taken = _redeemed_by_item(member_id, limited) if limited else {}
    return {
        row["id"]: rules.reasons(
            facts(
                row,
                standing,
                quantity=1,
                redeemed=taken.get(row["id"], 0),
                points_available=points,
                address_missing=False,
                at=at,
            )
        )
        for row in shown
    }


def redemptions(*, member_id: int) -> QuerySet[Redemption, Row]:
    """Return the member's redemptions as rows with `cancel_reason`; the caller filters, orders and pages."""
    cancelled = RedemptionMove.objects.filter(redemption_id=OuterRef("pk"), new=RedemptionStatus.CANCELLED)
    mine: QuerySet[Redemption, Row] = Redemption.objects.filter(member_id=member_id).values(
        *REDEMPTION_FIELDS, cancel_reason=Subquery(cancelled.values("because")[:1])
    )
    return mine


def redemption(*, member_id: int, no: str) -> Row:
    """Return one of the member's redemptions. Raises RedemptionNotFound."""
    found = redemptions(member_id=member_id).filter(no=no).first()
    if found is None:
        raise RedemptionNotFound
    return found


def as_redemption(redemption_id: int, no: str, item: Row, *, quantity: int, points: int, at: datetime) -> Row:
    """Return a redemption that was paid just now in the shape of `redemptions`, without reading it back."""
    return {
        "id": redemption_id,
        "no": no,
        "status": RedemptionStatus.PAID.value,
        "item_id": item["id"],
        "item__kind": item["kind"],
        "item__title": item["title"],
        "item__picture_url": item["picture_url"],
        "item__emoji": item["emoji"],
        "quantity": quantity,
        "points": points,
        "cash_fen": 0,
        "carrier": "",
        "tracking_no": "",
        "shipped_at": None,
        "placed_at": at,
        "cancel_reason": None,
    }


def codes_of(*, redemption_ids: Iterable[int]) -> dict[int, list[str]]:
    """Return the codes handed out to each redemption, in one query."""
    codes: dict[int, list[str]] = {}
    handed_out = CouponCode.objects.filter(redemption_id__in=list(redemption_ids)).order_by("id")
    for redemption_id, code in handed_out.values_list("redemption_id", "code"):
        codes.setdefault(redemption_id, []).append(code)
    return codes
