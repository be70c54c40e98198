"""What the demo's members gave each other, and what waits on the desks of its staff."""

from datetime import timedelta

from django.contrib.auth.models import User
from django.db import transaction

from config.demo.data import Facts, demo
from config.demo.lives import World
from core.business_time import business_day, end_of_month
from members.selectors import member_id_by_openid, standing
from points.ledger.holds import hold
from points.services.adjustments import Request, request_adjustment
from points.services.transfers import Gift, TransferKeyUsed, give


def load_desk(*, world: World) -> None:
    """Make the transfers, held awards and requests for adjustments that are missing; each is made once."""
    for number, facts in enumerate(demo()["transfers"], start=1):
        _give(f"demo-{number}", facts, world)
    for number, facts in enumerate(demo()["held_awards"], start=1):
        _hold(f"demo:held:{number}", facts, world)
    for number, facts in enumerate(demo()["adjustments"], start=1):
        _ask(f"demo-{number}", facts, world)


def _member(facts: Facts, name: str = "member") -> int:
    member_id = member_id_by_openid(openid=facts[name])
    if member_id is None:
        raise ValueError(f"Demo member {facts[name]} is missing.")
    return member_id


def _give(key: str, facts: Facts, world: World) -> None:
    gift = Gift(
        member_id=_member(facts, "from"),
        to_member_no=standing(member_id=_member(facts, "to")).no,
        points=facts["points"],
        message=facts["message"],
        request_key=key,
    )
    try:
        give(gift=gift, at=world.now - timedelta(hours=facts["hours_ago"]))
    except TransferKeyUsed:
        return


def _hold(key: str, facts: Facts, world: World) -> None:
    at = world.now - timedelta(hours=facts["hours_ago"])
    with transaction.atomic():
        hold(
            member_id=_member(facts),
            points=facts["points"],
            key=key,
            counterparty="award:review",
            source="rule:review",
            title=facts["title"],
            breakdown=None,
            expires_on=end_of_month(business_day(at), months_later=12),
            release_at=None,
            at=at,
        )


def _ask(key: str, facts: Facts, world: World) -> None:
    request = Request(
        member_id=_member(facts),
        points=facts["points"],
        reason=facts["reason"],
        note=facts["note"],
        title=facts["title"],
        expires_on=None,
        counts_for_growth=False,
        key=key,
    )
    staff_id = User.objects.get(username=facts["asked_by"]).pk
    request_adjustment(request=request, staff_id=staff_id, at=world.now - timedelta(hours=facts["hours_ago"]))
