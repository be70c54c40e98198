"""Admin building blocks, and the outbox as staff see it."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from simple_history.admin import SimpleHistoryAdmin
from unfold.admin import ModelAdmin

from core import jobs
from core.business_time import now
from core.models import OutboxJob


class ReadOnlyAdmin(ModelAdmin):
    """Pages of rows that services own: to be looked at, never to be edited by hand."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ConfigurationAdmin(SimpleHistoryAdmin, ModelAdmin):
    """Pages of rows that staff edit. Each save leaves a former version, to be read and to be gone back to."""

    def history_form_view(
        self, request: HttpRequest, object_id: str, version_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        # simple-history hides its button from those who may only look, but would still save what they send.
        if request.method == "POST" and not self.has_change_permission(request):
            raise PermissionDenied
        # As on admin's own page: the row, its version and the log line are written together.
        with transaction.atomic():
            page: HttpResponse = super().history_form_view(request, object_id, version_id, extra_context)
        return page

    def set_history_delta_changes(self, request: HttpRequest, historical_records: Any, *args: Any, **more: Any) -> None:
        super().set_history_delta_changes(request, historical_records, *args, **more)
        for record in historical_records:
            # The theme would print None.
            record.history_change_reason = record.history_change_reason or "-"


@admin.register(OutboxJob)
class OutboxJobAdmin(ReadOnlyAdmin):
    """Jobs: what waits, what was done, what was given up."""

    list_display = ["name", "created_at", "due_at", "attempts", "done_at", "failed_at"]
    list_filter = [("failed_at", admin.EmptyFieldListFilter), ("done_at", admin.EmptyFieldListFilter), "name"]
    ordering = ["-id"]
    actions = ["retry_given_up"]

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("core.change_outboxjob"))

    @admin.action(description=_("Try again"), permissions=["retry"])
    def retry_given_up(self, request: HttpRequest, queryset: QuerySet[OutboxJob]) -> None:
        count = jobs.retry(job_ids=list(queryset.values_list("pk", flat=True)), at=now())
        text = ngettext("%(count)d job opened again.", "%(count)d jobs opened again.", count) % {"count": count}
        self.message_user(request, text, messages.SUCCESS)
