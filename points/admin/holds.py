"""Points that wait, and deciding on them."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from core.admin import ReadOnlyAdmin
from core.admin_pages import done, form_page, posted, refused, staff_id
from core.business_time import now
from core.errors import DomainError
from points.admin.forms import ReasonForm, named
from points.models import Hold, HoldChange, HoldStatus
from points.services.release import cancel_now, release_now

HELD = "held"
COLOURS = {HoldStatus.WAITING: "warning", HELD: "danger", HoldStatus.RELEASED: "success", HoldStatus.CANCELLED: "info"}


class HoldChangeInline(TabularInline):
    """What was taken off, and who decided."""

    model = HoldChange
    fields = ["occurred_at", "cancelled", "released", "staff", "reason"]
    readonly_fields = fields
    ordering = ["id"]
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Hold | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Hold | None = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Hold | None = None) -> bool:
        return bool(request.user.has_perm("points.view_hold"))


@admin.register(Hold)
class HoldAdmin(ReadOnlyAdmin):
    """Points that wait: for their day, or held until somebody has looked at them."""

    list_display = ["member", "title", "points", "cancelled", "shown_status", "release_at", "source", "occurred_at"]
    list_select_related = ["member"]
    list_filter = ["status", ("release_at", admin.EmptyFieldListFilter), "counterparty"]
    search_fields = ["=member__no", "=key"]
    ordering = ["-id"]
    show_full_result_count = False
    inlines = [HoldChangeInline]
    actions_detail = ["release", "cancel"]
    fieldsets = [
        (None, {"fields": ["member", "title", "points", "cancelled", "state", "release_at", "expires_on"]}),
        (_("Origin"), {"fields": ["source", "counterparty", "key", "breakdown", "occurred_at", "ended_at"]}),
    ]
    readonly_fields = ["state"]

    @display(description=_("status"), ordering="status", label=COLOURS)
    def shown_status(self, hold: Hold) -> tuple[str, Any]:
        """Show the status with its colour; what waits without a day is held."""
        if hold.status == HoldStatus.WAITING and hold.release_at is None:
            return HELD, _("held for review")
        return hold.status, hold.get_status_display()

    @display(description=_("status"))
    def state(self, hold: Hold) -> str:
        """Show the status in words."""
        return str(self.shown_status(hold)[1])

    def has_decide_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        if object_id is None or not object_id.isdecimal() or not request.user.has_perm("points.decide_hold"):
            return False
        return Hold.objects.filter(pk=object_id, status=HoldStatus.WAITING).exists()

    @action(
        description=_("Release now"),
        icon="lock_open",
        url_path="release",
        permissions=["decide"],
        variant=ActionVariant.SUCCESS,
    )
    def release(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let the points go before their day."""
        summary = _("The member can spend them at once; the growth value rises by as many.")
        said = _("Released: %(points)d points.")
        return self._decide(request, object_id, release_now, title=_("Release now"), summary=summary, said=said)

    @action(
        description=_("Cancel"), icon="block", url_path="cancel", permissions=["decide"], variant=ActionVariant.DANGER
    )
    def cancel(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Decide that the points do not come."""
        summary = _("The member does not get them. This cannot be undone.")
        said = _("Cancelled: %(points)d points.")
        return self._decide(request, object_id, cancel_now, title=_("Cancel points"), summary=summary, said=said)

    def _decide(
        self, request: HttpRequest, object_id: str, decide: Callable[..., int], *, title: Any, summary: Any, said: Any
    ) -> HttpResponse:
        hold = get_object_or_404(Hold, pk=object_id)
        form = ReasonForm(posted(request))
        if form.is_valid():
            try:
                points = decide(hold_id=hold.pk, staff_id=staff_id(request), at=now(), **form.cleaned_data)
            except DomainError as error:
                return refused(request, hold, error)
            return done(self, request, hold, said % {"points": points})
        day = date_format(localtime(hold.release_at), "SHORT_DATETIME_FORMAT") if hold.release_at else None
        facts = [
            (_("member"), named(hold.member)),
            (_("points"), f"{hold.points - hold.cancelled:,}"),
            (_("title"), hold.title or hold.source),
            (_("planned for"), day or _("held for review")),
        ]
        return form_page(self, request, hold, form, title=title, submit=title, summary=summary, facts=facts)
