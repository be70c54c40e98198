"""Shapes of the ledger's answers and query parameters."""

from typing import Any

from rest_framework import serializers

from core.serializers import StrictSerializer
from points.models import Entry, EntryKind
from points.selectors import title_of

ENTRY_COLUMNS = [
    "id", "kind", "amount", "balance_after", "source", "title", "breakdown", "occurred_at", "created_at"
]  # fmt: skip


class StatementQuery(StrictSerializer):
    """Parameters of the statement."""

    kind = serializers.ChoiceField(choices=EntryKind.choices, required=False)
    cursor = serializers.CharField(required=False)
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=100)


class ExpiringOut(serializers.Serializer[Any]):
    """Points that expire at the end of one business day."""

    on = serializers.DateField()
    points = serializers.IntegerField()


class BalanceOut(serializers.Serializer[Any]):
    """What a member has."""

    balance = serializers.IntegerField()
    pending = serializers.IntegerField()
    debt = serializers.IntegerField()
    earned_total = serializers.IntegerField()
    spent_total = serializers.IntegerField()
    expired_total = serializers.IntegerField()
    expiring = ExpiringOut(many=True)


class EntryOut(serializers.ModelSerializer[Entry]):
    """One line of the statement, for the API's document; pages are made from plain rows, which is twice as fast."""

    class Meta:
        model = Entry
        fields = ENTRY_COLUMNS


class EntryPage(serializers.Serializer[Any]):
    """One page of the statement; `next` and `previous` are values for the `cursor` parameter."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = EntryOut(many=True)


def entry_line(row: dict[str, Any]) -> dict[str, Any]:
    """Return one statement line from a row of ENTRY_COLUMNS."""
    return row | {"title": title_of(row["title"], row["kind"])}
