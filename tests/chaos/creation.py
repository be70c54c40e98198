"""Makes the world of a crash test: `python -m tests.chaos.creation MEMBERS FILE`, with the product's environment."""

import os
import sys
from pathlib import Path

import django

django.setup()

from core.business_time import now  # noqa: E402 - these need Django set up
from members.services.addresses import add_address  # noqa: E402
from members.services.partners import issue_partner_key  # noqa: E402
from members.services.sessions import open_session  # noqa: E402
from points.models import LedgerPolicy  # noqa: E402
from tests.chaos.world import OPENING_POINTS, PARTNER, Member, World  # noqa: E402
from tests.factories import give_points, new_coupon_item, new_goods_item, new_member  # noqa: E402

PLENTY = 20_000
# So few that they are gone soon: who comes late is told so, and nobody gets one too many.
FEW = 60
OPEN_TO_GIFTS = {
    "transfers_open": True,
    "transfer_max_points": 1_000_000,
    "transfer_daily_points": 1_000_000,
    "transfer_daily_count": 30_000,
}
HOME = {"recipient": "Alice", "phone": "13800000000", "region": "Shanghai", "detail": "1 Long Road"}


def make(*, members: int, address: str) -> World:
    """Make all of it. `address` is where the product listens."""
    key = issue_partner_key(partner_code=PARTNER, at=now())
    made = [_member(number) for number in range(members)]
    # Some gifts shall be refused for want of points, none for a day's limits: a member stands for a hundred here.
    LedgerPolicy.objects.update(**OPEN_TO_GIFTS)
    return World(
        address=address,
        members=made,
        coupons=[new_coupon_item(codes=PLENTY, price_points=3).pk, new_coupon_item(codes=FEW, price_points=5).pk],
        goods=[
            new_goods_item(stock=PLENTY, price_points=20).pk,
            new_goods_item(stock=FEW, price_points=40).pk,
        ],
        partner_key=key.key_id,
        partner_secret=key.secret,
    )


def _member(number: int) -> Member:
    member = new_member(f"Member {number}", openid=f"chaos-{number}")
    give_points(member.pk, OPENING_POINTS)
    pair = open_session(member_id=member.pk, device_id="phone", at=now())
    home = add_address(member_id=member.pk, facts=HOME, at=now())
    return Member(id=member.pk, no=member.no, token=pair.access, address=home.pk)


if __name__ == "__main__":
    make(members=int(sys.argv[1]), address=os.environ["MALL_BASE_URL"]).save(Path(sys.argv[2]))
