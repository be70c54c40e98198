"""Short forms of what members and staff do with points beside earning and spending them."""

import uuid
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User

from members.models import Member
from points.models import Adjustment, LedgerPolicy, Transfer
from points.services import adjustments
from points.services.transfers import Gift, give
from tests.points.book import NOON

Row = dict[str, Any]


def policy(**figures: Any) -> None:
    """Set figures of the ledger's policy."""
    assert LedgerPolicy.objects.update(**figures) == 1


def gift(
    sender: Member, receiver: Member, points: int, *, at: datetime = NOON, key: str = "", text: str = ""
) -> Transfer:
    """Let one member give points to another."""
    wish = Gift(
        member_id=sender.pk,
        to_member_no=receiver.no,
        points=points,
        message=text,
        request_key=key or uuid.uuid4().hex,
    )
    return give(gift=wish, at=at).transfer


def staff(name: str) -> User:
    """Return a user of admin without any rights."""
    return User.objects.create_user(name, is_staff=True)


def ask(member: Member, points: int, by: User, *, at: datetime = NOON, **more: Any) -> Adjustment:
    """Ask for an adjustment."""
    facts: Row = {
        "reason": "goodwill",
        "note": "case 17",
        "title": "",
        "expires_on": None,
        "counts_for_growth": False,
        "key": uuid.uuid4().hex,
    }
    wish = adjustments.Request(member_id=member.pk, points=points, **facts | more)
    return adjustments.request_adjustment(request=wish, staff_id=by.pk, at=at)
