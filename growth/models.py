"""What members did, the rules that reward it, and the facts the rules need.

EarnRule     a row ops edit: which behaviour, how many points, with which caps, when they count and expire.
Behaviour    one report, with the answer it got; its (origin, event id) makes it happen once.
Order        a purchase as the partner reported it, and what it was awarded.
CheckIn      one business day of one member.
"""

from typing import Any

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords


def owner(**options: Any) -> Any:
    """Return the reference to the member a row belongs to: indexed by the row's own unique constraint."""
    return models.ForeignKey(
        "members.Member",
        verbose_name=_("member"),
        on_delete=models.PROTECT,
        related_name="+",
        **{"db_index": False, "db_constraint": False} | options,
    )


class BehaviourCode(models.TextChoices):
    CHECK_IN = "check_in", _("Check-in")
    CHECK_IN_STREAK = "check_in_streak", _("Check-in streak")
    ORDER_PAID = "order_paid", _("Order paid")
    ORDER_COMPLETED = "order_completed", _("Order completed")
    ORDER_REFUNDED = "order_refunded", _("Order refunded")
    REVIEW_POSTED = "review_posted", _("Review posted")


# What a rule can reward; the others only confirm or undo.
REWARDED = [
    BehaviourCode.CHECK_IN,
    BehaviourCode.CHECK_IN_STREAK,
    BehaviourCode.ORDER_PAID,
    BehaviourCode.REVIEW_POSTED,
]


class Formula(models.TextChoices):
    FIXED = "fixed", _("fixed number of points")
    PER_AMOUNT = "per_amount", _("points per amount paid")
    STREAK = "streak", _("points every N days in a row")


class EarnRule(models.Model):
    """How one behaviour is rewarded. Times are when the behaviour happened, amounts are fen."""

    code = models.SlugField(_("code"), max_length=40, help_text=_("Stands in every entry; not changed later."))
    name = models.CharField(_("name"), max_length=60, help_text=_("What members read in their statement."))
    description = models.CharField(_("description"), max_length=200, blank=True)
    behaviour = models.CharField(_("behaviour"), max_length=30, choices=[(code.value, code.label) for code in REWARDED])
    formula = models.CharField(_("formula"), max_length=20, choices=Formula.choices)
    points = models.PositiveIntegerField(_("points"), validators=[MinValueValidator(1)])
    per_fen = models.PositiveIntegerField(
        _("per amount (fen)"), null=True, blank=True, help_text=_("100 with 2 points: 2 points per yuan, rounded down.")
    )
    bonus_from_fen = models.PositiveIntegerField(_("bonus from amount (fen)"), null=True, blank=True)
    bonus_points = models.PositiveIntegerField(_("bonus points"), null=True, blank=True)
    streak_days = models.PositiveSmallIntegerField(_("days in a row"), null=True, blank=True)
    tier_multiplies = models.BooleanField(_("multiplied by tier"), default=True)
    daily_cap = models.PositiveIntegerField(_("most points a day"), null=True, blank=True)
    pending_days = models.PositiveSmallIntegerField(
        _("days pending"), default=0, help_text=_("Points wait this long before they can be spent; 0: at once.")
    )
    take_back = models.CharField(
        _("when taken back"),
        max_length=20,
        choices=[
            ("pending_only", _("only what is pending")),
            ("within_balance", _("as far as the balance goes")),
            ("owe", _("fully; what is missing is owed")),
        ],
        default="owe",
    )
    expiry = models.CharField(
        _("points expire"),
        max_length=20,
        choices=[
            ("months", _("at the end of the N-th month after")),
            ("days", _("after N days")),
            ("end_of_month", _("at the end of the month")),
            ("end_of_year", _("at the end of the year")),
            ("fixed", _("on a fixed day")),
            ("never", _("never")),
        ],
        default="months",
    )
    expiry_number = models.PositiveSmallIntegerField(_("N for expiry"), null=True, blank=True)
    expires_on = models.DateField(_("fixed expiry day"), null=True, blank=True)
    starts_at = models.DateTimeField(_("starts at"), null=True, blank=True)
    ends_at = models.DateTimeField(_("ends at"), null=True, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    sort = models.SmallIntegerField(_("sort"), default=0)
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("earn rule")
        verbose_name_plural = _("earn rules")
        constraints = [
            models.UniqueConstraint(fields=["code"], name="earn_rule_code_unique"),
            models.CheckConstraint(
                name="earn_rule_amount_complete",
                condition=~Q(formula="per_amount") | Q(per_fen__gt=0),
                violation_error_message=_("Points per amount need the amount."),
            ),
            models.CheckConstraint(
                name="earn_rule_amount_needs_order",
                condition=~Q(formula="per_amount") | Q(behaviour="order_paid"),
                violation_error_message=_("Only paid orders have an amount."),
            ),
            models.CheckConstraint(
                name="earn_rule_bonus_complete",
                condition=Q(bonus_from_fen__isnull=True, bonus_points__isnull=True)
                | Q(bonus_from_fen__isnull=False, bonus_points__gt=0, formula="per_amount"),
                violation_error_message=_("A bonus needs an amount and points, and a rule by amount."),
            ),
            models.CheckConstraint(
                name="earn_rule_streak_complete",
                condition=Q(formula="streak", streak_days__gt=0, behaviour="check_in_streak")
                | (~Q(formula="streak") & ~Q(behaviour="check_in_streak")),
                violation_error_message=_("A streak rule needs the days, and only it rewards streaks."),
            ),
            models.CheckConstraint(
                name="earn_rule_expiry_complete",
                condition=Q(expiry__in=["months", "days"], expiry_number__isnull=False)
                | Q(expiry="fixed", expires_on__isnull=False)
                | Q(expiry__in=["end_of_month", "end_of_year", "never"]),
                violation_error_message=_("This way of expiring needs its number or its day."),
            ),
            models.CheckConstraint(
                name="earn_rule_ends_after_start",
                condition=Q(starts_at__isnull=True) | Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")),
                violation_error_message=_("The end must be after the start."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Behaviour(models.Model):
    """One report of something a member did. `origin` is who reported, `outcome` the answer they got."""

    id = models.BigAutoField(primary_key=True)
    member = owner()
    code = models.CharField(_("behaviour"), max_length=30, choices=BehaviourCode.choices)
    origin = models.CharField(_("reported by"), max_length=40)
    event_id = models.CharField(_("event id"), max_length=100)
    fingerprint = models.CharField(_("fingerprint"), max_length=64)
    occurred_at = models.DateTimeField(_("occurred at"))
    data = models.JSONField(_("data"), default=dict)
    outcome = models.JSONField(_("outcome"), null=True)
    created_at = models.DateTimeField(_("reported at"), db_default=Now())

    class Meta:
        verbose_name = _("behaviour")
        verbose_name_plural = _("behaviours")
        constraints = [
            # Not by member: the same id reported for another member must be seen as a contradiction.
            models.UniqueConstraint(fields=["origin", "event_id"], name="behaviour_once_per_event"),
        ]
        indexes = [models.Index(fields=["member", "-id"], name="behaviour_of_member")]

    def __str__(self) -> str:
        return f"{self.get_code_display()} {self.event_id}"


class Order(models.Model):
    """A purchase at a partner. `awards` lists what it was awarded: key, points, expiry and take-back of each rule."""

    id = models.BigAutoField(primary_key=True)
    member = owner()
    partner = models.ForeignKey(
        "members.Partner", verbose_name=_("partner"), on_delete=models.PROTECT, related_name="+", db_index=False
    )
    order_no = models.CharField(_("order number"), max_length=64)
    amount_fen = models.PositiveBigIntegerField(_("amount paid (fen)"))
    refunded_fen = models.PositiveBigIntegerField(_("refunded (fen)"), default=0)
    paid_at = models.DateTimeField(_("paid at"))
    completed_at = models.DateTimeField(_("completed at"), null=True)
    awards = models.JSONField(_("awards"), default=list)

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        constraints = [
            models.UniqueConstraint(fields=["partner", "order_no"], name="order_once_per_partner"),
            models.CheckConstraint(name="order_refund_within_amount", condition=Q(refunded_fen__lte=F("amount_fen"))),
        ]
        indexes = [models.Index(fields=["member", "-paid_at"], name="order_of_member")]

    def __str__(self) -> str:
        return self.order_no


class OrderRefund(models.Model):
    """One refund of an order, so that it takes points back once however often it is reported."""

    id = models.BigAutoField(primary_key=True)
    order = models.ForeignKey(
        Order, verbose_name=_("order"), on_delete=models.PROTECT, related_name="+", db_index=False
    )
    refund_no = models.CharField(_("refund number"), max_length=64)
    refund_fen = models.PositiveBigIntegerField(_("refunded (fen)"), validators=[MinValueValidator(1)])
    refunded_at = models.DateTimeField(_("refunded at"))

    class Meta:
        verbose_name = _("order refund")
        verbose_name_plural = _("order refunds")
        constraints = [
            models.UniqueConstraint(fields=["order", "refund_no"], name="refund_once_per_order"),
            models.CheckConstraint(name="refund_moves_something", condition=Q(refund_fen__gt=0)),
        ]

    def __str__(self) -> str:
        return self.refund_no


class Review(models.Model):
    """A review a member wrote at a partner; rewarded once however often it is reported."""

    id = models.BigAutoField(primary_key=True)
    member = owner()
    partner = models.ForeignKey(
        "members.Partner", verbose_name=_("partner"), on_delete=models.PROTECT, related_name="+", db_index=False
    )
    review_id = models.CharField(_("review id"), max_length=64)
    order = models.ForeignKey(
        Order, verbose_name=_("order"), null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    posted_at = models.DateTimeField(_("posted at"))

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        constraints = [models.UniqueConstraint(fields=["partner", "review_id"], name="review_once_per_partner")]

    def __str__(self) -> str:
        return self.review_id


class CheckIn(models.Model):
    """A member's check-in on one business day, with the answer it got."""

    id = models.BigAutoField(primary_key=True)
    member = owner()
    on = models.DateField(_("day"))
    streak = models.PositiveIntegerField(_("days in a row"))
    award = models.JSONField(_("award"))
    created_at = models.DateTimeField(_("checked in at"), db_default=Now())

    class Meta:
        verbose_name = _("check-in")
        verbose_name_plural = _("check-ins")
        constraints = [
            models.UniqueConstraint(fields=["member", "on"], name="check_in_once_a_day"),
            models.CheckConstraint(name="check_in_streak_positive", condition=Q(streak__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.on}"


class DailyTally(models.Model):
    """How many points a capped rule gave a member on one business day; the row that a daily cap locks."""

    id = models.BigAutoField(primary_key=True)
    member = owner()
    rule_code = models.CharField(_("rule code"), max_length=40)
    on = models.DateField(_("day"))
    points = models.PositiveIntegerField(_("points"), default=0)

    class Meta:
        verbose_name = _("daily tally")
        verbose_name_plural = _("daily tallies")
        constraints = [models.UniqueConstraint(fields=["member", "rule_code", "on"], name="tally_per_member_rule_day")]

    def __str__(self) -> str:
        return f"{self.rule_code} {self.on}"
