"""The ladder of tiers: configuration, with history."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget

from core.admin import ConfigurationAdmin
from members.models import Tier
from members.rules import is_ladder


class TierForm(forms.ModelForm[Tier]):
    """A tier; its benefits one per line."""

    benefits = forms.CharField(
        label=_("benefits"), help_text=_("One per line."), required=False, widget=UnfoldAdminTextareaWidget
    )

    class Meta:
        model = Tier
        fields = ["code", "name", "level", "growth_threshold", "earn_multiplier", "benefits"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["benefits"] = "\n".join(self.instance.benefits)

    def clean_benefits(self) -> list[str]:
        lines = (line.strip() for line in self.cleaned_data["benefits"].splitlines())
        return [line for line in lines if line]

    def clean(self) -> dict[str, Any]:
        facts: dict[str, Any] = super().clean() or {}
        if {"level", "growth_threshold"} <= facts.keys():
            others = Tier.objects.exclude(pk=self.instance.pk).values_list("level", "growth_threshold")
            if not is_ladder([*others, (facts["level"], facts["growth_threshold"])]):
                raise forms.ValidationError(
                    _("The lowest tier needs no growth value, and each higher one more than the one below it.")
                )
        return facts


@admin.register(Tier)
class TierAdmin(ConfigurationAdmin):
    """Tiers. A changed threshold counts from the next points a member earns."""

    form = TierForm
    list_display = ["name", "code", "level", "growth_threshold", "earn_multiplier"]
    ordering = ["level"]

    def get_readonly_fields(self, request: HttpRequest, obj: Tier | None = None) -> list[str]:
        # Programmes and clients know a tier by its code.
        return ["code"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Tier | None = None) -> bool:
        return False
