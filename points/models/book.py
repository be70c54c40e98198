"""The book itself.

Account   one row per member: what they have now, and the lock every movement takes first.
Entry     one line per movement, never edited or deleted; two ends: the member and a counterparty code. It names the
          lots it changed and by how much, so a refund finds its way back and the lots can be recomputed.
Lot       all points of a member from one source that expire on one day.

Counterparties have no row of their own: one hot row would queue every write. Their balance is the sum of entries.
What must always hold is stated once per table as a constraint, and for the whole ledger in points/sql/audit/. The
constraints of these three tables are few and short because PostgreSQL reads them anew at each statement
(docs/adr/0011-ledger-indexes.md has what each one costs).
"""

from datetime import date

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Least, Now
from django.db.models.lookups import Exact, GreaterThan, GreaterThanOrEqual
from django.utils.translation import gettext_lazy as _

# The expiry day of points that never expire: a day, so that lots sort and upsert without a special case.
NEVER = date(9999, 12, 31)


def _none_negative(*columns: str) -> GreaterThanOrEqual:
    """Say of all columns at once that none is below zero: one short expression instead of one per column."""
    return GreaterThanOrEqual(Least(*columns), 0)


class EntryKind(models.TextChoices):
    AWARD = "award", _("Points earned")
    SPEND = "spend", _("Points spent")
    REFUND = "refund", _("Points given back")
    EXPIRE = "expire", _("Points expired")
    TAKE_BACK = "take_back", _("Points taken back")
    REPAY = "repay", _("Owed points repaid")
    TRANSFER_OUT = "transfer_out", _("Points given away")
    TRANSFER_IN = "transfer_in", _("Points received")
    ADJUST = "adjust", _("Correction by staff")


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
            models.CheckConstraint(
                name="account_nothing_negative",
                condition=_none_negative("balance", "pending", "debt", "earned_total", "spent_total", "expired_total"),
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class Lot(models.Model):
    """Points that expire at the end of one business day. granted + returned = remaining + spent + expired
    + taken_back."""

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
                name="lot_nothing_negative",
                condition=_none_negative("granted", "returned", "remaining", "spent", "expired", "taken_back"),
            ),
            models.CheckConstraint(
                name="lot_open_while_points_remain", condition=Exact(F("is_open"), GreaterThan(F("remaining"), 0))
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
    # Side by side: the lots this entry changed, and by how much each. The shares add up to `amount`.
    lot_ids = ArrayField(models.BigIntegerField(), verbose_name=_("lots"))
    lot_points = ArrayField(models.BigIntegerField(), verbose_name=_("points by lot"))
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
