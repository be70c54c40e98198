"""Shapes of growth's requests and answers."""

import re
from typing import Any

from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from core.serializers import MAX_AMOUNT, MomentField, StrictCharField, StrictIntegerField, StrictSerializer
from growth.models import BehaviourCode

MONTH = re.compile(r"^20\d\d-(0[1-9]|1[0-2])\Z")
EVENT_ID = RegexValidator(r"^[\x21-\x7e]+\Z")
MAX_EVENTS = 1000


class MonthQuery(StrictSerializer):
    """Parameters of the calendar."""

    month = serializers.RegexField(MONTH, required=False, help_text="YYYY-MM, business days; default: this month")


class OrderLine(StrictSerializer):
    """One line of an order."""

    sku = StrictCharField(max_length=64)
    quantity = StrictIntegerField(min_value=1, max_value=100_000, default=1)
    amount_fen = StrictIntegerField(min_value=0, max_value=MAX_AMOUNT, required=False)


class OrderPaidData(StrictSerializer):
    """`data` of order_paid."""

    order_no = StrictCharField(max_length=64)
    # 0: paid by a voucher, or a gift. It earns nothing by amount, but it is an order.
    amount_fen = StrictIntegerField(min_value=0, max_value=MAX_AMOUNT)
    items = OrderLine(many=True, required=False)
    group_no = StrictCharField(max_length=64, required=False)


class OrderCompletedData(StrictSerializer):
    """`data` of order_completed."""

    order_no = StrictCharField(max_length=64)


class OrderRefundedData(StrictSerializer):
    """`data` of order_refunded."""

    order_no = StrictCharField(max_length=64)
    refund_no = StrictCharField(max_length=40)
    refund_fen = StrictIntegerField(min_value=1, max_value=MAX_AMOUNT)


class ReviewPostedData(StrictSerializer):
    """`data` of review_posted."""

    review_id = StrictCharField(max_length=64)
    order_no = StrictCharField(max_length=64, required=False)


DATA_OF: dict[str, type[StrictSerializer]] = {
    BehaviourCode.ORDER_PAID: OrderPaidData,
    BehaviourCode.ORDER_COMPLETED: OrderCompletedData,
    BehaviourCode.ORDER_REFUNDED: OrderRefundedData,
    BehaviourCode.REVIEW_POSTED: ReviewPostedData,
}


class MemberRef(StrictSerializer):
    """How a partner names a member: by exactly one of these."""

    no = StrictCharField(max_length=20, required=False)
    openid = StrictCharField(max_length=64, required=False)
    unionid = StrictCharField(max_length=64, required=False)

    def validate(self, attrs: dict[str, str]) -> dict[str, str]:
        if len(attrs) != 1:
            raise serializers.ValidationError(_("Name the member by exactly one of no, openid, unionid."))
        return attrs


class EventIn(StrictSerializer):
    """One event. Which fields `data` has depends on the behaviour."""

    event_id = StrictCharField(max_length=100, validators=[EVENT_ID])
    behaviour = serializers.ChoiceField(choices=list(DATA_OF))
    member = MemberRef()
    occurred_at = MomentField()

    def get_fields(self) -> dict[str, Any]:
        # Added here because a serializer has an attribute `data` of its own.
        return super().get_fields() | {"data": serializers.DictField()}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        data = DATA_OF[attrs["behaviour"]](data=attrs["data"])
        if not data.is_valid():
            raise serializers.ValidationError({"data": data.errors})
        return attrs | {"data": data.validated_data}


class BreakdownLine(serializers.Serializer[Any]):
    """One step of how an award came about."""

    step = serializers.CharField()
    text = serializers.CharField()
    points = serializers.IntegerField()


class Breakdown(serializers.Serializer[Any]):
    """How one rule came to its points."""

    rule = serializers.CharField()
    version = serializers.IntegerField()
    title = serializers.CharField()
    points = serializers.IntegerField()
    lines = BreakdownLine(many=True)


class AwardOut(serializers.Serializer[Any]):
    """Points given, or waiting."""

    points = serializers.IntegerField()
    pending = serializers.BooleanField(required=False)
    available_at = serializers.DateTimeField(allow_null=True, required=False)
    expires_on = serializers.DateField(required=False)
    breakdown = Breakdown(many=True, required=False)


class EventOut(serializers.Serializer[Any]):
    """The answer to one event."""

    event_id = serializers.CharField()
    status = serializers.ChoiceField(choices=["awarded", "pending", "held", "none", "duplicate", "error"])
    award = AwardOut(required=False)
    code = serializers.CharField(required=False)
    message = serializers.CharField(required=False)


class RefusedEventOut(EventOut):
    """The answer to an event that is not valid: also what is wrong, field by field."""

    def get_fields(self) -> dict[str, Any]:
        return super().get_fields() | {"fields": serializers.DictField(required=False)}


class EventsOut(serializers.Serializer[Any]):
    """The answers, in the order of the events."""

    results = RefusedEventOut(many=True)


class CheckInOut(serializers.Serializer[Any]):
    """A day's check-in."""

    on = serializers.DateField()
    streak = serializers.IntegerField()
    award = AwardOut()


class NextBonus(serializers.Serializer[Any]):
    """The nearest streak bonus: `days` still to go, the `streak` that will be, and its `points`."""

    days = serializers.IntegerField()
    points = serializers.IntegerField()
    streak = serializers.IntegerField()


class CalendarOut(serializers.Serializer[Any]):
    """A month of check-ins."""

    days = serializers.ListField(child=serializers.DateField())
    streak = serializers.IntegerField()
    today = serializers.BooleanField()
    next_bonus = NextBonus(allow_null=True)


class TaskOut(serializers.Serializer[Any]):
    """A way to earn."""

    code = serializers.CharField()
    behaviour = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    explanation = serializers.CharField()
    points = serializers.IntegerField()
    pending_days = serializers.IntegerField()
    done_today = serializers.BooleanField(allow_null=True)
