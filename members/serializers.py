"""Bodies that members send, and those they get."""

import re
from datetime import date
from typing import Any

from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from core.serializers import StrictCharField, StrictSerializer
from members.models import MemberStatus
from members.rules import birthday_is_possible, is_printable, is_visible

DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
visible_token = RegexValidator(r"\A[\x21-\x7e]+\Z", message=_("Only visible ASCII characters are allowed."))
phone_number = RegexValidator(r"\A\+?[0-9][0-9 -]{4,18}\Z", message=_("This is not a phone number."))


class LineField(StrictCharField):
    """One line of text as people write it, emoji included, without anything that upsets how a page is shown."""

    default_error_messages = {"unprintable": _("Control characters are not allowed.")}

    def to_internal_value(self, data: Any) -> str:
        if isinstance(data, str) and not is_printable(data):
            self.fail("unprintable")
        if isinstance(data, str) and not is_visible(data):
            self.fail("blank")
        return super().to_internal_value(data)


class StrictBooleanField(serializers.BooleanField):
    """A JSON true or false: no text, no number."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class BirthdayField(serializers.DateField):
    """A day of the past as YYYY-MM-DD. The serializer's context holds `today`, the business day."""

    default_error_messages = {"impossible": _("This cannot be a birthday.")}

    def to_internal_value(self, value: Any) -> date:
        if not isinstance(value, str) or not DAY.fullmatch(value):
            self.fail("invalid", format="YYYY-MM-DD")
        birthday = super().to_internal_value(value)
        if not birthday_is_possible(birthday, today=self.context["today"]):
            self.fail("impossible")
        return birthday


class LoginBody(StrictSerializer):
    code = StrictCharField(max_length=256, help_text="From wx.login.")
    device_id = StrictCharField(
        max_length=64, required=False, validators=[visible_token], help_text="The one a former login answered with."
    )
    invite_code = StrictCharField(max_length=64, required=False, validators=[visible_token])
    share_token = StrictCharField(max_length=64, required=False, validators=[visible_token])


class RefreshBody(StrictSerializer):
    refresh = StrictCharField(max_length=1000)


class ProfileBody(StrictSerializer):
    nickname = LineField(max_length=30, required=False)
    avatar_url = serializers.URLField(max_length=500, required=False, allow_blank=True)
    birthday = BirthdayField(required=False)

    def validate_avatar_url(self, value: str) -> str:
        """Refuse what a browser would not load into a page of ours."""
        if value and not value.startswith("https://"):
            raise serializers.ValidationError(_("Only https addresses are allowed."))
        return value


class AddressBody(StrictSerializer):
    recipient = LineField(max_length=50)
    phone = StrictCharField(max_length=20, validators=[phone_number])
    region = LineField(max_length=100, help_text="Province, city, district.")
    detail = LineField(max_length=200)
    is_default = StrictBooleanField(required=False)


class TierName(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = serializers.CharField()


class MemberAnswer(serializers.Serializer[Any]):
    no = serializers.CharField()
    nickname = serializers.CharField()
    avatar_url = serializers.CharField()
    birthday = serializers.DateField(allow_null=True)
    tier = TierName()
    growth_value = serializers.IntegerField()
    registered_at = serializers.DateTimeField()
    status = serializers.ChoiceField(choices=MemberStatus.choices)


class TokenAnswer(serializers.Serializer[Any]):
    access = serializers.CharField()
    refresh = serializers.CharField()
    expires_at = serializers.DateTimeField(help_text="When `access` ends.")


class LoginAnswer(TokenAnswer):
    device_id = serializers.CharField(help_text="Keep it, and send it with the next login.")
    member = MemberAnswer()


class NextTier(serializers.Serializer[Any]):
    tier = TierName()
    missing = serializers.IntegerField(help_text="Growth value still needed.")


class Retention(serializers.Serializer[Any]):
    until = serializers.DateField()
    spent_fen = serializers.IntegerField()
    earned_points = serializers.IntegerField()
    missing_fen = serializers.IntegerField()
    missing_points = serializers.IntegerField()
    kept = serializers.BooleanField()
    projected_tier = TierName()


class TierAnswer(serializers.Serializer[Any]):
    tier = TierName()
    growth_value = serializers.IntegerField()
    next = NextTier(allow_null=True)
    retention = Retention(allow_null=True, help_text="null while the tier has no end.")
    benefits = serializers.ListField(child=serializers.CharField())


class AddressAnswer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    recipient = serializers.CharField()
    phone = serializers.CharField()
    region = serializers.CharField()
    detail = serializers.CharField()
    is_default = serializers.BooleanField()


class PageQuery(StrictSerializer):
    """Parameters of a list that has no others."""

    cursor = serializers.CharField(required=False, allow_blank=True)
    page_size = serializers.IntegerField(required=False, min_value=1, max_value=100)


class AddressPage(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = AddressAnswer(many=True)


class InboxQuery(PageQuery):
    """Parameters of the inbox."""

    unread = serializers.BooleanField(required=False, help_text="true: only what is not read yet.")


class NoticeAnswer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    kind = serializers.CharField(help_text="For programs; more kinds may come.")
    title = serializers.CharField()
    body = serializers.CharField()
    params = serializers.DictField(help_text="The facts of the text.")
    created_at = serializers.DateTimeField()
    read_at = serializers.DateTimeField(allow_null=True)


class InboxPage(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    unread = serializers.IntegerField(help_text="How many of all notices are not read yet.")
    results = NoticeAnswer(many=True)


class SessionAnswer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    device_id = serializers.CharField(source="device.device_id", default=None, allow_null=True)
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    current = serializers.SerializerMethodField(help_text="The session of this very call.")

    def get_current(self, session: Any) -> bool:
        return bool(session.pk == self.context["session_id"])


class SessionList(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = SessionAnswer(many=True)
