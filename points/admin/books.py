"""The ledger in admin: to be read, never to be edited."""

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline

from core.admin import ConfigurationAdmin, ReadOnlyAdmin
from points.log_reading import leaf_index
from points.models import (
    Account,
    Audit,
    AuditFinding,
    BookDay,
    Checkpoint,
    Entry,
    FinancePolicy,
    Lot,
    SourceClass,
)
from points.models.finance import MOVEMENTS


@admin.register(Account)
class AccountAdmin(ReadOnlyAdmin):
    """What each member has."""

    list_display = ["member", "balance", "pending", "debt", "earned_total", "spent_total", "expired_total"]
    list_select_related = ["member"]
    search_fields = ["=member__no"]
    ordering = ["-balance", "member_id"]
    show_full_result_count = False


@admin.register(Entry)
class EntryAdmin(ReadOnlyAdmin):
    """Every movement."""

    list_display = ["id", "member", "kind", "title", "amount", "balance_after", "source", "occurred_at", "created_at"]
    list_select_related = ["member"]
    list_filter = ["kind", "counterparty"]
    search_fields = ["=member__no", "=key", "=source"]
    ordering = ["-id"]
    show_full_result_count = False
    exclude = ["lot_ids", "lot_points"]
    readonly_fields = ["shares", "sealed_as"]

    @admin.display(description=_("lots"))
    def shares(self, entry: Entry) -> str:
        days = dict(Lot.objects.filter(member_id=entry.member_id, pk__in=entry.lot_ids).values_list("pk", "expires_on"))
        moved = zip(entry.lot_ids, entry.lot_points, strict=True)
        return format_html_join(mark_safe("<br>"), "{}: {:+d}", ((days[lot], points) for lot, points in moved))

    @admin.display(description=_("sealed"))
    def sealed_as(self, entry: Entry) -> str:
        index = leaf_index(entry.pk)
        return str(_("not yet") if index is None else _("as leaf %(index)d of the log") % {"index": index})


@admin.register(Checkpoint)
class CheckpointAdmin(ReadOnlyAdmin):
    """What was signed: so many entries had this root then."""

    list_display = ["created_at", "size", "short_root", "last_entry_id"]
    ordering = ["-id"]
    exclude = ["root"]
    readonly_fields = ["whole_root"]
    show_full_result_count = False

    @admin.display(description=_("root"))
    def short_root(self, checkpoint: Checkpoint) -> str:
        return f"{bytes(checkpoint.root).hex()[:16]}…"

    @admin.display(description=_("root"))
    def whole_root(self, checkpoint: Checkpoint) -> str:
        return bytes(checkpoint.root).hex()


@admin.register(Lot)
class LotAdmin(ReadOnlyAdmin):
    """Points by the day they expire."""

    list_display = [
        "member", "source", "expires_on", "granted", "returned", "remaining", "spent", "expired", "taken_back"
    ]  # fmt: skip
    list_select_related = ["member"]
    list_filter = ["is_open", "source"]
    search_fields = ["=member__no"]
    ordering = ["expires_on", "id"]
    show_full_result_count = False


class AuditFindingInline(TabularInline):
    """What an audit found."""

    model = AuditFinding
    fields = ["invariant", "member_id", "subject", "expected", "actual"]
    readonly_fields = fields
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Audit | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Audit | None = None) -> bool:
        return False


@admin.register(Audit)
class AuditAdmin(ReadOnlyAdmin):
    """Every audit, the newest first."""

    list_display = ["started_at", "duration", "accounts", "entries", "findings_total"]
    ordering = ["-id"]
    inlines = [AuditFindingInline]

    @admin.display(description=_("seconds"))
    def duration(self, audit: Audit) -> str:
        return f"{(audit.finished_at - audit.started_at).total_seconds():.1f}"


@admin.register(BookDay)
class BookDayAdmin(ReadOnlyAdmin):
    """What finance closes, by source and expiry month."""

    list_display = ["on", "source", "expires_month", "pool", "opening", *MOVEMENTS, "closing"]
    list_filter = ["pool", "classified", "source"]
    date_hierarchy = "on"
    ordering = ["-on", "source", "expires_month"]


@admin.register(SourceClass)
class SourceClassAdmin(ConfigurationAdmin):
    """Which sources are deferred revenue. A change counts from the next day that is prepared."""

    list_display = ["prefix", "pool"]
    list_filter = ["pool"]
    ordering = ["prefix"]


@admin.register(FinancePolicy)
class FinancePolicyAdmin(ConfigurationAdmin):
    """Finance's estimates. A change counts from the next day that is prepared."""

    list_display = ["__str__", "point_fen", "redemption_rate"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: FinancePolicy | None = None) -> bool:
        return False
