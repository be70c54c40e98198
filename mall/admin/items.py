"""Categories and items, with the two pages that change a stock."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.decorators import action, display

from core.admin import ConfigurationAdmin
from core.admin_pages import done, form_page, posted, refused
from core.business_time import now
from core.errors import DomainError
from mall.admin.forms import CodesForm, StockForm
from mall.models import Category, Item, ItemKind
from mall.services import codes, stock

# Low is a tenth of all there ever was, or less.
LOW_STOCK_SHARE = 10
STOCK_COLOURS = {"out": "danger", "low": "warning", "ok": "info"}


@admin.register(Category)
class CategoryAdmin(ConfigurationAdmin):
    """The shelves."""

    list_display = ["name", "sort"]


@admin.register(Item)
class ItemAdmin(ConfigurationAdmin):
    """What is offered. Items are taken off the list, never deleted: redemptions point at them."""

    list_display = ["title", "kind", "category", "price_points", "shown_stock", "stock_sold", "is_listed", "sort"]
    list_select_related = ["category"]
    list_filter = ["kind", "is_listed", "category"]
    search_fields = ["title"]
    ordering = ["sort", "-id"]
    actions_detail = ["import_codes", "add_stock"]
    fieldsets = [
        (None, {"fields": ["kind", "title", "description", "picture_url", "emoji", "category", "sort", "is_listed"]}),
        (_("Price"), {"fields": ["price_points", "market_price_fen"]}),
        (_("Who and when"), {"fields": ["per_member_limit", "min_tier_level", "opens_at", "closes_at"]}),
        (_("Stock"), {"fields": ["stock_total", "stock_left", "stock_sold"]}),
    ]
    readonly_fields = ["stock_total", "stock_left", "stock_sold"]

    def get_readonly_fields(self, request: HttpRequest, obj: Item | None = None) -> list[str]:
        # The stock of goods is typed in and that of coupons counted: one cannot become the other.
        return [*self.readonly_fields, "kind"] if obj else list(self.readonly_fields)

    def has_delete_permission(self, request: HttpRequest, obj: Item | None = None) -> bool:
        return False

    @display(description=_("stock left"), ordering="stock_left", label=STOCK_COLOURS)
    def shown_stock(self, item: Item) -> tuple[str, str]:
        """Show the stock, coloured when it is low or gone."""
        if item.stock_left == 0:
            return "out", str(_("sold out"))
        low = item.stock_left * LOW_STOCK_SHARE <= item.stock_total
        return ("low" if low else "ok"), str(item.stock_left)

    def has_import_codes_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("mall.import_codes") and _is_kind(object_id, ItemKind.COUPON)

    def has_add_stock_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return request.user.has_perm("mall.set_stock") and _is_kind(object_id, ItemKind.GOODS)

    @action(description=_("Import codes"), icon="upload", url_path="import-codes", permissions=["import_codes"])
    def import_codes(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Take a file of codes and report what became of each row."""
        item = get_object_or_404(Item, pk=object_id)
        form = CodesForm(posted(request), request.FILES if request.method == "POST" else None)
        report: Any = None
        if form.is_valid():
            try:
                report = codes.import_codes(item_id=item.pk, rows=form.cleaned_data["rows"], at=now())
            except DomainError as error:
                return refused(request, item, error)
            text = ngettext("%(count)d code imported.", "%(count)d codes imported.", report.added)
            self.log_change(request, item, text % {"count": report.added})
            form = CodesForm()
        return form_page(
            self,
            request,
            item,
            form,
            title=_("Import codes"),
            submit=_("Import"),
            template="admin/mall/form_page.html",
            report=report,
        )

    @action(description=_("Change stock"), icon="add_box", url_path="add-stock", permissions=["add_stock"])
    def add_stock(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Add pieces, or take unsold ones away."""
        item = get_object_or_404(Item, pk=object_id)
        form = StockForm(posted(request))
        if form.is_valid():
            delta = form.cleaned_data["delta"]
            try:
                stock.add_goods(item_id=item.pk, delta=delta)
            except DomainError as error:
                return refused(request, item, error)
            return done(self, request, item, str(_("Stock changed by %(delta)+d.") % {"delta": delta}))
        return form_page(self, request, item, form, title=_("Change stock"), submit=_("Save"))


def _is_kind(object_id: str | None, kind: ItemKind) -> bool:
    return object_id is not None and object_id.isdecimal() and Item.objects.filter(pk=object_id, kind=kind).exists()
