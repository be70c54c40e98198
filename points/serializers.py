"""Shapes of the ledger's answers and query parameters."""

from typing import Any

from rest_framework import serializers

from core.serializers import StrictSerializer
from points.models import EntryKind
from points.selectors import title_of


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


class EntryOut(serializers.Serializer[Any]):
    """One line of the statement."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=EntryKind.choices)
    amount = serializers.IntegerField()
    balance_after = serializers.IntegerField()
    source = serializers.CharField()
    title = serializers.CharField()
    breakdown = serializers.JSONField(allow_null=True)
    occurred_at = serializers.DateTimeField()
    created_at = serializers.DateTimeField()


ENTRY_COLUMNS = [
    "id", "kind", "amount", "balance_after", "source", "title", "breakdown", "occurred_at", "created_at"
]  # fmt: skip


def entry_line(row: dict[str, Any]) -> dict[str, Any]:
    """Return one statement line from a row of ENTRY_COLUMNS."""
    return row | {"title": title_of(row["title"], row["kind"])}
