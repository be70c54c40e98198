"""The ledger's own figures, as staff set them."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Field
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget

from core.admin import ConfigurationAdmin
from members.selectors import tier_names
from points.models import LedgerPolicy


@admin.register(LedgerPolicy)
class LedgerPolicyAdmin(ConfigurationAdmin):
    """The ledger's own figures: one row, grouped by what they are about."""

    list_display = ["__str__", "grace_days", "adjustment_threshold", "transfers_open", "transfer_daily_points"]
    fieldsets = [
        (_("Expiry"), {"fields": ["grace_days"]}),
        (
            _("Adjustments"),
            {
                "fields": ["adjustment_threshold", "adjustment_months"],
                "description": _("Both ways are added up, so that a large adjustment cannot be made of small ones."),
            },
        ),
        (
            _("Transfers"),
            {
                "fields": [
                    "transfers_open",
                    "transfer_min_tier",
                    ("transfer_max_points", "transfer_daily_points", "transfer_daily_count"),
                ],
                "description": _(
                    "Days are days in Shanghai. What was taken back later counts for the day all the same."
                ),
            },
        ),
    ]

    def formfield_for_dbfield(self, db_field: Field[Any, Any], request: HttpRequest, **more: Any) -> Any:
        if db_field.name == "transfer_min_tier":
            return _tier_field(db_field)
        return super().formfield_for_dbfield(db_field, request, **more)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: LedgerPolicy | None = None) -> bool:
        return False


def _tier_field(column: Field[Any, Any]) -> forms.ChoiceField:
    """Let staff choose among the tiers that exist."""
    return forms.ChoiceField(
        label=column.verbose_name,
        required=False,
        choices=lambda: [("", _("everybody")), *tier_names()],
        widget=UnfoldAdminSelectWidget,
    )
