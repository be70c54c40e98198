"""One client's connection: sends requests as members' phones and partner systems do, and hears answers or does not."""

import hashlib
import hmac
import http.client
import json
import time
from contextlib import suppress
from urllib.parse import urlsplit

from tests.chaos.journal import Answer, Wish
from tests.chaos.world import World

TIMEOUT_SECONDS = 20
SERVER_FAULTS = 500
TOO_MANY = 429
CONFLICT = 409


class NotAnswered(Exception):
    """Nobody there, cut off, or an answer that does not say what happened: ask again."""


class Wire:
    """A connection that is made anew whenever it breaks."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._connection = http.client.HTTPConnection(urlsplit(world.address).netloc, timeout=TIMEOUT_SECONDS)

    def ask(self, wish: Wish) -> Answer:
        """Send the wish and return its answer. Raises NotAnswered."""
        try:
            self._send(wish)
            response = self._connection.getresponse()
            body = response.read().decode()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise NotAnswered(type(error).__name__) from error
        if _says_nothing(response.status, body):
            raise NotAnswered(f"{response.status} {_code(body)}")
        return Answer(response.status, body)

    def ask_and_hang_up(self, wish: Wish) -> None:
        """Send the wish and do not wait."""
        with suppress(OSError, http.client.HTTPException):
            self._send(wish)
        self._connection.close()

    def _send(self, wish: Wish) -> None:
        body = json.dumps(wish.body).encode()
        headers = {"Content-Type": "application/json"}
        if wish.member is None:
            headers |= self._signature(wish.path, body)
        else:
            headers |= {
                "Authorization": f"Bearer {self._world.members[wish.member].token}",
                "Idempotency-Key": wish.key,
            }
        self._connection.request("POST", wish.path, body=body, headers=headers)

    def _signature(self, path: str, body: bytes) -> dict[str, str]:
        timestamp = str(int(time.time()))
        text = f"{timestamp}\nPOST\n{path}\n{hashlib.sha256(body).hexdigest()}"
        signature = hmac.new(self._world.partner_secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        return {
            "X-Mall-Key": self._world.partner_key,
            "X-Mall-Timestamp": timestamp,
            "X-Mall-Signature": signature,
        }


def _says_nothing(status: int, body: str) -> bool:
    if status >= SERVER_FAULTS or status == TOO_MANY:
        return True
    if status == CONFLICT:
        return _code(body) == "request_in_progress"
    return any(result.get("code") == "unavailable" for result in json.loads(body).get("results", []))


def _code(body: str) -> str:
    with suppress(ValueError, AttributeError):
        return str(json.loads(body).get("code"))
    return ""
