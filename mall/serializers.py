"""Shapes of the mall's requests and answers.

Bodies are read by the serializers ending in `In` and `Query`; answers are plain dicts from the functions at the end,
which cost a fifth of a serializer's run, and the ones ending in `Out` describe them in the OpenAPI document.
"""

from collections.abc import Sequence
from typing import Any

from rest_framework import serializers

from core.serializers import StrictCharField, StrictIntegerField, StrictSerializer
from mall.models import MAX_QUANTITY, ItemKind, RedemptionStatus
from mall.rules import Reason
from mall.selectors import Row

MAX_ID = 2**63 - 1


class ItemQuery(StrictSerializer):
    """Parameters of the shelf."""

    category = serializers.IntegerField(required=False, min_value=1, max_value=MAX_ID)
    type = serializers.ChoiceField(choices=ItemKind.choices, required=False)
    affordable = serializers.BooleanField(required=False, allow_null=True, default=None)
    ordering = serializers.ChoiceField(choices=["price_points", "-price_points", "newest"], required=False)
    cursor = serializers.CharField(required=False, allow_blank=True)
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=100)


class RedemptionQuery(StrictSerializer):
    """Parameters of the list of redemptions."""

    status = serializers.ChoiceField(choices=RedemptionStatus.choices, required=False)
    cursor = serializers.CharField(required=False, allow_blank=True)
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=100)


class RedemptionIn(StrictSerializer):
    """What a member wants."""

    item_id = StrictIntegerField(min_value=1, max_value=MAX_ID)
    sku = StrictCharField(required=False, max_length=64)
    quantity = StrictIntegerField(required=False, default=1, min_value=1, max_value=MAX_QUANTITY)
    address_id = StrictIntegerField(required=False, min_value=1, max_value=MAX_ID)
    note = StrictCharField(required=False, default="", allow_blank=True, max_length=200)


class CategoryOut(serializers.Serializer[Any]):
    """A shelf of the mall."""

    id = serializers.IntegerField()
    name = serializers.CharField()


class ReasonOut(serializers.Serializer[Any]):
    """Why an item cannot be redeemed."""

    code = serializers.CharField()
    message = serializers.CharField()
    missing_points = serializers.IntegerField(required=False)
    available_at = serializers.DateTimeField(required=False)


class RedeemableOut(serializers.Serializer[Any]):
    """May the calling member redeem one of it now?"""

    ok = serializers.BooleanField()
    reasons = ReasonOut(many=True)


class ItemOut(serializers.Serializer[Any]):
    """An item as the calling member sees it."""

    id = serializers.IntegerField()
    type = serializers.ChoiceField(choices=ItemKind.choices)
    title = serializers.CharField()
    description = serializers.CharField()
    picture_url = serializers.CharField()
    emoji = serializers.CharField()
    category = CategoryOut(allow_null=True)
    price_points = serializers.IntegerField()
    price_fen = serializers.IntegerField()
    market_price_fen = serializers.IntegerField()
    stock_left = serializers.IntegerField()
    per_member_limit = serializers.IntegerField(allow_null=True)
    min_tier_level = serializers.IntegerField()
    opens_at = serializers.DateTimeField(allow_null=True)
    closes_at = serializers.DateTimeField(allow_null=True)
    redeemable = RedeemableOut()


class ItemPage(serializers.Serializer[Any]):
    """One page of the shelf."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = ItemOut(many=True)


class RedeemedItemOut(serializers.Serializer[Any]):
    """The item of a redemption."""

    id = serializers.IntegerField()
    type = serializers.ChoiceField(choices=ItemKind.choices)
    title = serializers.CharField()
    picture_url = serializers.CharField()
    emoji = serializers.CharField()


class TrackingOut(serializers.Serializer[Any]):
    """Where the parcel is."""

    carrier = serializers.CharField()
    tracking_no = serializers.CharField()
    shipped_at = serializers.DateTimeField()


class RedemptionOut(serializers.Serializer[Any]):
    """A redemption of the calling member."""

    no = serializers.CharField()
    status = serializers.ChoiceField(choices=RedemptionStatus.choices)
    item = RedeemedItemOut()
    quantity = serializers.IntegerField()
    points = serializers.IntegerField()
    cash_fen = serializers.IntegerField()
    codes = serializers.ListField(child=serializers.CharField(), required=False)
    tracking = TrackingOut(required=False)
    cancel_reason = serializers.CharField(required=False)
    created_at = serializers.DateTimeField()


class RedemptionPage(serializers.Serializer[Any]):
    """One page of redemptions."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = RedemptionOut(many=True)


def item_body(row: Row, reasons: Sequence[Reason]) -> dict[str, Any]:
    """Return an item as ItemOut describes it."""
    category = {"id": row["category_id"], "name": row["category__name"]} if row["category_id"] else None
    return {
        "id": row["id"],
        "type": row["kind"],
        "title": row["title"],
        "description": row["description"],
        "picture_url": row["picture_url"],
        "emoji": row["emoji"],
        "category": category,
        "price_points": row["price_points"],
        # Items are paid with points alone so far.
        "price_fen": 0,
        "market_price_fen": row["market_price_fen"],
        "stock_left": row["stock_left"],
        "per_member_limit": row["per_member_limit"],
        "min_tier_level": row["min_tier_level"],
        "opens_at": row["opens_at"],
        "closes_at": row["closes_at"],
        "redeemable": {"ok": not reasons, "reasons": [reason.as_dict() for reason in reasons]},
    }


def redemption_body(row: Row, codes: Sequence[str] = ()) -> dict[str, Any]:
    """Return a redemption as RedemptionOut describes it. Only ever shown to its owner: it holds the codes."""
    body = {
        "no": row["no"],
        "status": row["status"],
        "item": {
            "id": row["item_id"],
            "type": row["item__kind"],
            "title": row["item__title"],
            "picture_url": row["item__picture_url"],
            "emoji": row["item__emoji"],
        },
        "quantity": row["quantity"],
        "points": row["points"],
        "cash_fen": row["cash_fen"],
        "created_at": row["placed_at"],
    }
    if codes:
        body["codes"] = list(codes)
    if row["shipped_at"]:
        body["tracking"] = {name: row[name] for name in ("carrier", "tracking_no", "shipped_at")}
    if row["cancel_reason"]:
        body["cancel_reason"] = row["cancel_reason"]
    return body
