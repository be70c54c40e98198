"""Building blocks for request bodies: they refuse what the contract does not name."""

import re
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

# The largest number of points or fen one request may carry: far above any business, far below 2**63.
MAX_AMOUNT = 1_000_000_000
RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


class StrictIntegerField(serializers.IntegerField):
    """A JSON integer: no text, no fraction, no true/false."""

    default_error_messages = {"not_integer": _("A JSON integer is required.")}

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("not_integer")
        return super().to_internal_value(data)


class StrictCharField(serializers.CharField):
    """A JSON string: no number, no true/false."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class MomentField(serializers.DateTimeField):
    """A time as RFC 3339 has it, with its offset: without one nobody knows which moment is meant."""

    def to_internal_value(self, value: Any) -> datetime:
        if not isinstance(value, str) or not RFC3339.fullmatch(value):
            self.fail("invalid", format="YYYY-MM-DDThh:mm:ss±hh:mm")
        return super().to_internal_value(value.upper())


class StrictSerializer(serializers.Serializer[Any]):
    """A body in which every field is known; unknown ones are refused, so a misspelled option is never ignored."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and (unknown := set(data) - set(self.fields)):
            raise serializers.ValidationError({name: [_("Unknown field.")] for name in sorted(unknown)})
        return super().to_internal_value(data)


class NothingIn(StrictSerializer):
    """A body without fields: `{}`, or none at all."""
