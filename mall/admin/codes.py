"""Coupon codes: to be looked at, and to be taken out of use."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from core.admin import ReadOnlyAdmin
from core.admin_pages import done, form_page, posted, refused
from core.errors import DomainError
from mall.admin.forms import ConfirmForm
from mall.models import CodeStatus, CouponCode
from mall.services import codes

SHOWN_SIGNS = 4


@admin.register(CouponCode)
class CouponCodeAdmin(ReadOnlyAdmin):
    """The codes behind coupon items. A code is worth money: it is masked unless staff may read it."""

    list_display = ["id", "item", "shown_code", "status", "redemption", "imported_at", "assigned_at"]
    list_select_related = ["item", "redemption"]
    list_filter = ["status", ("item", admin.RelatedOnlyFieldListFilter)]
    ordering = ["-id"]
    show_full_result_count = False
    fields = ["item", "shown_code", "status", "redemption", "imported_at", "assigned_at"]
    actions_detail = ["void"]

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        by_code = ["=code"] if request.user.has_perm("mall.view_code_text") else []
        return ["=redemption__no", *by_code]

    def get_list_display(self, request: HttpRequest) -> list[str]:
        return _with_code(list(self.list_display), request)

    def get_fields(self, request: HttpRequest, obj: CouponCode | None = None) -> list[str]:
        return _with_code(list(self.fields), request)

    @display(description=_("coupon code"))
    def shown_code(self, code: CouponCode) -> str:
        """Show the last signs, enough to compare with what a member reads out."""
        return "•••• " + code.code[-SHOWN_SIGNS:] if len(code.code) > 2 * SHOWN_SIGNS else "••••"

    def has_void_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        free = CouponCode.objects.filter(status=CodeStatus.FREE)
        return (
            request.user.has_perm("mall.import_codes")
            and object_id is not None
            and object_id.isdecimal()
            and free.filter(pk=object_id).exists()
        )

    @action(description=_("Void"), icon="block", url_path="void", permissions=["void"])
    def void(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take a free code out of use."""
        code = get_object_or_404(CouponCode.objects.select_related("item"), pk=object_id)
        form = ConfirmForm(posted(request))
        if form.is_valid():
            try:
                codes.void_code(code_id=code.pk)
            except DomainError as error:
                return refused(request, code, error)
            return done(self, request, code, str(_("The code was voided.")))
        summary = _("The code will never be handed out, and the stock of %(item)s falls by one.") % {"item": code.item}
        return form_page(self, request, code, form, title=_("Void"), submit=_("Void"), summary=summary)


def _with_code(names: list[str], request: HttpRequest) -> list[str]:
    if not request.user.has_perm("mall.view_code_text"):
        return names
    return ["code" if name == "shown_code" else name for name in names]
