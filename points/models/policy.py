"""The ledger's own figures."""

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords


def default_notice_days() -> list[int]:
    """Return the days before expiry that a new policy has."""
    return [30, 7, 1]


class LedgerPolicy(models.Model):
    """The ledger's own figures; one row, loaded with the programme."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    grace_days = models.PositiveSmallIntegerField(
        _("days of grace"), help_text=_("How long points live that come back to a lot that has expired meanwhile.")
    )
    adjustment_threshold = models.PositiveIntegerField(
        _("adjustments up to"),
        default=1000,
        help_text=_("Points one person may give or take per member and day; beyond it a second person must agree."),
    )
    adjustment_months = models.PositiveSmallIntegerField(
        _("life of points given by staff"), default=12, help_text=_("Months; until the end of the last one.")
    )
    transfers_open = models.BooleanField(_("members may give points away"), default=True)
    transfer_min_tier = models.CharField(
        _("lowest tier that may"), max_length=30, blank=True, help_text=_("Code of the tier. Empty: everybody.")
    )
    transfer_max_points = models.PositiveIntegerField(_("points per transfer at most"), default=5000)
    transfer_daily_points = models.PositiveIntegerField(_("points a day at most"), default=10_000)
    transfer_daily_count = models.PositiveSmallIntegerField(_("transfers a day at most"), default=20)
    notice_days = ArrayField(
        models.PositiveSmallIntegerField(validators=[MinValueValidator(1), MaxValueValidator(365)]),
        verbose_name=_("days before expiry on which members are told"),
        default=default_notice_days,
        blank=True,
        size=6,
        help_text=_("Separated by commas, such as 30,7,1. Empty: members are not told."),
    )
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("ledger policy")
        verbose_name_plural = _("ledger policy")
        constraints = [models.CheckConstraint(name="ledger_policy_single_row", condition=Q(id=1))]

    def __str__(self) -> str:
        return str(_("Ledger policy"))
