"""What members gave each other, and taking it back."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from core.admin import ReadOnlyAdmin
from core.admin_pages import done, form_page, posted, refused, staff_id
from core.business_time import business_day, now
from core.errors import DomainError
from points.admin.forms import ReversalForm, named
from points.models import Transfer, TransferStatus
from points.selectors import available
from points.services.transfers import take_back_transfer


@admin.register(Transfer)
class TransferAdmin(ReadOnlyAdmin):
    """Every transfer, the newest first."""

    list_display = ["no", "member", "to_member", "points", "shown_status", "made_at"]
    list_select_related = ["member", "to_member"]
    list_filter = ["status", "made_at"]
    search_fields = ["=no", "=member__no", "=to_member__no"]
    search_help_text = _("Number of the transfer, or of one of its members.")
    ordering = ["-id"]
    show_full_result_count = False
    actions_detail = ["take_back"]
    fieldsets = [
        (None, {"fields": ["no", "member", "to_member", "points", "message", "status", "made_at"]}),
        (_("Taken back"), {"fields": ["recovered", "owed", "reversed_by", "reversed_at", "reversal_reason"]}),
    ]

    @display(
        description=_("status"),
        ordering="status",
        label={TransferStatus.DONE: "success", TransferStatus.REVERSED: "danger"},
    )
    def shown_status(self, transfer: Transfer) -> tuple[str, str]:
        """Show the status with its colour."""
        return transfer.status, transfer.get_status_display()

    def has_take_back_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        if object_id is None or not object_id.isdecimal() or not request.user.has_perm("points.reverse_transfer"):
            return False
        return Transfer.objects.filter(pk=object_id, status=TransferStatus.DONE).exists()

    @action(
        description=_("Take back"),
        icon="undo",
        url_path="take-back",
        permissions=["take_back"],
        variant=ActionVariant.DANGER,
    )
    def take_back(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give the points back to the sender, for a reason."""
        transfer = get_object_or_404(Transfer, pk=object_id)
        form = ReversalForm(posted(request))
        if form.is_valid():
            try:
                taken = take_back_transfer(
                    transfer_id=transfer.pk, staff_id=staff_id(request), at=now(), **form.cleaned_data
                )
            except DomainError as error:
                return refused(request, transfer, error)
            text = _("Taken back: %(recovered)d points; the receiver owes %(owed)d.")
            return done(self, request, transfer, text % {"recovered": taken.posted, "owed": taken.owed})
        has = available(member_id=transfer.to_member_id, on=business_day(now()))
        facts = [
            (_("points given"), f"{transfer.points:,}"),
            (_("sender"), named(transfer.member)),
            (_("receiver"), named(transfer.to_member)),
            (_("the receiver has now"), f"{has:,}"),
            (_("of it can come back"), f"{min(has, transfer.points):,}"),
            (_("missing"), f"{max(transfer.points - has, 0):,}"),
        ]
        title = _("Take back transfer")
        return form_page(self, request, transfer, form, title=title, submit=title, facts=facts)
