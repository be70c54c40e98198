"""Members who redeem while everything around them is killed, each wish under one key until it is answered.

Run as a program (`python -m tests.chaos.shoppers MEMBERS CODES`) it makes the members and the item, and prints what
the shoppers need to know.
"""

import json
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import requests

RETRY_SECONDS = 0.2
PAUSE_SECONDS = 0.05
PATH = "/api/v1/mall/redemptions"
PRICE = 3
POINTS = 100_000


@dataclass
class Shoppers:
    """A thread that redeems for one member after the other. `answered` maps each key to the status and body it got."""

    address: str
    item_id: int
    tokens: list[str]
    answered: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin redeeming."""
        self._thread = threading.Thread(target=self._redeem_until_stopped, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Answer the wish that is open, then end."""
        self._stop.set()
        if self._thread:
            self._thread.join(timeout=120)
            assert not self._thread.is_alive(), "a redemption was never answered"

    def repeat(self) -> list[str]:
        """Send every answered wish again and return the keys whose answer is not the first one, byte for byte."""
        return [key for key, first in self.answered.items() if self._ask(key) != first]

    def placed(self) -> dict[str, int]:
        """Return {number: points} of the redemptions that were promised."""
        bodies = [json.loads(body) for status, body in self.answered.values() if status == requests.codes.created]
        return {body["no"]: body["points"] for body in bodies}

    def _redeem_until_stopped(self) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            key = f"wish-{number}"
            self.answered[key] = self._ask(key)
            time.sleep(PAUSE_SECONDS)

    def _ask(self, key: str) -> tuple[int, bytes]:
        """Ask until answered; being away, failing and being busy are no answers."""
        token = self.tokens[int(key.rpartition("-")[2]) % len(self.tokens)]
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
        while True:
            try:
                answer = requests.post(
                    self.address + PATH, json={"item_id": self.item_id}, headers=headers, timeout=(2, 30)
                )
            except requests.RequestException:
                time.sleep(RETRY_SECONDS)
                continue
            busy = answer.status_code == requests.codes.conflict and answer.json()["code"] == "request_in_progress"
            if answer.status_code < requests.codes.internal_server_error and not busy:
                return answer.status_code, answer.content
            time.sleep(RETRY_SECONDS)


def prepare(*, members: int, codes: int) -> dict[str, Any]:
    """Make members with points, their sessions, and an item with codes."""
    # Only here: this half runs inside the product, the other beside it.
    from core.business_time import now  # noqa: PLC0415
    from members.services.sessions import open_session  # noqa: PLC0415
    from tests.factories import give_points, new_coupon_item, new_member  # noqa: PLC0415

    item = new_coupon_item(codes=codes, price_points=PRICE)
    tokens = []
    for number in range(members):
        member = new_member(openid=f"shopper-{number}")
        give_points(member.pk, POINTS)
        tokens.append(open_session(member_id=member.pk, device_id="phone", at=now()).access)
    return {"item_id": item.pk, "tokens": tokens}


if __name__ == "__main__":
    import django

    django.setup()
    json.dump(prepare(members=int(sys.argv[1]), codes=int(sys.argv[2])), sys.stdout)
