"""Shapes of the ledger's answers and query parameters."""

from typing import Any

from rest_framework import serializers

from core.serializers import MAX_AMOUNT, StrictCharField, StrictIntegerField, StrictSerializer
from points.models import Entry, EntryKind, Hold, TransferStatus
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


class TransferQuery(StrictSerializer):
    """Parameters of the list of transfers."""

    direction = serializers.ChoiceField(choices=["sent", "received"], required=False)
    cursor = serializers.CharField(required=False)
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=100)


class PendingQuery(StrictSerializer):
    """Parameters of the list of pending points."""

    cursor = serializers.CharField(required=False)
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=100)


class TransferIn(StrictSerializer):
    """What a member gives, and to whom."""

    to_member_no = StrictCharField(max_length=20)
    points = StrictIntegerField(min_value=1, max_value=MAX_AMOUNT)
    message = StrictCharField(required=False, default="", allow_blank=True, max_length=100)


class OtherMemberOut(serializers.Serializer[Any]):
    """The other end of a transfer: enough to see that it was the right one, and no more."""

    no = serializers.CharField()
    nickname = serializers.CharField(help_text="Masked: its first character only.")


class TransferOut(serializers.Serializer[Any]):
    """A transfer as the calling member sees it."""

    no = serializers.CharField()
    direction = serializers.ChoiceField(choices=["sent", "received"])
    member = OtherMemberOut()
    points = serializers.IntegerField()
    message = serializers.CharField()
    status = serializers.ChoiceField(choices=TransferStatus.choices)
    created_at = serializers.DateTimeField()


class MadeTransferOut(TransferOut):
    """A transfer that was made now."""

    balance_after = serializers.IntegerField()


class TransferPage(serializers.Serializer[Any]):
    """One page of transfers."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = TransferOut(many=True)


class TransferTermsOut(serializers.Serializer[Any]):
    """What the member may give away, and what is left of it today."""

    open = serializers.BooleanField()
    min_tier = serializers.CharField(allow_null=True)
    tier_ok = serializers.BooleanField()
    max_points = serializers.IntegerField()
    daily_points = serializers.IntegerField()
    daily_points_left = serializers.IntegerField()
    daily_count = serializers.IntegerField()
    daily_count_left = serializers.IntegerField()


class PendingOut(serializers.ModelSerializer[Hold]):
    """Points that wait. `held`: without a day, until somebody has looked at them."""

    held = serializers.BooleanField()
    available_at = serializers.DateTimeField(allow_null=True)

    class Meta:
        model = Hold
        fields = [
            "id", "points", "source", "title", "breakdown", "held", "available_at", "expires_on", "occurred_at"
        ]  # fmt: skip


class PendingPage(serializers.Serializer[Any]):
    """One page of pending points."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = PendingOut(many=True)


def transfer_body(row: dict[str, Any], *, member_id: int) -> dict[str, Any]:
    """Return a transfer, from a row of the selectors, as this one of its two members sees it."""
    sent = row["member_id"] == member_id
    other = "to_member" if sent else "member"
    return {
        "no": row["no"],
        "direction": "sent" if sent else "received",
        "member": {"no": row[f"{other}__no"], "nickname": masked(row[f"{other}__nickname"])},
        "points": row["points"],
        "message": row["message"],
        "status": row["status"],
        "created_at": row["made_at"],
    }


def masked(nickname: str) -> str:
    """Return a nickname as other members may see it: it says neither the whole name nor how long it is."""
    return f"{nickname[0]}**" if nickname else ""


def pending_line(row: dict[str, Any]) -> dict[str, Any]:
    """Return one line of the pending points from a row of the selectors."""
    return {
        "id": row["id"],
        "points": row["left"],
        "source": row["source"],
        "title": title_of(row["title"], EntryKind.AWARD),
        "breakdown": row["breakdown"],
        "held": row["release_at"] is None,
        "available_at": row["release_at"],
        "expires_on": row["expires_on"],
        "occurred_at": row["occurred_at"],
    }
