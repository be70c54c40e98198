"""Partner systems and their keys. A secret is shown once, on the page that answers the issuing."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import TabularInline
from unfold.decorators import action
from unfold.widgets import UnfoldAdminSplitDateTimeWidget, UnfoldAdminTextareaWidget, UnfoldBooleanSwitchWidget

from core.admin import ConfigurationAdmin, ReadOnlyAdmin
from core.business_time import now
from members.models import Partner, PartnerKey
from members.services import partners

# A method's name: unfold looks a permission's up in a check that runs before the first migration.
MAY_ISSUE = ["issue"]


class KeyForm(forms.Form):
    """What a new key may do, and how long."""

    behaviours = forms.CharField(
        label=_("behaviours"),
        help_text=_("Codes the key may report, one per line. Empty: all."),
        required=False,
        widget=UnfoldAdminTextareaWidget,
    )
    may_report_history = forms.BooleanField(
        label=_("may report history"),
        help_text=_("May report events older than 30 days."),
        required=False,
        widget=UnfoldBooleanSwitchWidget,
    )
    expires_at = forms.SplitDateTimeField(
        label=_("expires at"),
        help_text=_("Empty: holds until revoked."),
        required=False,
        widget=UnfoldAdminSplitDateTimeWidget,
    )

    def clean_behaviours(self) -> list[str]:
        return str(self.cleaned_data["behaviours"]).split()


class KeyInline(TabularInline):
    """The partner's keys, without their secrets."""

    model = PartnerKey
    fields = ["key_id", "behaviours", "may_report_history", "created_at", "expires_at", "revoked_at"]
    readonly_fields = fields
    ordering = ["-id"]
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Partner | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Partner | None = None) -> bool:
        return False


@admin.register(Partner)
class PartnerAdmin(ConfigurationAdmin):
    """Partner systems."""

    list_display = ["name", "code"]
    search_fields = ["name", "code"]
    ordering = ["code"]
    inlines = [KeyInline]
    actions_detail = ["issue_key"]

    def get_readonly_fields(self, request: HttpRequest, obj: Partner | None = None) -> list[str]:
        return ["code"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Partner | None = None) -> bool:
        return False

    def has_issue_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm("members.add_partnerkey"))

    @action(description=_("Issue a key"), permissions=MAY_ISSUE, url_path="issue-key", icon="key")
    def issue_key(self, request: HttpRequest, object_id: str) -> HttpResponse:
        partner = self._partner(request, object_id)
        form = KeyForm(request.POST or None)
        issued = None
        if request.method == "POST" and form.is_valid():
            issued = partners.issue_partner_key(partner_code=partner.code, **form.cleaned_data, at=now())
            self.log_change(request, partner, f"issued key {issued.key_id}")
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "title": _("Issue a key"),
            "original": partner,
            "form": form,
            "issued": issued,
            "media": self.media + form.media,
        }
        # The page holds the secret and is in no cache: the admin site sends no-store with all its pages.
        return TemplateResponse(request, "admin/members/issue_key.html", context)

    def _partner(self, request: HttpRequest, object_id: str) -> Partner:
        try:
            partner: Partner = self.get_queryset(request).get(pk=object_id)
        except (ObjectDoesNotExist, ValueError) as error:
            raise Http404 from error
        return partner


@admin.register(PartnerKey)
class PartnerKeyAdmin(ReadOnlyAdmin):
    """Keys of all partners, to find one by its id and to revoke it."""

    list_display = ["key_id", "partner", "may_report_history", "created_at", "expires_at", "revoked_at"]
    list_select_related = ["partner"]
    list_filter = ["partner", ("revoked_at", admin.EmptyFieldListFilter)]
    search_fields = ["=key_id"]
    ordering = ["-id"]
    actions = ["revoke"]

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("members.change_partnerkey"))

    @admin.action(description=_("Revoke"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[PartnerKey]) -> None:
        revoked = [key for key in queryset if partners.revoke_partner_key(key_id=key.key_id, at=now())]
        for key in revoked:
            self.log_change(request, key, "revoked")
        text = ngettext("%(count)d key revoked.", "%(count)d keys revoked.", len(revoked)) % {"count": len(revoked)}
        self.message_user(request, text, messages.SUCCESS)
