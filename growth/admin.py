"""Growth in admin: rules to be edited, facts to be read."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from core.admin import ConfigurationAdmin, ReadOnlyAdmin
from growth import rules
from growth.models import Behaviour, CheckIn, EarnRule, Order
from growth.selectors import terms_of


@admin.register(EarnRule)
class EarnRuleAdmin(ConfigurationAdmin):
    """Rules. Each save is a new version, and awards name the version that made them."""

    list_display = ["name", "behaviour", "summary", "daily_cap", "pending_days", "is_active", "starts_at", "ends_at"]
    list_filter = ["behaviour", "is_active"]
    search_fields = ["code", "name"]
    ordering = ["sort", "code"]
    readonly_fields = ["version", "summary"]
    fieldsets = [
        (None, {"fields": ["code", "name", "description", "behaviour", "is_active", "sort", "version"]}),
        (
            _("How many points"),
            {
                "fields": [
                    "summary",
                    "formula",
                    "points",
                    "per_fen",
                    "bonus_from_fen",
                    "bonus_points",
                    "streak_days",
                    "tier_multiplies",
                    "daily_cap",
                ]
            },
        ),
        (_("When they count"), {"fields": ["pending_days", "take_back", "expiry", "expiry_number", "expires_on"]}),
        (_("When the rule applies"), {"fields": ["starts_at", "ends_at"]}),
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: EarnRule | None = None) -> list[str]:
        # Entries and orders name the rule by its code.
        return [*self.readonly_fields, "code"] if obj else list(self.readonly_fields)

    def has_delete_permission(self, request: HttpRequest, obj: EarnRule | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: EarnRule, form: Any, change: bool) -> None:  # noqa: FBT001
        if change:
            # Counted from the row, not from the form: a form opened earlier, or a former version that is gone back
            # to, holds an old number, and one number must never stand for two sets of terms.
            obj.version = EarnRule.objects.select_for_update().values_list("version", flat=True).get(pk=obj.pk) + 1
        super().save_model(request, obj, form, change)

    @admin.display(description=_("in words"))
    def summary(self, rule: EarnRule) -> str:
        return rules.explain(terms_of(rule)) if rule.pk else "-"


@admin.register(Behaviour)
class BehaviourAdmin(ReadOnlyAdmin):
    """What partners reported, and what was answered."""

    list_display = ["event_id", "member", "code", "origin", "occurred_at", "created_at"]
    list_select_related = ["member"]
    list_filter = ["code", "origin"]
    search_fields = ["=event_id", "=member__no"]
    ordering = ["-id"]
    show_full_result_count = False


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    """Purchases."""

    list_display = ["order_no", "member", "partner", "paid_yuan", "refunded_yuan", "paid_at", "completed_at"]
    list_select_related = ["member", "partner"]
    list_filter = ["partner"]
    search_fields = ["=order_no", "=member__no"]
    ordering = ["-id"]
    show_full_result_count = False

    @admin.display(description=_("paid (yuan)"), ordering="amount_fen")
    def paid_yuan(self, order: Order) -> str:
        return rules.yuan(order.amount_fen)

    @admin.display(description=_("refunded (yuan)"), ordering="refunded_fen")
    def refunded_yuan(self, order: Order) -> str:
        return rules.yuan(order.refunded_fen)


@admin.register(CheckIn)
class CheckInAdmin(ReadOnlyAdmin):
    """Check-ins."""

    list_display = ["member", "on", "streak", "created_at"]
    list_select_related = ["member"]
    search_fields = ["=member__no"]
    ordering = ["-id"]
    show_full_result_count = False
