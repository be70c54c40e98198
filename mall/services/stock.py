"""The stock counters of items: the last lock a use case takes, and the guard against overselling."""

from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from core.transactions import require_transaction
from mall.models import MAX_STOCK, Item, ItemKind

RECOUNT = """
WITH counted AS (
    SELECT item.id, greatest(
        (SELECT count(*) FROM mall_couponcode WHERE item_id = item.id AND status = 'free')
        - (SELECT coalesce(sum(quantity), 0) FROM mall_redemption WHERE item_id = item.id AND status = 'paid'), 0
    ) AS free
    FROM mall_item AS item WHERE item.id = %s
)
UPDATE mall_item SET stock_left = counted.free, stock_total = counted.free + stock_sold
FROM counted WHERE mall_item.id = counted.id
"""


class StockTooLow(DomainError):
    code = "stock_too_low"
    status = 409
    message = _("Fewer are left than you want to take away.")


class StockTooHigh(DomainError):
    code = "stock_too_high"
    status = 409
    message = _("That is more stock than one item may have.")


class NotGoods(DomainError):
    code = "not_goods"
    status = 409
    message = _("Only goods have a stock that is entered by hand; coupons count their codes.")


def take(*, item_id: int, quantity: int) -> bool:
    """Move pieces from left to sold; return False, changing nothing, when fewer are left."""
    require_transaction()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE mall_item SET stock_left = stock_left - %(quantity)s, stock_sold = stock_sold + %(quantity)s"
            " WHERE id = %(item_id)s AND stock_left >= %(quantity)s",
            {"item_id": item_id, "quantity": quantity},
        )
        return bool(cursor.rowcount)


def give_back(*, item_id: int, quantity: int) -> None:
    """Move pieces from sold back to left."""
    require_transaction()
    Item.objects.filter(pk=item_id).update(stock_left=F("stock_left") + quantity, stock_sold=F("stock_sold") - quantity)


def change_total(*, item_id: int, delta: int) -> bool:
    """Add pieces, or remove unsold ones; return False, changing nothing, when the result would be out of bounds."""
    require_transaction()
    within_bounds = Item.objects.filter(
        pk=item_id, stock_left__gte=-delta if delta < 0 else 0, stock_total__lte=MAX_STOCK - max(delta, 0)
    )
    return bool(within_bounds.update(stock_total=F("stock_total") + delta, stock_left=F("stock_left") + delta))


def add_goods(*, item_id: int, delta: int) -> None:
    """Change the stock of goods by `delta` pieces, never below what is sold.

    Raises NotGoods, StockTooLow, StockTooHigh.
    """
    with transaction.atomic():
        if not Item.objects.filter(pk=item_id, kind=ItemKind.GOODS).exists():
            raise NotGoods
        if not change_total(item_id=item_id, delta=delta):
            raise StockTooLow if delta < 0 else StockTooHigh


def recount_codes(*, item_id: int) -> None:
    """Set a coupon item's counters from its codes, after they turned out to disagree."""
    require_transaction()
    # The lock comes in a statement of its own, so that the counts below see what its last holder committed.
    Item.objects.select_for_update().get(pk=item_id)
    with connection.cursor() as cursor:
        # One statement: of a fulfilment that commits between two counts, the code would be free in the first and
        # promised in neither, and so be sold again.
        cursor.execute(RECOUNT, [item_id])
