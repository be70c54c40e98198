"""Points that wait."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class HoldStatus(models.TextChoices):
    WAITING = "waiting", _("waiting")
    RELEASED = "released", _("released")
    CANCELLED = "cancelled", _("cancelled")


class Hold(models.Model):
    """An award that waits. Its key becomes the entry's key when it is released; `cancelled` is what was taken off."""

    id = models.BigAutoField(primary_key=True)
    member = models.ForeignKey(
        "members.Member",
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=_("member"),
    )
    key = models.CharField(_("key"), max_length=120)
    points = models.BigIntegerField(_("points"))
    cancelled = models.BigIntegerField(_("cancelled"), default=0)
    status = models.CharField(_("status"), max_length=10, choices=HoldStatus.choices, default=HoldStatus.WAITING)
    release_at = models.DateTimeField(_("released at the earliest"), null=True)
    expires_on = models.DateField(_("expires on"))
    counterparty = models.CharField(_("counterparty"), max_length=60)
    source = models.CharField(_("source"), max_length=100)
    title = models.CharField(_("title"), max_length=100, blank=True)
    breakdown = models.JSONField(_("breakdown"), null=True)
    created_at = models.DateTimeField(_("created at"), db_default=Now())
    occurred_at = models.DateTimeField(_("occurred at"))
    ended_at = models.DateTimeField(_("ended at"), null=True)

    class Meta:
        verbose_name = _("pending points")
        verbose_name_plural = _("pending points")
        constraints = [
            models.UniqueConstraint(fields=["member", "key"], name="hold_once_per_key"),
            models.CheckConstraint(
                name="hold_cancelled_within_points",
                condition=Q(points__gt=0, cancelled__gte=0, cancelled__lte=F("points")),
            ),
            models.CheckConstraint(
                name="hold_cancelled_when_nothing_left",
                condition=Q(status="cancelled", cancelled=F("points"))
                | (~Q(status="cancelled") & Q(cancelled__lt=F("points"))),
            ),
        ]
        permissions = [("decide_hold", _("Can release or cancel pending points"))]
        indexes = [
            models.Index(fields=["release_at", "member"], name="hold_waiting_due", condition=Q(status="waiting")),
        ]

    def __str__(self) -> str:
        return f"{self.title} {self.points}"


class HoldChange(models.Model):
    """Points taken off a hold, or a person's decision to let it go. Once per (member, key), never edited."""

    id = models.BigAutoField(primary_key=True)
    member = models.ForeignKey(
        "members.Member",
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=_("member"),
    )
    hold = models.ForeignKey(Hold, on_delete=models.PROTECT, related_name="changes", verbose_name=_("pending points"))
    key = models.CharField(_("key"), max_length=120)
    cancelled = models.BigIntegerField(_("cancelled"))
    released = models.BigIntegerField(_("released"))
    reason = models.CharField(_("reason"), max_length=200)
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("staff"),
    )
    occurred_at = models.DateTimeField(_("occurred at"))

    class Meta:
        verbose_name = _("change of pending points")
        verbose_name_plural = _("changes of pending points")
        constraints = [
            models.UniqueConstraint(fields=["member", "key"], name="hold_change_once_per_key"),
            models.CheckConstraint(
                name="hold_change_cancels_or_releases",
                condition=Q(cancelled__gt=0, released=0) | Q(cancelled=0, released__gt=0),
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="hold_change_append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.released - self.cancelled:+d}"
