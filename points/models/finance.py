"""What finance closes: the points outstanding at the end of each business day, and what moved them.

BookDay        one day of one group of lots (source and expiry month): opening + movements = closing
DayClose       one day of the whole book: does it tie out, and who has closed it
SourceClass    which sources are deferred revenue, and which are marketing
FinancePolicy  what a point is worth, and how many will be redeemed

A closed day never changes: PostgreSQL refuses it (the triggers below), whoever asks.
"""

from decimal import Decimal

import pgtrigger
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import Combinable
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

# A column of BookDay and DayClose each: what a movement is to finance (points/sql/finance/day.sql).
MOVEMENTS = (
    "awarded",
    "spent",
    "refunded",
    "expired",
    "taken_back",
    "repaid",
    "transferred_out",
    "transferred_in",
    "adjusted",
)


class Pool(models.TextChoices):
    DEFERRED = "deferred", _("deferred revenue")
    MARKETING = "marketing", _("marketing cost")


class Movements(models.Model):
    """Points of one day, signed as in the entries: `spent` is negative. A reversed transfer counts as transfer."""

    opening = models.BigIntegerField(_("opening"))
    awarded = models.BigIntegerField(_("earned"))
    spent = models.BigIntegerField(_("spent"))
    refunded = models.BigIntegerField(_("given back"))
    expired = models.BigIntegerField(_("expired"))
    taken_back = models.BigIntegerField(_("taken back"))
    repaid = models.BigIntegerField(_("repaid"))
    transferred_out = models.BigIntegerField(_("given away"))
    transferred_in = models.BigIntegerField(_("received"))
    adjusted = models.BigIntegerField(_("corrected"))
    closing = models.BigIntegerField(_("closing"))

    class Meta:
        abstract = True


def _adds_up() -> Q:
    total: Combinable = F("opening")
    for name in MOVEMENTS:
        total += F(name)
    return Q(closing=total)


class BookDay(Movements):
    """Points outstanding from one source that expire in one month (its first day), over one business day.

    `pool` is what the source counted as when the day was prepared; `classified`: whether somebody had said so.
    """

    id = models.BigAutoField(primary_key=True)
    on = models.DateField(_("business day"))
    source = models.CharField(_("source"), max_length=60)
    expires_month = models.DateField(_("expiry month"))
    pool = models.CharField(_("counts as"), max_length=10, choices=Pool.choices)
    classified = models.BooleanField(_("classified"))

    class Meta:
        verbose_name = _("points of a day")
        verbose_name_plural = _("points of the days")
        constraints = [
            models.UniqueConstraint(fields=["on", "source", "expires_month"], name="book_day_once"),
            models.CheckConstraint(name="book_day_adds_up", condition=_adds_up()),
            models.CheckConstraint(name="book_day_month_is_first_day", condition=Q(expires_month__day=1)),
        ]
        triggers = [
            pgtrigger.Protect(name="book_day_is_never_edited", operation=pgtrigger.Update),
            pgtrigger.Trigger(
                name="book_day_stays_when_closed",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert | pgtrigger.Delete,
                declare=[("the_day", "date")],
                func="""
                    the_day := CASE WHEN TG_OP = 'DELETE' THEN OLD."on" ELSE NEW."on" END;
                    IF EXISTS (SELECT 1 FROM points_dayclose WHERE "on" = the_day AND closed_at IS NOT NULL) THEN
                        RAISE EXCEPTION 'pgtrigger: the day % is closed', the_day;
                    END IF;
                    IF TG_OP = 'DELETE' THEN
                        RETURN OLD;
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.on} {self.source} {self.expires_month:%Y-%m}"


class DayClose(Movements):
    """One business day of all points together, and its tie-out.

    `by_accounts` and `by_lots` are what accounts and lots say the closing must be: their points as they are now, less
    what was booked since. `differences` counts groups of BookDay that the lots or the entries contradict. `debt` and
    `pending` are shown apart: what members owe and what waits is not in the closing.
    """

    id = models.BigAutoField(primary_key=True)
    on = models.DateField(_("business day"), unique=True)
    deferred = models.BigIntegerField(_("of it deferred revenue"))
    marketing = models.BigIntegerField(_("of it marketing cost"))
    debt = models.BigIntegerField(_("owed by members"))
    pending = models.BigIntegerField(_("pending"))
    point_fen = models.DecimalField(_("value of a point (fen)"), max_digits=10, decimal_places=4)
    redemption_rate = models.DecimalField(_("expected redemption"), max_digits=5, decimal_places=4)
    by_accounts = models.BigIntegerField(_("closing by accounts"))
    by_lots = models.BigIntegerField(_("closing by lots"))
    differences = models.IntegerField(_("groups that differ"))
    prepared_at = models.DateTimeField(_("prepared at"), db_default=Now())
    checked_at = models.DateTimeField(_("checked at"), db_default=Now())
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("closed by"),
    )
    closed_at = models.DateTimeField(_("closed at"), null=True)

    class Meta:
        verbose_name = _("day of the book")
        verbose_name_plural = _("days of the book")
        permissions = [("close_day", _("Can close a day of the book"))]
        constraints = [
            models.CheckConstraint(name="day_close_adds_up", condition=_adds_up()),
            models.CheckConstraint(name="day_close_pools_add_up", condition=Q(closing=F("deferred") + F("marketing"))),
            models.CheckConstraint(
                name="day_close_only_when_it_ties_out",
                condition=Q(closed_at__isnull=True, closed_by__isnull=True)
                | Q(
                    closed_at__isnull=False,
                    closed_by__isnull=False,
                    by_accounts=F("closing"),
                    by_lots=F("closing"),
                    differences=0,
                ),
            ),
        ]
        triggers = [
            pgtrigger.Protect(
                name="day_close_stays",
                operation=pgtrigger.Update | pgtrigger.Delete,
                condition=pgtrigger.Q(old__closed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.on}"

    @property
    def ties_out(self) -> bool:
        """Return whether accounts, lots and entries say the same."""
        return self.by_accounts == self.by_lots == self.closing and self.differences == 0


class SourceClass(models.Model):
    """What lots count as whose source begins with `prefix`; the longest prefix that fits decides."""

    id = models.BigAutoField(primary_key=True)
    prefix = models.CharField(
        _("source begins with"),
        max_length=60,
        unique=True,
        help_text=_("The longest beginning that fits decides."),
    )
    pool = models.CharField(_("counts as"), max_length=10, choices=Pool.choices)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("class of a source")
        verbose_name_plural = _("classes of sources")

    def __str__(self) -> str:
        return self.prefix


class FinancePolicy(models.Model):
    """Finance's estimates; one row, loaded with the programme. A prepared day keeps those it was prepared with."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    point_fen = models.DecimalField(
        _("value of a point (fen)"),
        max_digits=10,
        decimal_places=4,
        default=Decimal("1.0000"),
        validators=[MinValueValidator(0)],
        help_text=_("What a redeemed point saves the member: the stand-alone selling price if all were redeemed."),
    )
    redemption_rate = models.DecimalField(
        _("expected redemption"),
        max_digits=5,
        decimal_places=4,
        default=Decimal("0.9000"),
        validators=[MinValueValidator(Decimal("0.0001")), MaxValueValidator(1)],
        help_text=_("Share of earned points that will be redeemed, such as 0.90; the rest is breakage."),
    )
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("finance policy")
        verbose_name_plural = _("finance policy")
        constraints = [
            models.CheckConstraint(name="finance_policy_single_row", condition=Q(id=1)),
            models.CheckConstraint(
                name="finance_policy_plausible",
                condition=Q(point_fen__gte=0, redemption_rate__gt=0, redemption_rate__lte=1),
            ),
        ]

    def __str__(self) -> str:
        return str(_("Finance policy"))
