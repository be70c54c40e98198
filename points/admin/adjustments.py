"""Corrections by staff: asked for, and above the threshold decided by somebody else."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Case, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from core.admin import ReadOnlyAdmin
from core.admin_pages import done, form_page, posted, refused, staff_id
from core.business_time import business_day, now
from core.errors import DomainError
from points.admin.forms import AdjustmentForm, DecisionForm, named
from points.models import Adjustment, AdjustmentStatus, LedgerPolicy
from points.selectors import available
from points.selectors.adjustments import adjusted_alone
from points.services.adjustments import Request, approve_adjustment, reject_adjustment, request_adjustment

STATUS_COLOURS = {
    AdjustmentStatus.WAITING: "warning",
    AdjustmentStatus.BOOKED: "success",
    AdjustmentStatus.REJECTED: "danger",
    AdjustmentStatus.WITHDRAWN: "info",
}
Decide = Callable[..., Adjustment]


@admin.register(Adjustment)
class AdjustmentAdmin(ReadOnlyAdmin):
    """What staff gave and took, what waits for a second person first."""

    list_display = ["id", "member", "signed", "shown_status", "reason", "requested_by", "requested_at", "decided_by"]
    list_select_related = ["member", "requested_by", "decided_by"]
    list_filter = ["status", "reason", "needs_approval", "requested_by", "requested_at"]
    search_fields = ["=member__no", "note"]
    search_help_text = _("Member number, or part of the explanation.")
    ordering = [Case(When(status=AdjustmentStatus.WAITING, then=Value(0)), default=Value(1)), "-id"]
    show_full_result_count = False
    actions_detail = ["approve", "reject", "withdraw"]
    readonly_fields = ["signed"]
    fieldsets = [
        (None, {"fields": ["member", "signed", "status", "reason", "note", "title"]}),
        (_("Effect"), {"fields": ["expires_on", "counts_for_growth"]}),
        (
            _("Request and decision"),
            {"fields": ["requested_by", "requested_at", "decided_by", "decided_at", "decision_note"]},
        ),
    ]

    @display(description=_("points"), ordering="points")
    def signed(self, adjustment: Adjustment) -> str:
        """Show which way the points go."""
        return f"{adjustment.points:+,d}"

    @display(description=_("status"), ordering="status", label=STATUS_COLOURS)
    def shown_status(self, adjustment: Adjustment) -> tuple[str, str]:
        """Show the status with its colour."""
        return adjustment.status, adjustment.get_status_display()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("points.add_adjustment"))

    def has_approve_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return _may_decide(request, object_id)

    has_reject_permission = has_approve_permission

    def has_withdraw_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return _waiting(object_id, requested_by=request.user.pk)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask for an adjustment: fill in, look at what will happen, send."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = AdjustmentForm(posted(request), initial={"member": request.GET.get("member")})
        title, submit = _("New adjustment"), _("Continue")
        if form.is_valid():
            if form.is_confirmed():
                try:
                    return self._request(request, form)
                except DomainError as error:
                    form.add_error(None, str(error.message))
            form, submit = (form, submit) if form.errors else (form.to_be_confirmed(), _("Send"))
            return form_page(self, request, None, form, title=title, submit=submit, **_forecast(request, form))
        return form_page(self, request, None, form, title=title, submit=submit, summary=_terms())

    @action(
        description=_("Approve"),
        icon="task_alt",
        url_path="approve",
        permissions=["approve"],
        variant=ActionVariant.SUCCESS,
    )
    def approve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Book what somebody else asked for."""
        return self._decide(request, object_id, approve_adjustment, title=_("Approve"), said=_("Booked."))

    @action(
        description=_("Reject"), icon="block", url_path="reject", permissions=["reject"], variant=ActionVariant.DANGER
    )
    def reject(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Refuse what somebody else asked for."""
        return self._decide(request, object_id, reject_adjustment, title=_("Reject"), said=_("Rejected."))

    @action(description=_("Withdraw"), icon="undo", url_path="withdraw", permissions=["withdraw"])
    def withdraw(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take one's own request back."""
        return self._decide(request, object_id, reject_adjustment, title=_("Withdraw"), said=_("Withdrawn."))

    def _request(self, request: HttpRequest, form: AdjustmentForm) -> HttpResponse:
        facts = form.cleaned_data
        wish = Request(
            member_id=facts["member"].pk,
            key=facts["request_key"],
            **{name: facts[name] for name in ("points", "reason", "note", "title", "expires_on", "counts_for_growth")},
        )
        made = request_adjustment(request=wish, staff_id=staff_id(request), at=now())
        said = _("Booked.") if made.status == AdjustmentStatus.BOOKED else _("Waits for a second person.")
        return done(self, request, made, str(said))

    def _decide(self, request: HttpRequest, object_id: str, decide: Decide, *, title: Any, said: Any) -> HttpResponse:
        adjustment = get_object_or_404(Adjustment, pk=object_id)
        form = DecisionForm(posted(request))
        if form.is_valid():
            try:
                decide(
                    adjustment_id=adjustment.pk, staff_id=staff_id(request), note=form.cleaned_data["note"], at=now()
                )
            except DomainError as error:
                return refused(request, adjustment, error)
            return done(self, request, adjustment, str(said))
        facts = [
            (_("member"), named(adjustment.member)),
            (_("points"), self.signed(adjustment)),
            (_("balance"), f"{available(member_id=adjustment.member_id, on=business_day(now())):,}"),
            (_("asked for by"), adjustment.requested_by),
            (_("reason"), adjustment.get_reason_display()),
            (_("explanation"), adjustment.note),
        ]
        return form_page(self, request, adjustment, form, title=title, submit=title, facts=facts)


def _terms() -> str:
    threshold = LedgerPolicy.objects.get().adjustment_threshold
    text = _("Up to %(points)s points per member and day are booked at once; beyond it a second person must agree.")
    return str(text % {"points": f"{threshold:,}"})


def _forecast(request: HttpRequest, form: AdjustmentForm) -> dict[str, Any]:
    """Say what will happen when the form is sent."""
    member, points = form.cleaned_data["member"], form.cleaned_data["points"]
    on = business_day(now())
    has = available(member_id=member.pk, on=on)
    used = adjusted_alone(member_id=member.pk, staff_id=staff_id(request), on=on)
    if used + abs(points) <= LedgerPolicy.objects.get().adjustment_threshold:
        summary = _("It will be booked at once.")
    else:
        summary = _("It will wait for a second person: that is more than one person may move.")
    facts = [
        (_("member"), named(member)),
        (_("points"), f"{points:+,d}"),
        (_("balance now"), f"{has:,}"),
        (_("balance afterwards"), f"{has + points:,}" if has + points >= 0 else _("not enough points")),
        (_("moved by you today"), f"{used:,}"),
    ]
    return {"summary": summary, "facts": facts}


def _waiting(object_id: str | None, **facts: Any) -> bool:
    if object_id is None or not object_id.isdecimal():
        return False
    return Adjustment.objects.filter(pk=object_id, status=AdjustmentStatus.WAITING, **facts).exists()


def _may_decide(request: HttpRequest, object_id: str | None) -> bool:
    """Return whether this is for the user to decide: it waits, and somebody else asked for it."""
    if not request.user.has_perm("points.approve_adjustment"):
        return False
    return _waiting(object_id) and not _waiting(object_id, requested_by=request.user.pk)
