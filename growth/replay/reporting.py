"""The steps of a replay: who the customers are here, under which key, and what was reported before."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from core.business_time import business_day
from growth.models import Behaviour
from growth.replay.cdnow import Purchase
from growth.services.reporting import Reporter
from members.selectors import partner_id_by_code, resolve_members
from members.services.partners import IssuedKey, issue_partner_key
from members.services.registration import register

# A key that a killed replay leaves behind runs out by itself.
KEY_LIFE = timedelta(hours=6)
BEHAVIOURS = ("order_paid", "order_completed")


def issue_key(*, partner_code: str, partner_name: str, at: datetime) -> IssuedKey:
    """Issue a key for one replay. Event ids belong to the partner, so a new key knows what an old one reported."""
    return issue_partner_key(
        partner_code=partner_code,
        partner_name=partner_name,
        behaviours=BEHAVIOURS,
        may_report_history=True,
        expires_at=at + KEY_LIFE,
        at=at,
    )


def partner_id_of(*, partner_code: str) -> int:
    """Return the id of the partner a key was issued to. Raises LookupError when there is none."""
    partner_id = partner_id_by_code(code=partner_code)
    if partner_id is None:
        raise LookupError(f"There is no partner {partner_code}.")
    return partner_id


def recorded_shift(purchases: Sequence[Purchase], *, partner_id: int) -> timedelta | None:
    """Return by how many days an earlier replay moved these purchases, or None if none of them was reported yet.

    It is read from what was recorded, so there is no second place that could say otherwise: an event reported
    again must have happened at the same moment as the first time.
    """
    known = {purchase.paid_event_id: purchase for purchase in purchases}
    reported = Behaviour.objects.filter(origin=_origin(partner_id), event_id__in=list(known))
    first = reported.order_by("id").values_list("event_id", "occurred_at").first()
    if first is None:
        return None
    event_id, occurred_at = first
    return business_day(occurred_at) - known[event_id].bought_on


def recorded_events(*, partner_id: int) -> int:
    """Return how many events of the partner were ever taken in."""
    return Behaviour.objects.filter(origin=_origin(partner_id)).count()


def strangers(purchases: Iterable[Purchase]) -> dict[str, Purchase]:
    """Return the customers who are no members yet, by openid, each with their first purchase."""
    by_day = sorted(purchases, key=lambda purchase: purchase.bought_on, reverse=True)
    first = {purchase.openid: purchase for purchase in by_day}
    known = resolve_members(refs=[{"openid": openid} for openid in first])
    return {
        openid: purchase
        for (openid, purchase), member_id in zip(first.items(), known, strict=True)
        if member_id is None
    }


def register_customer(purchase: Purchase, *, shift: timedelta) -> int:
    """Register the customer as of this purchase and return the member's id; again it returns the same one."""
    return register(openid=purchase.openid, at=purchase.paid_at(shift))


def _origin(partner_id: int) -> str:
    return Reporter(partner_id=partner_id, behaviours=frozenset(), is_history=True).origin
