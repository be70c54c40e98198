"""Paid redemptions are fulfilled: codes at once, goods by putting them in the queue of staff."""

from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import connection, transaction
from django.utils.translation import gettext

from core import jobs
from mall.models import ItemKind, Redemption, RedemptionStatus
from mall.services import cancel, stock
from mall.services.moves import BY_SYSTEM, move

# A job that is merely slow should not be asked for twice.
OVERDUE = timedelta(minutes=10)
SWEEP_BATCH = 500

# Locked codes belong to redemptions that are being fulfilled right now, each of which took no more than its own.
# So skipping them can never make codes look short that are not.
HAND_OUT = """
WITH picked AS MATERIALIZED (
    SELECT id FROM mall_couponcode WHERE item_id = %(item_id)s AND status = 'free'
    ORDER BY id LIMIT %(quantity)s FOR UPDATE SKIP LOCKED
)
UPDATE mall_couponcode SET status = 'assigned', redemption_id = %(redemption_id)s, assigned_at = %(at)s
FROM picked WHERE mall_couponcode.id = picked.id
"""

log = structlog.get_logger(__name__)


class _CodesMissing(Exception):
    """Undo the attempt to hand out codes."""


def fulfil(*, redemption_id: int, at: datetime) -> None:
    """Hand out the codes, or queue the goods for shipping. Does nothing unless the redemption is paid and waiting.

    Codes that are promised but gone (deleted behind our back) end in a cancellation that gives everything back.
    """
    with transaction.atomic():
        redemption = Redemption.objects.select_related("item").get(pk=redemption_id)
        if redemption.item.kind == ItemKind.GOODS:
            move(redemption_id=redemption_id, to=RedemptionStatus.FULFILLING, by=BY_SYSTEM, at=at)
            return
        try:
            with transaction.atomic():
                _hand_out_codes(redemption, at=at)
        except _CodesMissing:
            log.error("codes_missing", redemption_id=redemption_id, item_id=redemption.item_id)
            cancel.give_back(redemption, by=BY_SYSTEM, because=gettext("The codes have run out."), at=at)
            stock.recount_codes(item_id=redemption.item_id)


def queue_overdue(*, at: datetime) -> int:
    """Ask for the fulfilment of what was paid longer than OVERDUE ago and nobody works on; return how many."""
    # A job that waits, or was given up and now needs a person, is not asked for again.
    known = [arguments["redemption_id"] for arguments in jobs.unfinished(name="mall.fulfil")]
    overdue = (
        Redemption.objects.filter(status=RedemptionStatus.PAID, paid_at__lt=at - OVERDUE)
        .exclude(pk__in=known)
        .order_by("paid_at")
    )
    with transaction.atomic():
        redemption_ids = list(overdue.values_list("pk", flat=True)[:SWEEP_BATCH])
        for redemption_id in redemption_ids:
            jobs.after_commit("mall.fulfil", redemption_id=redemption_id)
    return len(redemption_ids)


def _hand_out_codes(redemption: Redemption, *, at: datetime) -> None:
    if not move(redemption_id=redemption.pk, to=RedemptionStatus.COMPLETED, by=BY_SYSTEM, at=at):
        return
    values: dict[str, Any] = {
        "item_id": redemption.item_id,
        "quantity": redemption.quantity,
        "redemption_id": redemption.pk,
        "at": at,
    }
    with connection.cursor() as cursor:
        cursor.execute(HAND_OUT, values)
        if cursor.rowcount < redemption.quantity:
            raise _CodesMissing
