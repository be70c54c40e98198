"""Balance, statement, pending points, transfers."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.business_time import business_day, now
from core.callers import caller_of
from core.idempotency import idempotent, key_of
from core.pagination import NewestFirst
from points import selectors
from points.selectors import pending, transfers
from points.serializers import (
    ENTRY_COLUMNS,
    BalanceOut,
    EntryPage,
    MadeTransferOut,
    PendingPage,
    PendingQuery,
    StatementQuery,
    TransferIn,
    TransferOut,
    TransferPage,
    TransferQuery,
    TransferTermsOut,
    entry_line,
    pending_line,
    transfer_body,
)
from points.services.transfers import Gift, give

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    required=True,
    description="1 to 200 visible characters; the same key and body get the first answer again.",
)


class BalanceView(APIView):
    """What the member has."""

    @extend_schema(summary="Balance, pending points, debt, and what expires when", responses=BalanceOut)
    def get(self, request: Request) -> Response:
        """Answer the balance of the calling member."""
        return Response(selectors.balance(member_id=caller_of(request).member_id, on=business_day(now())))


class EntriesView(APIView):
    """The member's statement."""

    @extend_schema(summary="Statement, newest first", parameters=[StatementQuery], responses=EntryPage)
    def get(self, request: Request) -> Response:
        """Answer one page of the calling member's entries."""
        query = StatementQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        entries = selectors.statement(member_id=caller_of(request).member_id, kind=query.validated_data.get("kind"))
        pages = NewestFirst()
        rows: list[Any] = pages.paginate_queryset(entries.values(*ENTRY_COLUMNS), request, view=self) or []
        return pages.get_paginated_response([entry_line(row) for row in rows])


class PendingView(APIView):
    """What the member waits for."""

    @extend_schema(
        operation_id="points_pending_list",
        summary="Pending points, newest first",
        parameters=[PendingQuery],
        responses=PendingPage,
    )
    def get(self, request: Request) -> Response:
        """Answer one page of the calling member's pending points."""
        PendingQuery(data=request.query_params.dict()).is_valid(raise_exception=True)
        pages = NewestFirst()
        waiting = pending.waiting(member_id=caller_of(request).member_id)
        rows: list[Any] = pages.paginate_queryset(waiting, request, view=self) or []
        return pages.get_paginated_response([pending_line(row) for row in rows])


class TransfersView(APIView):
    """What the member gave and was given."""

    @extend_schema(
        operation_id="points_transfers_list",
        summary="Transfers, sent and received, newest first",
        parameters=[TransferQuery],
        responses=TransferPage,
    )
    def get(self, request: Request) -> Response:
        """Answer one page of the calling member's transfers."""
        query = TransferQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        member_id = caller_of(request).member_id
        mine = transfers.transfers(member_id=member_id, direction=query.validated_data.get("direction"))
        pages = NewestFirst()
        rows: list[Any] = pages.paginate_queryset(mine, request, view=self) or []
        return pages.get_paginated_response([transfer_body(row, member_id=member_id) for row in rows])

    @extend_schema(
        summary="Give points to another member",
        parameters=[IDEMPOTENCY_KEY],
        request=TransferIn,
        responses={
            201: MadeTransferOut,
            400: OpenApiResponse(description="invalid, transfer_to_self"),
            402: OpenApiResponse(description="insufficient_points"),
            403: OpenApiResponse(description="member_frozen"),
            404: OpenApiResponse(description="receiver_unknown"),
            409: OpenApiResponse(
                description="transfers_closed, tier_too_low, transfer_limit, receiver_unavailable, request_key_used"
            ),
        },
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Move points to the member with this number; they keep their expiry day."""
        body = TransferIn(data=request.data)
        body.is_valid(raise_exception=True)
        member_id = caller_of(request).member_id
        given = give(gift=Gift(member_id=member_id, request_key=key_of(request), **body.validated_data), at=now())
        row = transfers.transfer(member_id=member_id, no=given.transfer.no)
        return Response(transfer_body(row, member_id=member_id) | {"balance_after": given.balance_after}, status=201)


class TransferTermsView(APIView):
    """What the member may give."""

    @extend_schema(summary="Limits for giving points away, and what is left of them today", responses=TransferTermsOut)
    def get(self, request: Request) -> Response:
        """Answer the limits in force for the calling member."""
        return Response(transfers.terms(member_id=caller_of(request).member_id, on=business_day(now())))


class TransferView(APIView):
    """One transfer."""

    @extend_schema(
        summary="One transfer", responses={200: TransferOut, 404: OpenApiResponse(description="transfer_not_found")}
    )
    def get(self, request: Request, no: str) -> Response:
        """Answer a transfer that the calling member gave or was given."""
        member_id = caller_of(request).member_id
        return Response(transfer_body(transfers.transfer(member_id=member_id, no=no), member_id=member_id))
