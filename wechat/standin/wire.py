"""What travels between the server and the modules that answer."""

import json
import secrets
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from typing import Any


class Refused(Exception):
    """The control door was used wrongly; the text goes to the caller with status 400."""


@dataclass(frozen=True)
class Request:
    """One request, with the body as it came: some later answers depend on its very bytes."""

    method: str
    path: str
    query: Mapping[str, str]
    body: bytes

    def json(self, *, allowed: Set[str]) -> dict[str, Any]:
        """Return the body as a JSON object with no other names than `allowed`; raise Refused otherwise."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            raise Refused("the body must be JSON") from None
        if not isinstance(value, dict):
            raise Refused("the body must be a JSON object")
        if unknown := value.keys() - allowed:
            raise Refused(f"unknown: {', '.join(sorted(unknown))}")
        return value


@dataclass(frozen=True)
class Reply:
    """One answer."""

    status: int
    content_type: str
    body: bytes

    @classmethod
    def json(cls, payload: Mapping[str, Any], *, status: int = 200) -> "Reply":
        """Answer of the control door."""
        return cls(status, "application/json; charset=utf-8", _encode(payload))

    @classmethod
    def wechat(cls, payload: Mapping[str, Any]) -> "Reply":
        """Answer of WeChat: always status 200, and JSON that calls itself plain text, as seen in the field."""
        return cls(200, "text/plain", _encode(payload))

    @classmethod
    def wechat_error(cls, errcode: int, errmsg: str) -> "Reply":
        """Refusal of WeChat; like the real one it carries a request id at the end of the message."""
        rid = "-".join(secrets.token_hex(4) for _ in range(3))
        return cls.wechat({"errcode": errcode, "errmsg": f"{errmsg}, rid: {rid}"})


Handler = Callable[[Request], Reply]
Routes = dict[tuple[str, str], Handler]


def _encode(payload: Mapping[str, Any]) -> bytes:
    return json.dumps(payload).encode()
