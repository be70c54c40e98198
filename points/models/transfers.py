"""Points that members give each other."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class TransferStatus(models.TextChoices):
    DONE = "done", _("done")
    REVERSED = "reversed", _("taken back by staff")


class Transfer(models.Model):
    """One gift of points. Its two entries are booked under `transfer:<id>`, those of its reversal under
    `transfer:<id>:reversed`; `recovered` is what the receiver still had when it was reversed,
    `owed` what they had spent and owe since.

    Owned by the sender: the receiver finds theirs by an index of its own.
    """

    id = models.BigAutoField(primary_key=True)
    no = models.CharField(_("number"), max_length=20, unique=True)
    member = models.ForeignKey(
        "members.Member",
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=_("sender"),
    )
    to_member = models.ForeignKey(
        "members.Member",
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=_("receiver"),
    )
    points = models.BigIntegerField(_("points"))
    message = models.CharField(_("message"), max_length=100, blank=True)
    request_key = models.CharField(_("request key"), max_length=200)
    status = models.CharField(_("status"), max_length=10, choices=TransferStatus.choices, default=TransferStatus.DONE)
    made_on = models.DateField(_("business day"))
    made_at = models.DateTimeField(_("made at"))
    recovered = models.BigIntegerField(_("recovered"), null=True)
    owed = models.BigIntegerField(_("owed by the receiver"), null=True)
    reversed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("taken back by"),
    )
    reversed_at = models.DateTimeField(_("taken back at"), null=True)
    reversal_reason = models.CharField(_("reason"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("transfer")
        verbose_name_plural = _("transfers")
        permissions = [("reverse_transfer", _("Can take back a transfer"))]
        constraints = [
            models.UniqueConstraint(fields=["member", "request_key"], name="transfer_once_per_key"),
            models.CheckConstraint(name="transfer_points_positive", condition=Q(points__gt=0)),
            models.CheckConstraint(name="transfer_not_to_self", condition=~Q(member=F("to_member"))),
            models.CheckConstraint(
                name="transfer_reversed_by_somebody_with_a_reason",
                condition=Q(
                    status="done",
                    recovered__isnull=True,
                    owed__isnull=True,
                    reversed_by__isnull=True,
                    reversed_at__isnull=True,
                )
                | (
                    Q(status="reversed", recovered__gte=0, owed__gte=0, points__gte=F("recovered") + F("owed"))
                    & Q(reversed_by__isnull=False, reversed_at__isnull=False)
                    & ~Q(reversal_reason="")
                ),
            ),
        ]
        indexes = [
            # Also counts what a member has given today.
            models.Index(fields=["member", "made_on"], name="transfer_sent"),
            models.Index(fields=["to_member", "id"], name="transfer_received"),
        ]

    def __str__(self) -> str:
        return self.no
