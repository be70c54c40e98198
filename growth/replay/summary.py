"""What the ledger says of the purchases after a replay, held against what the file says."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from growth.models import Order
from growth.replay.cdnow import Purchase
from members.selectors import members_per_tier, resolve_members
from points.selectors import amounts_by_key


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Points are counted over the file's purchases only, whatever else the members did.

    `wrong` names the purchases that are missing or worth something else than the file says.
    """

    members: int
    purchases: int
    points_expected: int
    points_given: int
    points_pending: int
    points_past_their_day: int
    tiers: list[tuple[str, int]]
    wrong: list[str]


def summarise(purchases: Sequence[Purchase], *, partner_id: int, on: date) -> Summary:
    """Compare each purchase with its order and the order's entries, as they are on the business day `on`."""
    booked = amounts_by_key(key_prefix="order:", kind="award")
    orders = dict(Order.objects.filter(partner_id=partner_id).values_list("order_no", "awards"))
    given = pending = past = 0
    wrong = []
    for purchase in purchases:
        awards = orders.get(purchase.order_no)
        points = [booked.get(award["key"], 0) for award in awards or ()]
        if awards is None or sum(points) != purchase.expected_points():
            wrong.append(purchase.order_no)
        given += sum(points)
        pending += sum(award["points"] for award in awards or () if award["key"] not in booked)
        past += sum(award["points"] for award in awards or () if date.fromisoformat(award["expires_on"]) < on)
    members = resolve_members(refs=[{"openid": openid} for openid in {purchase.openid for purchase in purchases}])
    member_ids = [member_id for member_id in members if member_id is not None]
    return Summary(
        members=len(member_ids),
        purchases=sum(purchase.order_no in orders for purchase in purchases),
        points_expected=sum(purchase.expected_points() for purchase in purchases),
        points_given=given,
        points_pending=pending,
        points_past_their_day=past,
        tiers=members_per_tier(member_ids=member_ids),
        wrong=wrong,
    )
