"""The two tables of core: jobs waiting to be done, and requests already answered."""

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
