"""What growth shows on a member's admin page."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from growth.models import Order
from growth.rules import yuan
from members import panels

LINES = 10


def register() -> None:
    """Add the latest orders to each member's page."""
    panels.register(
        panels.Panel(
            title=_("Latest orders"),
            headers=[_("order number"), _("paid at"), _("paid (yuan)"), _("refunded (yuan)"), _("completed at")],
            rows=_orders,
            permission="growth.view_order",
            more=lambda member_id: f"{reverse('admin:growth_order_changelist')}?member__id__exact={member_id}",
        )
    )


def _orders(member_id: int) -> list[list[Any]]:
    orders = Order.objects.filter(member_id=member_id).order_by("-paid_at", "-id")[:LINES]
    return [
        [order.order_no, order.paid_at, yuan(order.amount_fen), yuan(order.refunded_fen), order.completed_at]
        for order in orders
    ]
