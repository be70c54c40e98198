"""The ledger's tables.

Account   one row per member: what they have now, and the lock every movement takes first.
Entry     one line per movement, never edited or deleted; two ends: the member and a counterparty code.
Lot       all points of a member from one source that expire on one day.
Consumption  which lot paid which entry (positive), or got how much back from it (negative).
Hold      points promised but not yet spendable.

Counterparties have no row of their own: one hot row would queue every write. Their balance is the sum of entries.
What must always hold is stated once per table as a constraint, and for the whole ledger in points/audit.py.
"""

from datetime import date

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

# The expiry day of points that never expire: a day, so that lots sort and upsert without a special case.
NEVER = date(9999, 12, 31)


class EntryKind(models.TextChoices):
    AWARD = "award", _("Points earned")
    SPEND = "spend", _("Points spent")
    REFUND = "refund", _("Points given back")
    EXPIRE = "expire", _("Points expired")
    TAKE_BACK = "take_back", _("Points taken back")
    REPAY = "repay", _("Owed points repaid")


class Account(models.Model):
    """A member's points. `debt` is what was taken back and not covered; later awards pay it first."""

    member = models.OneToOneField(
        "members.Member", primary_key=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("member")
    )
    balance = models.BigIntegerField(_("balance"), default=0)
    pending = models.BigIntegerField(_("pending"), default=0)
    debt = models.BigIntegerField(_("owed"), default=0)
    earned_total = models.BigIntegerField(_("earned in all"), default=0)
    spent_total = models.BigIntegerField(_("spent in all"), default=0)
    expired_total = models.BigIntegerField(_("expired in all"), default=0)

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        constraints = [
            models.CheckConstraint(name="account_balance_not_negative", condition=Q(balance__gte=0)),
            models.CheckConstraint(name="account_pending_not_negative", condition=Q(pending__gte=0)),
            models.CheckConstraint(name="account_debt_not_negative", condition=Q(debt__gte=0)),
            models.CheckConstraint(
                name="account_totals_not_negative",
                condition=Q(earned_total__gte=0, spent_total__gte=0, expired_total__gte=0),
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class Lot(models.Model):
    """Points that expire at the end of one business day. granted + returned = remaining + spent + expired + taken."""

    id = models.BigAutoField(primary_key=True)
    member = models.ForeignKey(
        "members.Member",
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=_("member"),
    )
    expires_on = models.DateField(_("expires on"))
    source = models.CharField(_("source"), max_length=60)
    granted = models.BigIntegerField(_("granted"), default=0)
    returned = models.BigIntegerField(_("returned"), default=0)
    remaining = models.BigIntegerField(_("remaining"), default=0)
    spent = models.BigIntegerField(_("spent"), default=0)
    expired = models.BigIntegerField(_("expired"), default=0)
    taken_back = models.BigIntegerField(_("taken back"), default=0)
    # A flag that flips, not `remaining > 0`: an index on `remaining` would cost every spend its HOT update.
    is_open = models.BooleanField(_("open"), default=True)

    class Meta:
        verbose_name = _("lot")
        verbose_name_plural = _("lots")
        constraints = [
            models.UniqueConstraint(fields=["member", "expires_on", "source"], name="lot_per_member_day_source"),
            models.CheckConstraint(
                name="lot_conserves_points",
                condition=Q(granted=F("remaining") + F("spent") + F("expired") + F("taken_back") - F("returned")),
            ),
            models.CheckConstraint(
                name="lot_parts_not_negative",
                condition=Q(
                    granted__gte=0, returned__gte=0, remaining__gte=0, spent__gte=0, expired__gte=0, taken_back__gte=0
                ),
            ),
            models.CheckConstraint(
                name="lot_open_while_points_remain",
                condition=Q(is_open=True, remaining__gt=0) | Q(is_open=False, remaining=0),
            ),
        ]
        indexes = [
            models.Index(fields=["member", "expires_on", "id"], name="lot_open_fifo", condition=Q(is_open=True)),
            models.Index(fields=["expires_on", "member"], name="lot_open_due", condition=Q(is_open=True)),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.expires_on}"


class Entry(models.Model):
    """One movement. `amount` is signed from the member's side; `debt_change` is what they owe more (or less)."""

    id = models.BigAutoField(primary_key=True)
    member = models.ForeignKey(
        "members.Member",
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=_("member"),
    )
    kind = models.CharField(_("kind"), max_length=20, choices=EntryKind.choices)
    amount = models.BigIntegerField(_("points"))
    debt_change = models.BigIntegerField(_("change of what is owed"), default=0)
    balance_after = models.BigIntegerField(_("balance after"))
    counterparty = models.CharField(_("counterparty"), max_length=60)
    source = models.CharField(_("source"), max_length=100)
    title = models.CharField(_("title"), max_length=100, blank=True)
    key = models.CharField(_("key"), max_length=120)
    lot = models.ForeignKey(
        Lot,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=_("lot"),
    )
    reverses = models.ForeignKey(
        "self",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=_("gives back or takes back"),
    )
    breakdown = models.JSONField(_("breakdown"), null=True)
    occurred_at = models.DateTimeField(_("occurred at"))
    created_at = models.DateTimeField(_("booked at"), db_default=Now())

    class Meta:
        verbose_name = _("entry")
        verbose_name_plural = _("entries")
        constraints = [
            models.UniqueConstraint(fields=["member", "key"], name="entry_once_per_key"),
            models.CheckConstraint(name="entry_balance_not_negative", condition=Q(balance_after__gte=0)),
            models.CheckConstraint(name="entry_moves_something", condition=~Q(amount=0, debt_change=0)),
            models.CheckConstraint(
                name="entry_sign_fits_kind",
                condition=Q(kind__in=["award", "refund"], amount__gt=0, debt_change=0)
                | Q(kind__in=["spend", "expire"], amount__lt=0, debt_change=0)
                | Q(kind="take_back", amount__lte=0, debt_change__gte=0)
                | Q(kind="repay", amount__lt=0, debt_change=F("amount")),
            ),
        ]
        indexes = [
            models.Index(fields=["member", "-id"], name="entry_statement"),
            models.Index(fields=["member", "reverses"], name="entry_reversals", condition=Q(reverses__isnull=False)),
        ]
        triggers = [
            pgtrigger.Protect(name="entry_append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.amount:+d}"


class Consumption(models.Model):
    """How much of an entry a lot paid (positive), or got back from it (negative)."""

    id = models.BigAutoField(primary_key=True)
    member = models.ForeignKey(
        "members.Member",
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=_("member"),
    )
    entry = models.ForeignKey(
        Entry,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=_("entry"),
    )
    lot = models.ForeignKey(
        Lot,
        on_delete=models.PROTECT,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=_("lot"),
    )
    points = models.BigIntegerField(_("points"))

    class Meta:
        verbose_name = _("consumption")
        verbose_name_plural = _("consumptions")
        constraints = [
            models.UniqueConstraint(fields=["member", "entry", "lot"], name="consumption_once_per_entry_lot"),
            models.CheckConstraint(name="consumption_moves_something", condition=~Q(points=0)),
        ]
        triggers = [
            pgtrigger.Protect(name="consumption_append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.points:+d}"


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
        indexes = [
            models.Index(fields=["release_at", "member"], name="hold_waiting_due", condition=Q(status="waiting")),
        ]

    def __str__(self) -> str:
        return f"{self.title} {self.points}"


class LedgerPolicy(models.Model):
    """The ledger's own figures; one row, loaded with the programme."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    grace_days = models.PositiveSmallIntegerField(
        _("days of grace"), help_text=_("How long points live that come back to a lot that has expired meanwhile.")
    )
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("ledger policy")
        verbose_name_plural = _("ledger policy")
        constraints = [models.CheckConstraint(name="ledger_policy_single_row", condition=Q(id=1))]

    def __str__(self) -> str:
        return str(_("Ledger policy"))


class Audit(models.Model):
    """One run of the audit over the whole ledger."""

    id = models.BigAutoField(primary_key=True)
    started_at = models.DateTimeField(_("started at"))
    finished_at = models.DateTimeField(_("finished at"))
    accounts = models.BigIntegerField(_("accounts checked"))
    entries = models.BigIntegerField(_("entries checked"))
    findings_total = models.BigIntegerField(_("findings"))

    class Meta:
        verbose_name = _("audit")
        verbose_name_plural = _("audits")

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M}"


class AuditFinding(models.Model):
    """Something off: which invariant, which member, what it should be and what it is."""

    id = models.BigAutoField(primary_key=True)
    audit = models.ForeignKey(Audit, on_delete=models.PROTECT, related_name="findings", verbose_name=_("audit"))
    invariant = models.CharField(_("invariant"), max_length=60)
    member_id = models.BigIntegerField(_("member id"), null=True)
    subject = models.CharField(_("subject"), max_length=60)
    expected = models.BigIntegerField(_("expected"), null=True)
    actual = models.BigIntegerField(_("actual"), null=True)

    class Meta:
        verbose_name = _("audit finding")
        verbose_name_plural = _("audit findings")

    def __str__(self) -> str:
        return f"{self.invariant} {self.subject}"
