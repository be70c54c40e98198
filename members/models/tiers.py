"""The ladder of tiers, and why a member has the one they have."""

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from members.models.fields import belongs_to


class Tier(models.Model):
    """One step of the ladder. Level 0 is where everybody starts."""

    code = models.CharField(_("code"), max_length=30)
    name = models.CharField(_("name"), max_length=30)
    level = models.PositiveSmallIntegerField(_("level"))
    growth_threshold = models.PositiveBigIntegerField(_("growth value needed"))
    earn_multiplier = models.DecimalField(
        _("earn multiplier"), max_digits=4, decimal_places=2, validators=[MinValueValidator(0)]
    )
    benefits = models.JSONField(_("benefits"), default=list, blank=True, help_text=_("A JSON list of short texts."))
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("tier")
        verbose_name_plural = _("tiers")
        constraints = [
            models.UniqueConstraint(fields=["code"], name="tier_code_unique"),
            models.UniqueConstraint(fields=["level"], name="tier_level_unique"),
            models.CheckConstraint(name="tier_multiplier_not_negative", condition=Q(earn_multiplier__gte=0)),
            models.CheckConstraint(
                name="tier_lowest_needs_no_growth", condition=Q(level__gt=0) | Q(growth_threshold=0)
            ),
        ]

    def __str__(self) -> str:
        return self.name


class TierChange(models.Model):
    """Why a member has the tier they have: one row per change, never edited."""

    member = belongs_to("members.Member", _("member"))
    old = belongs_to("members.Tier", _("from"))
    new = belongs_to("members.Tier", _("to"))
    growth_value = models.BigIntegerField(_("growth value"))
    because = models.CharField(_("reason"), max_length=200)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("tier change")
        verbose_name_plural = _("tier changes")
        indexes = [models.Index(fields=["member", "-id"], name="tier_change_of_member")]
        constraints = [models.CheckConstraint(name="tier_change_changes", condition=~Q(old=F("new")))]

    def __str__(self) -> str:
        return f"#{self.pk}"
