"""What the mall shows on a member's admin page. Registered from here, so that members/ need not know mall/."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from mall.models import Redemption
from members import panels

LINES = 10


def register() -> None:
    """Add the latest redemptions to each member's page."""
    panels.register(
        panels.Panel(
            title=_("Redemptions, latest"),
            headers=[_("placed at"), _("number"), _("item"), _("quantity"), _("points"), _("status")],
            rows=_rows,
            permission="mall.view_redemption",
            more=lambda member_id: f"{reverse('admin:mall_redemption_changelist')}?member__id__exact={member_id}",
        )
    )


def _rows(member_id: int) -> list[list[Any]]:
    latest = Redemption.objects.filter(member_id=member_id).select_related("item").order_by("-id")[:LINES]
    return [
        [one.placed_at, one.no, one.item.title, one.quantity, one.points, one.get_status_display()] for one in latest
    ]
