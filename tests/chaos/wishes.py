"""What a client does next: chosen by chance, from what it has been answered so far."""

import json
import random
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from tests.chaos.journal import Answer, Wish
from tests.chaos.world import World

# How often each kind is chosen. A cancellation or a report about an order needs one: until there is, it is made.
WEIGHTS = {
    "check_in": 8,
    "redeem": 26,
    "cancel": 10,
    "transfer": 20,
    "paid": 14,
    "completed": 8,
    "refunded": 6,
    "review": 8,
}
# One wish in so many is never heard of again.
GIVEN_UP = 0.02
EVENTS = "/api/v1/events"
CREATED = 201


class Chooser:
    """Chooses the wishes of one client, named so that no two clients share a key. The same seed, the same choices.

    What it may cancel, complete or refund it learns from answers, so it never asks for what it was not promised.
    """

    def __init__(self, world: World, *, name: str, seed: int) -> None:
        self._world = world
        self._name = name
        self._chance = random.Random(f"{seed}:{name}")
        self._number = 0
        self._cancellable: list[tuple[int, str]] = []
        # Number, member's number and unrefunded fen of orders that are known to be taken in.
        self._orders: list[tuple[str, str, int]] = []

    def next(self) -> Wish:
        """Return the next wish."""
        self._number += 1
        (kind,) = self._chance.choices(list(WEIGHTS), weights=list(WEIGHTS.values()))
        if kind == "cancel" and not self._cancellable:
            kind = "redeem"
        if kind in {"completed", "refunded"} and not self._orders:
            kind = "paid"
        wish: Wish = getattr(self, f"_{kind}")()
        return replace(wish, given_up=self._chance.random() < GIVEN_UP)

    def learn(self, wish: Wish, answer: Answer) -> None:
        """Take in the answer to a wish."""
        body = json.loads(answer.body)
        if wish.kind == "redeem" and answer.status == CREATED and wish.member is not None:
            self._cancellable.append((wish.member, body["no"]))
        for event in wish.body.get("events", []):
            if event["behaviour"] == "order_paid":
                self._orders.append((event["data"]["order_no"], event["member"]["no"], event["data"]["amount_fen"]))

    def _check_in(self) -> Wish:
        return self._by_member("check_in", "/api/v1/growth/check-ins")

    def _redeem(self) -> Wish:
        member = self._member()
        if self._chance.random() < 0.5:
            return self._by_member(
                "redeem", "/api/v1/mall/redemptions", member=member, item_id=self._chance.choice(self._world.coupons)
            )
        return self._by_member(
            "redeem",
            "/api/v1/mall/redemptions",
            member=member,
            item_id=self._chance.choice(self._world.goods),
            address_id=self._world.members[member].address,
        )

    def _cancel(self) -> Wish:
        chosen = self._chance.randrange(len(self._cancellable))
        # Now and then it stays in the list: a second tap on the button, under another key, is refused.
        member, no = self._cancellable[chosen] if self._chance.random() < 0.1 else self._cancellable.pop(chosen)
        return self._by_member("cancel", f"/api/v1/mall/redemptions/{no}/cancel", member=member)

    def _transfer(self) -> Wish:
        giver, taker = self._chance.sample(range(len(self._world.members)), 2)
        return self._by_member(
            "transfer",
            "/api/v1/points/transfers",
            member=giver,
            to_member_no=self._world.members[taker].no,
            points=self._chance.randint(1, 30),
        )

    def _paid(self) -> Wish:
        size = self._chance.choice([1, 1, 1, 2, 5])
        orders = (f"{self._key()}-{number}" for number in range(size))
        return self._by_partner(
            *(self._event("order_paid", no, order_no=no, amount_fen=self._chance.randint(100, 20_000)) for no in orders)
        )

    def _completed(self) -> Wish:
        order_no, member_no, _fen = self._chance.choice(self._orders)
        return self._by_partner(self._event("order_completed", self._key(), member_no, order_no=order_no))

    def _refunded(self) -> Wish:
        order_no, member_no, left = self._orders.pop(self._chance.randrange(len(self._orders)))
        fen = self._chance.randint(1, left)
        if fen < left:
            self._orders.append((order_no, member_no, left - fen))
        data = {"order_no": order_no, "refund_no": self._key(), "refund_fen": fen}
        return self._by_partner(self._event("order_refunded", self._key(), member_no, **data))

    def _review(self) -> Wish:
        return self._by_partner(self._event("review_posted", self._key(), review_id=self._key()))

    def _by_member(self, kind: str, path: str, *, member: int | None = None, **body: Any) -> Wish:
        member = self._member() if member is None else member
        return Wish(key=self._key(), kind=kind, path=path, body=body, member=member, asked_at=_now())

    def _by_partner(self, *events: dict[str, Any]) -> Wish:
        body = {"events": list(events)}
        return Wish(key=self._key(), kind="events", path=EVENTS, body=body, member=None, asked_at=_now())

    def _event(self, behaviour: str, event_id: str, member_no: str = "", **data: Any) -> dict[str, Any]:
        return {
            "event_id": event_id,
            "behaviour": behaviour,
            "member": {"no": member_no or self._world.members[self._member()].no},
            "occurred_at": _now(),
            "data": data,
        }

    def _member(self) -> int:
        # The first ones far more often: taps of one member shall meet.
        return int(self._chance.random() ** 3 * len(self._world.members))

    def _key(self) -> str:
        return f"{self._name}-{self._number}"


def _now() -> str:
    return datetime.now(UTC).isoformat()
