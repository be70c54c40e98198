"""A member as staff see them: everything to be read, and what staff may do through a use case."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import TabularInline
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.forms import BaseDialogForm
from unfold.widgets import UnfoldAdminTextInputWidget

from core.admin import ReadOnlyAdmin
from core.business_time import now
from core.errors import DomainError
from members import panels
from members.models import Address, Identity, Member, MemberStatus, Session, StatusChange, TierChange
from members.services import accounts, sessions

PERSONAL_DATA = "members.view_personal_data"
# Asked of a method, not named as "members.freeze_member": unfold would look that up in a check that runs before
# the first migration has made the table of permissions.
MAY_FREEZE = ["freeze"]
# Why sessions end, as the use cases note it.
ENDS = {
    "": "-",
    "logged_out": _("logged out"),
    "ended_by_member": _("ended by the member from another device"),
    "ended_by_staff": _("ended by staff"),
    "account_closed": _("account closed"),
    "refresh_token_reused": _("an old refresh token was used again"),
}


class ReadOnlyInline(TabularInline):
    """Rows of a member that services own. `permission` replaces the model's own view permission."""

    extra = 0
    tab = True
    per_page = 20
    permission = "members.view_member"

    def has_view_permission(self, request: HttpRequest, obj: Member | None = None) -> bool:
        return bool(request.user.has_perm(self.permission))

    def has_add_permission(self, request: HttpRequest, obj: Member | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Member | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Member | None = None) -> bool:
        return False


class IdentityInline(ReadOnlyInline):
    model = Identity
    fields = ["kind", "openid", "unionid", "created_at"]
    ordering = ["id"]
    permission = PERSONAL_DATA


class AddressInline(ReadOnlyInline):
    model = Address
    fields = ["recipient", "phone", "region", "detail", "is_default", "deleted_at"]
    ordering = ["-id"]
    permission = PERSONAL_DATA


class SessionInline(ReadOnlyInline):
    model = Session
    fields = ["device", "created_at", "last_used_at", "expires_at", "revoked_at", "shown_because"]
    readonly_fields = ["shown_because"]
    ordering = ["-created_at"]

    @display(description=_("ended because"))
    def shown_because(self, session: Session) -> str:
        return str(ENDS.get(session.revoked_because, session.revoked_because))


class TierChangeInline(ReadOnlyInline):
    model = TierChange
    fields = ["at", "old", "new", "growth_value", "because"]
    ordering = ["-id"]


class StatusChangeInline(ReadOnlyInline):
    model = StatusChange
    fields = ["at", "old", "new", "because", "shown_by"]
    readonly_fields = ["shown_by"]
    ordering = ["-id"]

    @display(description=_("by"))
    def shown_by(self, change: StatusChange) -> str:
        return str(_("member")) if change.by == "member" else change.by


class ReasonForm(BaseDialogForm):
    """Why: it is kept with the change."""

    because = forms.CharField(label=_("reason"), max_length=200, widget=UnfoldAdminTextInputWidget)


def asking_why(title: Any, description: Any) -> dict[str, Any]:
    """Return unfold's description of a dialog that asks for the reason."""
    return {"title": title, "description": description, "form_class": ReasonForm, "form_submit_text": title}


def cell(column: panels.Column) -> Callable[[Member], Any]:
    """Return the function that shows a registered column."""

    name = f"panel_{column.name}"

    def value(member: Member) -> Any:
        return getattr(member, name)

    shown: Callable[[Member], Any] = display(value, description=column.label, ordering=name)
    return shown


@admin.register(Member)
class MemberAdmin(ReadOnlyAdmin):
    """Members, with the columns and tables that other apps add."""

    list_display = ["no", "nickname", "shown_status", "tier", "growth_value", "registered_at"]
    list_filter = ["status", "tier"]
    list_select_related = ["tier"]
    search_fields = ["no", "nickname"]
    search_help_text = _("Member number, part of the nickname, or a whole openid.")
    date_hierarchy = "registered_at"
    ordering = ["-id"]
    show_full_result_count = False
    inlines = [TierChangeInline, StatusChangeInline, SessionInline, AddressInline, IdentityInline]
    actions_detail = ["freeze", "unfreeze", "end_sessions"]
    change_form_outer_after_template = "admin/members/panels.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Member]:
        columns = {f"panel_{column.name}": column.expression for column in panels.columns.values()}
        members: QuerySet[Member] = super().get_queryset(request).annotate(**columns)
        return members

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return [*self.list_display, *(cell(column) for column in panels.columns.values())]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Member], search_term: str
    ) -> tuple[QuerySet[Member], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        by_openid = Identity.objects.filter(openid=term).values("member_id")
        return queryset.filter(Q(no=term) | Q(nickname__icontains=term) | Q(pk__in=by_openid)), False

    def get_fieldsets(self, request: HttpRequest, obj: Member | None = None) -> list[Any]:
        account = ["no", "nickname", "status", "tier", "tier_since", "growth_value", "registered_at"]
        sets = [(None, {"fields": account}), (_("How they came"), {"fields": ["invited_with", "shared_with"]})]
        if request.user.has_perm(PERSONAL_DATA):
            sets.append((_("Personal data"), {"fields": ["birthday", "birthday_set_at", "avatar_url"]}))
        return sets

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        allowed = [panel for panel in panels.panels if request.user.has_perm(panel.permission)]
        shown = [_filled(panel, int(object_id), request) for panel in allowed] if object_id.isdecimal() else []
        view: HttpResponse = super().change_view(
            request, object_id, form_url, {**(extra_context or {}), "panels": shown}
        )
        return view

    def has_freeze_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm("members.freeze_member"))

    @display(
        description=_("status"),
        ordering="status",
        label={MemberStatus.ACTIVE: "success", MemberStatus.FROZEN: "danger", MemberStatus.CLOSED: "info"},
    )
    def shown_status(self, member: Member) -> tuple[str, str]:
        return member.status, member.get_status_display()

    @action(
        description=_("Freeze"),
        permissions=MAY_FREEZE,
        variant=ActionVariant.DANGER,
        dialog=asking_why(_("Freeze"), _("The member can still read, but not move points, money or goods.")),
    )
    def freeze(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        reason = {"because": form.cleaned_data["because"], "by": request.user.get_username(), "at": now()}
        return self._answer(
            request, object_id, _("Frozen."), lambda: accounts.freeze(member_id=int(object_id), **reason)
        )

    @action(
        description=_("Unfreeze"),
        permissions=MAY_FREEZE,
        dialog=asking_why(_("Unfreeze"), _("The member can move points, money and goods again.")),
    )
    def unfreeze(self, request: HttpRequest, form: ReasonForm, object_id: str) -> HttpResponse:
        reason = {"because": form.cleaned_data["because"], "by": request.user.get_username(), "at": now()}
        return self._answer(
            request, object_id, _("Unfrozen."), lambda: accounts.unfreeze(member_id=int(object_id), **reason)
        )

    @action(
        description=_("End sessions"),
        permissions=MAY_FREEZE,
        dialog={
            "title": _("End sessions"),
            "description": _("The member is logged out everywhere and can log in again."),
            "form_class": None,
            "form_submit_text": _("End sessions"),
        },
    )
    def end_sessions(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        ended = sessions.revoke_sessions(member_id=int(object_id), because="ended_by_staff", at=now())
        text = ngettext("%(count)d session ended.", "%(count)d sessions ended.", ended) % {"count": ended}
        return self._answer(request, object_id, text, lambda: None)

    def _answer(self, request: HttpRequest, object_id: str, done: Any, use_case: Callable[[], None]) -> HttpResponse:
        """Run the use case and send the browser back to the member's page, where it says how that went."""
        try:
            use_case()
            self.message_user(request, done, messages.SUCCESS)
        except DomainError as refusal:
            self.message_user(request, refusal.message, messages.ERROR)
        return HttpResponse(headers={"HX-Redirect": reverse("admin:members_member_change", args=[object_id])})


def _filled(panel: panels.Panel, member_id: int, request: HttpRequest) -> dict[str, Any]:
    link = panel.link if panel.link and request.user.has_perm(panel.link.permission) else None
    return {
        "title": panel.title,
        "table": {
            "headers": panel.headers,
            "rows": [["-" if value is None else value for value in row] for row in panel.rows(member_id)],
        },
        "more": panel.more(member_id) if panel.more else None,
        "link": {"label": link.label, "address": link.address(member_id)} if link else None,
    }
