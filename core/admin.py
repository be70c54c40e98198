"""Admin building blocks, and the outbox and the nightly runs as staff see them."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Count, Model, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from simple_history.admin import SimpleHistoryAdmin
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action, display
from unfold.forms import BaseDialogForm

from core import chain, jobs
from core.business_time import now
from core.models import ChainRun, ChainStep, OutboxJob, SetAside, StepState

SET_ASIDE_SHOWN = 100


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


class ChainStepInline(TabularInline):
    """How far each step of a run is."""

    model = ChainStep
    fields = [
        "shown_title", "shown_state", "rows", "points", "shown_chunks", "shown_seconds", "started_at", "finished_at",
        "stopped_because",
    ]  # fmt: skip
    readonly_fields = fields
    ordering = ["position", "id"]
    extra = 0
    can_delete = False
    # The rows' own names are codes.
    hide_title = True

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.has_perm("core.view_chainrun"))

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[ChainStep]:
        measured = {"chunk_count": Count("chunks"), "chunk_seconds": Sum("chunks__seconds")}
        steps: QuerySet[ChainStep] = super().get_queryset(request).annotate(**measured)
        return steps

    @display(description=_("step"))
    def shown_title(self, step: ChainStep) -> str:
        return _title(step.name)

    @display(
        description=_("state"),
        label={StepState.DONE: "success", StepState.STOPPED: "danger", StepState.STARTED: "info"},
    )
    def shown_state(self, step: ChainStep) -> tuple[str, str]:
        return step.state, str(step.state.label)

    @display(description=_("chunks"))
    def shown_chunks(self, step: ChainStep) -> str:
        return number_format(_annotated(step, "chunk_count"))

    @display(description=_("seconds"))
    def shown_seconds(self, step: ChainStep) -> str:
        return f"{_annotated(step, 'chunk_seconds'):.1f}"


@admin.register(ChainRun)
class ChainRunAdmin(ReadOnlyAdmin):
    """The nights: what each step did, what was set aside, and a way to go on."""

    list_display = ["on", "shown_state", "started_at", "finished_at", "shown_open"]
    ordering = ["-on", "-id"]
    date_hierarchy = "on"
    fieldsets = [
        (None, {"fields": ["on", "state_in_words", "started_at", "finished_at"]}),
        (_("Set aside"), {"fields": ["shown_set_aside"]}),
    ]
    readonly_fields = ["state_in_words", "shown_set_aside"]
    inlines = [ChainStepInline]
    actions_detail = ["resume"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ChainRun]:
        counts = {
            "open_count": Count("steps__set_aside", filter=Q(steps__set_aside__settled_at=None), distinct=True),
            "stopped_count": Count("steps", filter=~Q(steps__stopped_because=""), distinct=True),
        }
        runs: QuerySet[ChainRun] = super().get_queryset(request).annotate(**counts)
        return runs

    def has_resume_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm("core.resume_chainrun"))

    @display(
        description=_("state"),
        label={"clean": "success", "set_aside": "warning", "stopped": "danger", "started": "info"},
    )
    def shown_state(self, run: ChainRun) -> tuple[str, str]:
        if not run.finished_at:
            state = StepState.STOPPED if _annotated(run, "stopped_count") else StepState.STARTED
            return state.value, str(state.label)
        return ("set_aside", str(_("rows set aside"))) if _annotated(run, "open_count") else ("clean", str(_("clean")))

    @display(description=_("state"))
    def state_in_words(self, run: ChainRun) -> str:
        # The coloured label is for lists: a run's own page would print both its halves.
        return str(self.shown_state(run)[1])

    @display(description=_("set aside"), ordering="open_count")
    def shown_open(self, run: ChainRun) -> str:
        return number_format(_annotated(run, "open_count"))

    @display(description=_("still to be done"))
    def shown_set_aside(self, run: ChainRun) -> str:
        left = SetAside.objects.filter(step__run=run, settled_at=None).select_related("step")
        rows = left.order_by("step__position", "subject_id")
        lines = format_html_join(
            SafeString("<br>"),
            '{} · <a class="underline" href="{}">#{}</a> · {}',
            (
                (_title(row.step.name), _subject_page(row.subject_id), row.subject_id, row.error)
                for row in rows[:SET_ASIDE_SHOWN]
            ),
        )
        more = left.count() - SET_ASIDE_SHOWN
        return format_html("{}<br>{}", lines, _("… and %(count)d more") % {"count": more}) if more > 0 else lines or "-"

    @action(
        description=_("Run again"),
        permissions=["resume"],
        dialog={
            "title": _("Run again"),
            "description": _("Goes on with what is left of this day, and tries again what was set aside."),
            "form_class": None,
            "form_submit_text": _("Run again"),
        },
    )
    def resume(self, request: HttpRequest, form: BaseDialogForm, object_id: str) -> HttpResponse:
        on = ChainRun.objects.values_list("on", flat=True).get(pk=object_id)
        with transaction.atomic():
            jobs.after_commit("core.resume_nightly", on=on.isoformat())
        self.message_user(request, _("It runs in the background. Look again in a moment."), messages.SUCCESS)
        return HttpResponse(headers={"HX-Redirect": reverse("admin:core_chainrun_change", args=[object_id])})


def _annotated(row: Model, name: str) -> float:
    """Return what the page's query counted or summed."""
    return getattr(row, name) or 0


def _title(name: str) -> str:
    """Return a step's title; a step that is no longer part of the chain keeps its name."""
    return str({step.name: step.title for step in chain.nightly_steps()}.get(name, name))


def _subject_page(subject_id: int) -> str:
    subject = apps.get_model(settings.NIGHTLY_CHAIN_SUBJECT)._meta
    return reverse(f"admin:{subject.app_label}_{subject.model_name}_change", args=[subject_id])
