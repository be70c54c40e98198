"""The mall's part of the API: shelf, redeem, my redemptions."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.business_time import business_day, now
from core.callers import caller_of
from core.idempotency import idempotent, key_of
from core.pagination import NewestFirst
from core.serializers import NothingIn
from mall import selectors
from mall.serializers import (
    CategoryOut,
    ItemOut,
    ItemPage,
    ItemQuery,
    RedemptionIn,
    RedemptionOut,
    RedemptionPage,
    RedemptionQuery,
    item_body,
    redemption_body,
)
from mall.services.cancel import cancel
from mall.services.deliver import confirm_receipt
from mall.services.redeem import Wish, redeem
from points.selectors import available

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    required=True,
    description="1 to 200 visible characters; the same key and body get the first answer again.",
)
NOT_FOUND = OpenApiResponse(description="Not there, or not the calling member's.")


class ItemPages(NewestFirst):
    """Pages of the shelf, in the order asked for; by default in the order staff gave it."""

    ORDERINGS = {
        "price_points": ("price_points", "-id"),
        "-price_points": ("-price_points", "-id"),
        "newest": ("-id",),
    }

    def get_ordering(self, request: Any, queryset: Any, view: Any) -> tuple[str, ...]:
        return self.ORDERINGS.get(request.query_params.get("ordering", ""), ("sort", "-id"))


class CategoriesView(APIView):
    """The shelves."""

    @extend_schema(summary="Categories", responses=CategoryOut(many=True))
    def get(self, request: Request) -> Response:
        """Answer all categories in their order."""
        return Response(selectors.categories())


class ItemsView(APIView):
    """What is on offer."""

    @extend_schema(
        operation_id="mall_items_list",
        summary="Items, each with whether it can be redeemed",
        parameters=[ItemQuery],
        responses=ItemPage,
    )
    def get(self, request: Request) -> Response:
        """Answer one page of items; the number of queries does not grow with it."""
        query = ItemQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        member_id, at = caller_of(request).member_id, now()
        items = selectors.items()
        if category := query.validated_data.get("category"):
            items = items.filter(category_id=category)
        if kind := query.validated_data.get("type"):
            items = items.filter(kind=kind)
        if (affordable := query.validated_data["affordable"]) is not None:
            points = available(member_id=member_id, on=business_day(at))
            items = items.filter(price_points__lte=points) if affordable else items.filter(price_points__gt=points)
        pages = ItemPages()
        rows = pages.paginate_queryset(items, request, view=self) or []
        reasons = selectors.reasons_by_item(member_id=member_id, shown=rows, at=at)
        return pages.get_paginated_response([item_body(row, reasons[row["id"]]) for row in rows])


class ItemView(APIView):
    """One item."""

    @extend_schema(summary="One item, with whether it can be redeemed", responses={200: ItemOut, 404: NOT_FOUND})
    def get(self, request: Request, item_id: int) -> Response:
        """Answer the item with every reason against redeeming it."""
        member_id = caller_of(request).member_id
        row = selectors.item(item_id=item_id, member_id=member_id)
        reasons = selectors.reasons_by_item(member_id=member_id, shown=[row], at=now())
        return Response(item_body(row, reasons[item_id]))


class RedemptionsView(APIView):
    """The calling member's redemptions."""

    @extend_schema(
        operation_id="mall_redemptions_list",
        summary="My redemptions, newest first",
        parameters=[RedemptionQuery],
        responses=RedemptionPage,
    )
    def get(self, request: Request) -> Response:
        """Answer one page of redemptions with the codes handed out."""
        query = RedemptionQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        mine = selectors.redemptions(member_id=caller_of(request).member_id)
        if status := query.validated_data.get("status"):
            mine = mine.filter(status=status)
        pages = NewestFirst()
        rows = pages.paginate_queryset(mine, request, view=self) or []
        codes = selectors.codes_of(redemption_ids=[row["id"] for row in rows])
        return pages.get_paginated_response([redemption_body(row, codes.get(row["id"], ())) for row in rows])

    @extend_schema(
        summary="Redeem an item",
        parameters=[IDEMPOTENCY_KEY],
        request=RedemptionIn,
        responses={
            201: RedemptionOut,
            402: OpenApiResponse(description="insufficient_points"),
            403: OpenApiResponse(description="member_frozen"),
            404: OpenApiResponse(description="item_not_found, sku_not_found, address_not_found"),
            409: OpenApiResponse(
                description="sold_out, limit_reached, tier_too_low, not_open_yet, closed, not_listed;"
                " detail.reasons has all that apply"
            ),
        },
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Pay with points; codes follow within seconds, goods are shipped by staff."""
        body = RedemptionIn(data=request.data)
        body.is_valid(raise_exception=True)
        wish = Wish(member_id=caller_of(request).member_id, request_key=key_of(request), **body.validated_data)
        return Response(redemption_body(redeem(wish=wish, at=now())), status=201)


class RedemptionView(APIView):
    """One redemption."""

    @extend_schema(summary="One of my redemptions", responses={200: RedemptionOut, 404: NOT_FOUND})
    def get(self, request: Request, no: str) -> Response:
        """Answer the redemption with its codes or its parcel."""
        return _shown(request, no)


class CancelView(APIView):
    """Call a redemption off."""

    @extend_schema(
        summary="Cancel a redemption",
        parameters=[IDEMPOTENCY_KEY],
        request=NothingIn,
        responses={200: RedemptionOut, 404: NOT_FOUND, 409: OpenApiResponse(description="not_cancellable")},
    )
    @idempotent
    def post(self, request: Request, no: str) -> Response:
        """Give the points back, unless a code was handed out or the parcel is under way."""
        NothingIn(data=request.data).is_valid(raise_exception=True)
        cancel(member_id=caller_of(request).member_id, no=no, at=now())
        return _shown(request, no)


class ReceiptView(APIView):
    """The parcel has come."""

    @extend_schema(
        summary="Confirm that the goods have arrived",
        request=NothingIn,
        responses={200: RedemptionOut, 404: NOT_FOUND, 409: OpenApiResponse(description="not_shipped")},
    )
    def post(self, request: Request, no: str) -> HttpResponse:
        """Complete a shipped redemption; saying so again changes nothing."""
        NothingIn(data=request.data).is_valid(raise_exception=True)
        confirm_receipt(member_id=caller_of(request).member_id, no=no, at=now())
        return _shown(request, no)


def _shown(request: Request, no: str) -> Response:
    row = selectors.redemption(member_id=caller_of(request).member_id, no=no)
    codes = selectors.codes_of(redemption_ids=[row["id"]])
    return Response(redemption_body(row, codes.get(row["id"], ())))
