"""Balance and statement."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.business_time import business_day, now
from core.callers import caller_of
from core.pagination import NewestFirst
from points import selectors
from points.serializers import ENTRY_COLUMNS, BalanceOut, EntryPage, StatementQuery, entry_line


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
