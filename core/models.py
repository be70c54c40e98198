"""The tables of core: jobs waiting to be done, requests already answered, and the nightly chain's progress."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class OutboxJob(models.Model):
    """A job written in the transaction that wants it done; it is deleted from the to-do list only by its own effect.

    Open means neither done nor failed. `due_at` is when the sweeper may send it (again).
    """

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(_("task"), max_length=100)
    arguments = models.JSONField(_("arguments"), default=dict)
    created_at = models.DateTimeField(_("created at"), db_default=Now())
    due_at = models.DateTimeField(_("due at"), db_default=Now())
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    last_error = models.TextField(_("last error"), blank=True, default="")
    done_at = models.DateTimeField(_("done at"), null=True, blank=True)
    failed_at = models.DateTimeField(_("given up at"), null=True, blank=True)

    class Meta:
        verbose_name = _("background job")
        verbose_name_plural = _("background jobs")
        indexes = [
            models.Index(
                fields=["due_at"],
                name="outbox_open_due",
                condition=models.Q(done_at__isnull=True, failed_at__isnull=True),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="outbox_done_or_failed",
                condition=models.Q(done_at__isnull=True) | models.Q(failed_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} #{self.pk}"


class AnsweredRequest(models.Model):
    """The full first answer to a request with an Idempotency-Key, stored in the transaction of its effect."""

    id = models.BigAutoField(primary_key=True)
    scope = models.CharField(_("scope"), max_length=40)
    key = models.CharField(_("key"), max_length=200)
    fingerprint = models.CharField(_("fingerprint"), max_length=64)
    status = models.PositiveSmallIntegerField(_("status"))
    body = models.TextField(_("body"))
    created_at = models.DateTimeField(_("created at"), db_default=Now())

    class Meta:
        verbose_name = _("answered request")
        verbose_name_plural = _("answered requests")
        constraints = [models.UniqueConstraint(fields=["scope", "key"], name="answered_once_per_key")]
        indexes = [models.Index(fields=["created_at"], name="answered_created_at")]

    def __str__(self) -> str:
        return f"{self.scope} {self.key}"


class StepState(models.TextChoices):
    WAITING = "waiting", _("not begun")
    STARTED = "started", _("under way")
    STOPPED = "stopped", _("stopped")
    DONE = "done", _("finished")


class ChainRun(models.Model):
    """One business day's run of a chain (core/chain.py). Killed, it goes on where it was; finished, it stays so."""

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(_("chain"), max_length=30)
    on = models.DateField(_("business day"))
    started_at = models.DateTimeField(_("started at"), db_default=Now())
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)

    class Meta:
        verbose_name = _("nightly run")
        verbose_name_plural = _("nightly runs")
        constraints = [models.UniqueConstraint(fields=["name", "on"], name="chain_run_once_a_day")]
        permissions = [("resume_chainrun", _("Can run the nightly chain again"))]

    def __str__(self) -> str:
        return str(self.on)


class ChainStep(models.Model):
    """How far a step of a run is. Its row is the lock that every chunk of it takes first."""

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(ChainRun, on_delete=models.CASCADE, related_name="steps", verbose_name=_("nightly run"))
    position = models.PositiveSmallIntegerField(_("position"))
    name = models.CharField(_("step"), max_length=30)
    rows = models.BigIntegerField(_("rows"), default=0)
    points = models.BigIntegerField(_("points"), default=0)
    last_id = models.BigIntegerField(_("reached id"), default=0)
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    stopped_because = models.CharField(_("stopped because"), max_length=200, blank=True, default="")

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["run", "name"], name="chain_step_once_per_run"),
            models.CheckConstraint(
                name="chain_step_finished_after_start",
                condition=models.Q(finished_at__isnull=True) | models.Q(started_at__isnull=False, stopped_because=""),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def state(self) -> StepState:
        """Return what can be said of the step without asking who works on it."""
        if self.finished_at:
            return StepState.DONE
        if self.stopped_because:
            return StepState.STOPPED
        return StepState.STARTED if self.started_at else StepState.WAITING


class ChainChunk(models.Model):
    """One committed transaction of a step: written in it, so it is there exactly when its effect is."""

    id = models.BigAutoField(primary_key=True)
    step = models.ForeignKey(
        ChainStep, on_delete=models.CASCADE, related_name="chunks", verbose_name=_("step"), db_index=False
    )
    number = models.PositiveIntegerField(_("number"))
    rows = models.BigIntegerField(_("rows"))
    points = models.BigIntegerField(_("points"))
    seconds = models.FloatField(_("seconds"))
    finished_at = models.DateTimeField(_("finished at"), db_default=Now())

    class Meta:
        verbose_name = _("chunk")
        verbose_name_plural = _("chunks")
        constraints = [models.UniqueConstraint(fields=["step", "number"], name="chain_chunk_once_per_number")]

    def __str__(self) -> str:
        return f"#{self.number}"


class SetAside(models.Model):
    """A row that a step could not do, and why; the rest went on. `settled_at`: a later try, or a later run, did it."""

    id = models.BigAutoField(primary_key=True)
    step = models.ForeignKey(
        ChainStep, on_delete=models.CASCADE, related_name="set_aside", verbose_name=_("step"), db_index=False
    )
    subject_id = models.BigIntegerField(_("id"))
    error = models.CharField(_("error"), max_length=200)
    at = models.DateTimeField(_("at"), db_default=Now())
    settled_at = models.DateTimeField(_("settled at"), null=True, blank=True)

    class Meta:
        verbose_name = _("set aside")
        verbose_name_plural = _("set aside")
        constraints = [models.UniqueConstraint(fields=["step", "subject_id"], name="set_aside_once_per_step")]
        indexes = [
            models.Index(fields=["step"], name="set_aside_open", condition=models.Q(settled_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"#{self.subject_id}"
