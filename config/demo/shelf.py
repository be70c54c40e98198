"""The demo's mall: shelves, items, their stock and codes."""

import base64
import hashlib
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any

from django.db import transaction

from config.demo.data import Facts, demo
from core.business_time import SHANGHAI, business_day
from mall.services.catalogue import load_category, load_item
from mall.services.codes import import_codes
from mall.services.stock import add_goods

# Before the first demo redemption, so that no code is handed out before it was imported.
STOCKED_DAYS_AGO = 400


def load_shelf(*, now: datetime) -> tuple[dict[str, int], int]:
    """Put up what is missing; return {the demo's name of an item: its id} and how many items were created."""
    shelves = {name: load_category(name=name, sort=sort) for sort, name in enumerate(demo()["categories"], start=1)}
    ids: dict[str, int] = {}
    created_total = 0
    for sort, facts in enumerate(demo()["items"], start=1):
        with transaction.atomic():
            ids[facts["code"]], created = load_item(facts=_fields(facts, shelves=shelves, sort=sort, now=now))
            if created:
                _fill(ids[facts["code"]], facts, now=now)
        created_total += created
    return ids, created_total


def _fields(facts: Facts, *, shelves: dict[str, int], sort: int, now: datetime) -> dict[str, Any]:
    names = ("kind", "title", "description", "emoji", "price_points", "market_price_fen")
    limits = ("per_member_limit", "min_tier_level")
    return {
        **{name: facts[name] for name in names},
        **{name: facts[name] for name in limits if name in facts},
        "picture_url": f"/static/demo/pictures/{facts['code']}.svg",
        "category_id": shelves[facts["category"]],
        "opens_at": _tomorrow(facts["opens_tomorrow_at"], now=now) if "opens_tomorrow_at" in facts else None,
        "sort": sort,
    }


def _tomorrow(clock: str, *, now: datetime) -> datetime:
    on = business_day(now) + timedelta(days=1)
    return datetime.combine(on, time.fromisoformat(clock), tzinfo=SHANGHAI)


def _fill(item_id: int, facts: Facts, *, now: datetime) -> None:
    if "codes" in facts:
        stocked_at = now - timedelta(days=STOCKED_DAYS_AGO)
        import_codes(item_id=item_id, rows=_codes(facts["code_prefix"], facts["codes"]), at=stocked_at)
    else:
        add_goods(item_id=item_id, delta=facts["stock"])


def _codes(prefix: str, count: int) -> Iterator[str]:
    """Make up codes that look like bought ones and come out the same each time."""
    for number in range(count):
        digest = hashlib.sha256(f"{prefix}:{number}".encode()).digest()
        signs = base64.b32encode(digest).decode()[:8]
        yield f"{prefix}-{signs[:4]}-{signs[4:]}"
