"""Members who are logged in and have points, and a stocked shelf: made by the product's own use cases."""

import json
from dataclasses import dataclass

from bench.load import Call
from core.business_time import now
from members.services.registration import register
from members.services.sessions import open_session
from tests.factories import give_points, new_coupon_item

ITEMS = 10
PRICE = 100


@dataclass(frozen=True)
class World:
    """What calls are made of: one token a member, and the items."""

    tokens: list[str]
    item_ids: list[int]

    def bare(self, start: int, stop: int) -> list[Call]:
        """Return calls of the bare view by these members."""
        return [Call(path="/bench/bare", headers=self._headers(number)) for number in range(start, stop)]

    def check_ins(self, start: int, stop: int) -> list[Call]:
        """Return the check-ins of these members. Each can be sent once."""
        return [Call(path="/api/v1/growth/check-ins", headers=self._headers(number)) for number in range(start, stop)]

    def redemptions(self, start: int, stop: int) -> list[Call]:
        """Return a redemption by each of these members. Each can be sent once."""
        return [
            Call(
                path="/api/v1/mall/redemptions",
                headers=self._headers(number) | {"Idempotency-Key": f"bench-{number}"},
                body=json.dumps({"item_id": self.item_ids[number % len(self.item_ids)]}).encode(),
            )
            for number in range(start, stop)
        ]

    def _headers(self, number: int) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[number]}", "Content-Type": "application/json"}


def prepare(*, members: int) -> World:
    """Make a world of so many members, each with points for one redemption."""
    items = [new_coupon_item(codes=members // ITEMS + 1, price_points=PRICE) for _item in range(ITEMS)]
    tokens = []
    for number in range(members):
        member_id = register(openid=f"bench-{number}", at=now())
        give_points(member_id, PRICE)
        tokens.append(open_session(member_id=member_id, device_id="phone", at=now()).access)
    return World(tokens, [item.pk for item in items])
