"""Corrections that staff make."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class AdjustmentStatus(models.TextChoices):
    WAITING = "waiting", _("waits for a second person")
    BOOKED = "booked", _("booked")
    REJECTED = "rejected", _("rejected")
    WITHDRAWN = "withdrawn", _("withdrawn")


class AdjustmentReason(models.TextChoices):
    GOODWILL = "goodwill", _("goodwill")
    CORRECTION = "correction", _("correction of a mistake")
    MISSING = "missing", _("points that were not credited")
    ABUSE = "abuse", _("abuse")
    OTHER = "other", _("other")


class Adjustment(models.Model):
    """Points that staff give (positive) or take (negative), and why. Its entry is booked under `adjustment:<id>`.

    Above the ledger policy's threshold somebody else than the one who asked must decide; who asked may withdraw.
    """

    id = models.BigAutoField(primary_key=True)
    member = models.ForeignKey(
        "members.Member",
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        verbose_name=_("member"),
    )
    points = models.BigIntegerField(
        _("points"), help_text=_("Positive to give, negative to take. More than there is cannot be taken.")
    )
    reason = models.CharField(_("reason"), max_length=20, choices=AdjustmentReason.choices)
    note = models.CharField(
        _("explanation"), max_length=200, help_text=_("For colleagues and auditors: what happened, which case.")
    )
    title = models.CharField(
        _("text for the member"), max_length=100, blank=True, help_text=_("Shown in the statement.")
    )
    expires_on = models.DateField(
        _("expires on"), null=True, blank=True, help_text=_("Of points given. Empty: by the ledger policy.")
    )
    counts_for_growth = models.BooleanField(
        _("counts for the tier"), default=False, help_text=_("Also changes the growth value.")
    )
    status = models.CharField(
        _("status"), max_length=10, choices=AdjustmentStatus.choices, default=AdjustmentStatus.WAITING
    )
    request_key = models.CharField(_("request key"), max_length=64, unique=True)
    needs_approval = models.BooleanField(_("needed a second person"))
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("asked for by")
    )
    requested_on = models.DateField(_("business day"))
    requested_at = models.DateTimeField(_("asked for at"))
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("decided by"),
    )
    decided_at = models.DateTimeField(_("decided at"), null=True)
    decision_note = models.CharField(_("note on the decision"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("adjustment")
        verbose_name_plural = _("adjustments")
        permissions = [("approve_adjustment", _("Can decide on adjustments of others"))]
        constraints = [
            models.CheckConstraint(name="adjustment_moves_something", condition=~Q(points=0)),
            models.CheckConstraint(name="adjustment_has_a_reason", condition=~Q(note="")),
            models.CheckConstraint(
                name="adjustment_decided_by_a_second_person",
                condition=Q(needs_approval=False)
                | Q(status__in=["waiting", "withdrawn"])
                | (Q(decided_by__isnull=False, decided_at__isnull=False) & ~Q(decided_by=F("requested_by"))),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.points:+d}"
