"""The mall's tables.

Category, Item   what is offered, edited by staff; the three stock counters are moved by services only.
CouponCode       the codes behind a coupon item; each is handed out once.
Redemption       an order paid with points, with its states in NEXT.
RedemptionMove   one line per change of state: from, to, when, by whom.

For goods the stock is what staff put in. For coupons it is the number of free codes that are not promised to a
paid redemption yet, so a code imported, voided, promised or handed out always shows in the counters.
`mall/sql/audit/` checks what the constraints here cannot.
"""

from collections.abc import Iterable
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

# Times MAX_QUANTITY it stays below core.serializers.MAX_AMOUNT, so no price can overflow anything.
MAX_PRICE_POINTS = 10_000_000
MAX_QUANTITY = 99
MAX_STOCK = 1_000_000_000
STOCK_COUNTERS = ("stock_total", "stock_left", "stock_sold")


class ItemKind(models.TextChoices):
    COUPON = "coupon", _("coupon code")
    GOODS = "goods", _("goods to be shipped")


class Category(models.Model):
    """A shelf of the mall."""

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(_("name"), max_length=40)
    sort = models.PositiveSmallIntegerField(_("sort"), default=0, help_text=_("Smaller numbers come first."))
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        ordering = ["sort", "id"]
        constraints = [models.UniqueConstraint(fields=["name"], name="category_name_once")]

    def __str__(self) -> str:
        return self.name


class Item(models.Model):
    """Something that points buy. Prices are points and fen; stock counts pieces or codes."""

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(_("type"), max_length=10, choices=ItemKind.choices)
    title = models.CharField(_("title"), max_length=100)
    description = models.TextField(_("description"), max_length=5000, blank=True)
    picture_url = models.CharField(
        _("picture"), max_length=500, blank=True, help_text=_("Address of the picture; /static/… is fine.")
    )
    emoji = models.CharField(_("emoji"), max_length=8, blank=True, help_text=_("Shown where there is no picture."))
    category = models.ForeignKey(
        Category, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("category")
    )
    price_points = models.IntegerField(
        _("price in points"), validators=[MinValueValidator(1), MaxValueValidator(MAX_PRICE_POINTS)]
    )
    market_price_fen = models.BigIntegerField(
        _("market price in fen"), default=0, validators=[MinValueValidator(0), MaxValueValidator(1_000_000_000)]
    )
    stock_total = models.IntegerField(_("stock in all"), default=0, editable=False)
    stock_left = models.IntegerField(_("stock left"), default=0, editable=False)
    stock_sold = models.IntegerField(_("redeemed"), default=0, editable=False)
    per_member_limit = models.PositiveIntegerField(
        _("limit per member"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("How many one member may redeem in all; empty means no limit."),
    )
    min_tier_level = models.PositiveSmallIntegerField(
        _("lowest tier level"), default=0, help_text=_("Members below this tier level see the item but cannot redeem.")
    )
    opens_at = models.DateTimeField(_("opens at"), null=True, blank=True)
    closes_at = models.DateTimeField(_("closes at"), null=True, blank=True)
    is_listed = models.BooleanField(_("listed"), default=True)
    sort = models.PositiveSmallIntegerField(_("sort"), default=0, help_text=_("Smaller numbers come first."))
    history = HistoricalRecords(excluded_fields=list(STOCK_COUNTERS))

    class Meta:
        verbose_name = _("item")
        verbose_name_plural = _("items")
        ordering = ["sort", "-id"]
        permissions = [
            ("import_codes", _("Can import coupon codes")),
            ("set_stock", _("Can change the stock of goods")),
        ]
        constraints = [
            models.CheckConstraint(
                name="item_stock_adds_up", condition=Q(stock_total=F("stock_left") + F("stock_sold"))
            ),
            models.CheckConstraint(
                name="item_stock_not_negative", condition=Q(stock_left__gte=0, stock_sold__gte=0, stock_total__gte=0)
            ),
            models.CheckConstraint(
                name="item_price_within_bounds",
                condition=Q(price_points__gt=0, price_points__lte=MAX_PRICE_POINTS, market_price_fen__gte=0),
            ),
            models.CheckConstraint(
                name="item_limit_not_zero", condition=Q(per_member_limit__isnull=True) | Q(per_member_limit__gt=0)
            ),
            models.CheckConstraint(
                name="item_opens_before_it_closes",
                condition=Q(opens_at__isnull=True) | Q(closes_at__isnull=True) | Q(opens_at__lt=F("closes_at")),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **options: Any) -> None:
        """Write everything but the stock counters: a form loaded a minute ago must not undo what was redeemed since."""
        if not self._state.adding:
            names = {field.name for field in self._meta.concrete_fields if not field.primary_key}
            update_fields = (names if update_fields is None else set(update_fields)) - set(STOCK_COUNTERS)
        super().save(*args, update_fields=update_fields, **options)


class RedemptionStatus(models.TextChoices):
    PLACED = "placed", _("placed")
    PAID = "paid", _("paid")
    FULFILLING = "fulfilling", _("to be shipped")
    SHIPPED = "shipped", _("shipped")
    COMPLETED = "completed", _("completed")
    CANCELLED = "cancelled", _("cancelled")


# The legal moves. `mall.services.moves.move` is the only way to make one, and reads this table.
NEXT: dict[RedemptionStatus, frozenset[RedemptionStatus]] = {
    # Lives only inside the transaction that places and pays: nobody else ever sees it.
    RedemptionStatus.PLACED: frozenset({RedemptionStatus.PAID}),
    # Codes go straight to completed, goods wait for staff.
    RedemptionStatus.PAID: frozenset(
        {RedemptionStatus.FULFILLING, RedemptionStatus.COMPLETED, RedemptionStatus.CANCELLED}
    ),
    RedemptionStatus.FULFILLING: frozenset({RedemptionStatus.SHIPPED, RedemptionStatus.CANCELLED}),
    RedemptionStatus.SHIPPED: frozenset({RedemptionStatus.COMPLETED}),
    RedemptionStatus.COMPLETED: frozenset(),
    RedemptionStatus.CANCELLED: frozenset(),
}


class Redemption(models.Model):
    """An order paid with points. `no` is its public number and cannot be guessed."""

    id = models.BigAutoField(primary_key=True)
    no = models.CharField(_("number"), max_length=20)
    # Every read that matters starts with the member; the unique constraints below serve it.
    member = models.ForeignKey(
        "members.Member", on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name=_("member")
    )
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name=_("item"))
    quantity = models.PositiveSmallIntegerField(_("quantity"))
    points = models.BigIntegerField(_("points"))
    cash_fen = models.BigIntegerField(_("cash in fen"), default=0)
    status = models.CharField(
        _("status"), max_length=10, choices=RedemptionStatus.choices, default=RedemptionStatus.PLACED
    )
    request_key = models.CharField(_("request key"), max_length=200)
    address = models.JSONField(_("address"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True)
    carrier = models.CharField(_("carrier"), max_length=40, blank=True)
    tracking_no = models.CharField(_("tracking number"), max_length=60, blank=True)
    placed_at = models.DateTimeField(_("placed at"))
    paid_at = models.DateTimeField(_("paid at"), null=True, blank=True)
    shipped_at = models.DateTimeField(_("shipped at"), null=True, blank=True)
    completed_at = models.DateTimeField(_("completed at"), null=True, blank=True)
    cancelled_at = models.DateTimeField(_("cancelled at"), null=True, blank=True)

    class Meta:
        verbose_name = _("redemption")
        verbose_name_plural = _("redemptions")
        permissions = [
            ("ship_redemption", _("Can ship and complete redemptions")),
            ("cancel_redemption", _("Can cancel redemptions")),
        ]
        constraints = [
            models.UniqueConstraint(fields=["member", "request_key"], name="redemption_once_per_request"),
            models.UniqueConstraint(fields=["member", "no"], name="redemption_no_per_member"),
            models.CheckConstraint(
                name="redemption_amounts_positive",
                condition=Q(quantity__gte=1, quantity__lte=MAX_QUANTITY, points__gt=0, cash_fen__gte=0),
            ),
            models.CheckConstraint(
                name="redemption_known_status", condition=Q(status__in=[str(status) for status in RedemptionStatus])
            ),
        ]
        indexes = [
            models.Index(fields=["member", "-id"], name="redemption_of_member"),
            models.Index(fields=["no"], name="redemption_by_no"),
            # The working list of staff and sweeper; it stays small however long the history grows.
            models.Index(
                fields=["status", "paid_at"],
                name="redemption_at_work",
                condition=Q(status__in=["paid", "fulfilling", "shipped"]),
            ),
        ]

    def __str__(self) -> str:
        return self.no


class RedemptionMove(models.Model):
    """One change of a redemption's state. `by` says who: "member", "system" or a staff user name."""

    id = models.BigAutoField(primary_key=True)
    redemption = models.ForeignKey(
        Redemption, on_delete=models.PROTECT, related_name="+", db_constraint=False, verbose_name=_("redemption")
    )
    member_id = models.BigIntegerField(_("member id"))
    old = models.CharField(_("from"), max_length=10, choices=RedemptionStatus.choices)
    new = models.CharField(_("to"), max_length=10, choices=RedemptionStatus.choices)
    by = models.CharField(_("by"), max_length=150)
    because = models.CharField(_("reason"), max_length=200, blank=True)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("change of state")
        verbose_name_plural = _("changes of state")

    def __str__(self) -> str:
        return f"{self.get_old_display()} → {self.get_new_display()}"


class CodeStatus(models.TextChoices):
    FREE = "free", _("free")
    ASSIGNED = "assigned", _("handed out")
    VOID = "void", _("void")


class CouponCode(models.Model):
    """A code of a coupon item. Free ones are handed out in the order they were imported."""

    id = models.BigAutoField(primary_key=True)
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="+", db_index=False, verbose_name=_("item"))
    code = models.CharField(_("coupon code"), max_length=100)
    status = models.CharField(_("status"), max_length=10, choices=CodeStatus.choices, default=CodeStatus.FREE)
    redemption = models.ForeignKey(
        Redemption,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        verbose_name=_("redemption"),
    )
    imported_at = models.DateTimeField(_("imported at"), db_default=Now())
    assigned_at = models.DateTimeField(_("handed out at"), null=True, blank=True)

    class Meta:
        verbose_name = _("coupon code")
        verbose_name_plural = _("coupon codes")
        permissions = [("view_code_text", _("Can read coupon codes in full"))]
        constraints = [
            models.UniqueConstraint(fields=["item", "code"], name="code_once_per_item"),
            models.CheckConstraint(
                name="code_assigned_to_a_redemption",
                condition=Q(status="assigned", redemption__isnull=False, assigned_at__isnull=False)
                | Q(status__in=["free", "void"], redemption__isnull=True, assigned_at__isnull=True),
            ),
        ]
        indexes = [
            models.Index(fields=["item", "id"], name="code_free", condition=Q(status="free")),
            models.Index(fields=["redemption"], name="code_of_redemption", condition=Q(redemption__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
