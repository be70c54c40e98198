"""Redemptions: the queue of goods to ship, and what happened to each order."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import action, display

from core.admin import ReadOnlyAdmin
from core.admin_pages import done, form_page, posted, refused
from core.business_time import now
from core.errors import DomainError
from mall.admin.forms import CancelForm, ConfirmForm, ShipForm
from mall.models import NEXT, Redemption, RedemptionMove, RedemptionStatus
from mall.services import cancel as cancelling
from mall.services import deliver
from mall.services.moves import BY_MEMBER, BY_SYSTEM

STATUS_COLOURS = {
    RedemptionStatus.PLACED: "info",
    RedemptionStatus.PAID: "warning",
    RedemptionStatus.FULFILLING: "warning",
    RedemptionStatus.SHIPPED: "info",
    RedemptionStatus.COMPLETED: "success",
    RedemptionStatus.CANCELLED: "danger",
}
ADDRESS_PARTS = ("recipient", "phone", "region", "detail")


class MoveInline(TabularInline):
    """Every change of state: when, by whom, why."""

    model = RedemptionMove
    fields = ["at", "old", "new", "shown_by", "because"]
    readonly_fields = fields
    ordering = ["id"]
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Redemption | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Redemption | None = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Redemption | None = None) -> bool:
        return bool(request.user.has_perm("mall.view_redemption"))

    @display(description=_("by"))
    def shown_by(self, move: RedemptionMove) -> str:
        """Name who made the move, as staff say it."""
        return str({BY_MEMBER: _("member"), BY_SYSTEM: _("System")}.get(move.by, move.by))


@admin.register(Redemption)
class RedemptionAdmin(ReadOnlyAdmin):
    """Orders paid with points. "To be shipped" in the status filter is the working list."""

    list_display = ["no", "member", "item", "quantity", "points", "shown_status", "placed_at", "tracking_no"]
    list_select_related = ["member", "item"]
    list_filter = ["status", "item__kind", "placed_at"]
    search_fields = ["=no", "=member__no", "=tracking_no"]
    ordering = ["-id"]
    show_full_result_count = False
    inlines = [MoveInline]
    actions_detail = ["ship", "complete", "cancel"]
    fieldsets = [
        (None, {"fields": ["no", "member", "item", "quantity", "points", "status", "note"]}),
        (_("Shipping"), {"fields": ["shown_address", "carrier", "tracking_no"]}),
        (_("Times"), {"fields": ["placed_at", "paid_at", "shipped_at", "completed_at", "cancelled_at"]}),
    ]

    def get_fieldsets(self, request: HttpRequest, obj: Redemption | None = None) -> list[Any]:
        may_read = request.user.has_perm("mall.ship_redemption") or request.user.has_perm("members.view_personal_data")
        shipping = [name for name in ("shown_address", "carrier", "tracking_no") if may_read or name != "shown_address"]
        return [
            (title, options | {"fields": shipping} if "shown_address" in options["fields"] else options)
            for title, options in self.fieldsets
        ]

    @display(description=_("status"), ordering="status", label=STATUS_COLOURS)
    def shown_status(self, redemption: Redemption) -> tuple[str, str]:
        """Show the status with its colour."""
        return redemption.status, redemption.get_status_display()

    @display(description=_("address"))
    def shown_address(self, redemption: Redemption) -> str:
        """Show the copy of the address made when the member redeemed, on one line."""
        return " · ".join(str(redemption.address[part]) for part in ADDRESS_PARTS) if redemption.address else "-"

    def has_ship_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return _may(request, "ship", object_id, to=RedemptionStatus.SHIPPED)

    def has_complete_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        # Coupons become completed by their codes; what staff completes was shipped.
        return _may(request, "ship", object_id, to=RedemptionStatus.COMPLETED, only_from=RedemptionStatus.SHIPPED)

    def has_cancel_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return _may(request, "cancel", object_id, to=RedemptionStatus.CANCELLED)

    @action(description=_("Ship"), icon="local_shipping", url_path="ship", permissions=["ship"])
    def ship(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Enter carrier and tracking number."""
        redemption = get_object_or_404(Redemption, pk=object_id)
        form = ShipForm(posted(request))
        if form.is_valid():
            try:
                deliver.ship(redemption_id=redemption.pk, by=request.user.get_username(), at=now(), **form.cleaned_data)
            except DomainError as error:
                return refused(request, redemption, error)
            return done(self, request, redemption, str(_("Shipped.")))
        summary = f"{redemption.item} × {redemption.quantity} · {self.shown_address(redemption)}"
        return form_page(self, request, redemption, form, title=_("Ship"), submit=_("Ship"), summary=summary)

    @action(description=_("Complete"), icon="task_alt", url_path="complete", permissions=["complete"])
    def complete(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Close what has arrived."""
        redemption = get_object_or_404(Redemption, pk=object_id)
        if request.method == "POST":
            try:
                deliver.complete(redemption_id=redemption.pk, by=request.user.get_username(), at=now())
            except DomainError as error:
                return refused(request, redemption, error)
            return done(self, request, redemption, str(_("Completed.")))
        summary = _("The parcel has arrived and nothing is left to do.")
        return form_page(
            self, request, redemption, ConfirmForm(), title=_("Complete"), submit=_("Complete"), summary=summary
        )

    @action(description=_("Cancel"), icon="undo", url_path="cancel", permissions=["cancel"])
    def cancel(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give points and stock back, for a reason."""
        redemption = get_object_or_404(Redemption, pk=object_id)
        form = CancelForm(posted(request))
        if form.is_valid():
            try:
                cancelling.cancel_by_staff(
                    redemption_id=redemption.pk,
                    because=form.cleaned_data["because"],
                    by=request.user.get_username(),
                    at=now(),
                )
            except DomainError as error:
                return refused(request, redemption, error)
            return done(self, request, redemption, str(_("Cancelled; the points were given back.")))
        summary = _("The member gets %(points)d points back.") % {"points": redemption.points}
        return form_page(
            self,
            request,
            redemption,
            form,
            title=_("Cancel redemption"),
            submit=_("Cancel redemption"),
            summary=summary,
        )


def _may(
    request: HttpRequest,
    permission: str,
    object_id: str | None,
    *,
    to: RedemptionStatus,
    only_from: RedemptionStatus | None = None,
) -> bool:
    """Return whether staff may make this move, and whether the redemption can make it from where it is."""
    if object_id is None or not object_id.isdecimal() or not request.user.has_perm(f"mall.{permission}_redemption"):
        return False
    legal = [only_from] if only_from else [old for old, new in NEXT.items() if to in new]
    return Redemption.objects.filter(pk=object_id, status__in=legal).exists()
