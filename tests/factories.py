"""Rows tests start from. Everything a use case can make is made by that use case."""

import itertools
from typing import Any

from core.business_time import now
from members import services as members
from members.models import Member

_numbers = itertools.count(1)

# The default programme's ladder, so that tests of figures read as the specification does.
TIERS: list[dict[str, Any]] = [
    {
        "code": "bronze",
        "name": "青铜",
        "level": 0,
        "growth_threshold": 0,
        "earn_multiplier": "1.00",
        "benefits": ["生日双倍积分"],
    },
    {
        "code": "silver",
        "name": "白银",
        "level": 1,
        "growth_threshold": 1_000,
        "earn_multiplier": "1.10",
        "benefits": ["生日双倍积分", "每月优惠券礼包"],
    },
    {
        "code": "gold",
        "name": "黄金",
        "level": 2,
        "growth_threshold": 5_000,
        "earn_multiplier": "1.20",
        "benefits": ["生日双倍积分", "每月优惠券礼包", "专属客服", "优先购买"],
    },
    {
        "code": "platinum",
        "name": "铂金",
        "level": 3,
        "growth_threshold": 20_000,
        "earn_multiplier": "1.50",
        "benefits": ["生日双倍积分", "每月优惠券礼包", "专属客服", "优先购买", "新品试用", "积分抵现"],
    },
]


def new_member(nickname: str = "", *, openid: str | None = None, unionid: str | None = None) -> Member:
    """Return a member registered just now, at the lowest tier."""
    members.load_tiers(tiers=TIERS)
    member_id = members.register(
        openid=openid or f"openid-{next(_numbers)}", unionid=unionid, nickname=nickname, at=now()
    )
    return Member.objects.get(pk=member_id)
