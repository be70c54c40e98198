"""Scripted trouble: the next calls of a path are answered with a fault instead of the truth."""

import threading
import time
from collections import defaultdict, deque
from collections.abc import Set
from dataclasses import dataclass
from typing import Any

from wechat.standin.wire import Refused, Reply, Request, Routes

KINDS: dict[str, tuple[type, ...]] = {
    "errcode": (int,),
    "status": (int,),
    "delay_seconds": (int, float),
    "garbage": (str,),
}
TIMES_MAX = 10_000
DELAY_MAX_SECONDS = 60
ERROR_STATUSES = range(400, 600)


@dataclass(frozen=True)
class _Fault:
    kind: str
    value: Any

    def reply(self) -> Reply | None:
        """Return the false answer; None after a delay, when the true answer follows."""
        if self.kind == "delay_seconds":
            time.sleep(self.value)
            return None
        if self.kind == "errcode":
            return Reply.wechat_error(self.value, "scripted by the stand-in")
        if self.kind == "status":
            return Reply(self.value, "text/html", b"<html><h1>scripted by the stand-in</h1></html>")
        return Reply(200, "text/plain", self.value.encode(errors="surrogatepass"))


class FaultScript:
    """The faults still to come, first in first out per path."""

    def __init__(self, *, paths: Set[str]) -> None:
        self._paths = paths
        self._queues: defaultdict[str, deque[_Fault]] = defaultdict(deque)
        self._lock = threading.Lock()

    def routes(self) -> Routes:
        """Return this module's part of the control door."""
        return {("POST", "/standin/faults"): self._add, ("DELETE", "/standin/faults"): self._clear}

    def reply_to(self, path: str) -> Reply | None:
        """Play the next fault of `path`; None means: answer truthfully."""
        with self._lock:
            queue = self._queues.get(path)
            fault = queue.popleft() if queue else None
        return fault.reply() if fault else None

    def _add(self, request: Request) -> Reply:
        body = request.json(allowed={"path", "times", *KINDS})
        path, times = body.get("path"), body.get("times", 1)
        # A misspelt path would never strike, and the test behind it would prove nothing.
        if not isinstance(path, str) or path not in self._paths:
            raise Refused(f"path must be one of: {', '.join(sorted(self._paths))}")
        if type(times) is not int or not 1 <= times <= TIMES_MAX:
            raise Refused(f"times must be a whole number from 1 to {TIMES_MAX}")
        fault = _read_fault(body)
        with self._lock:
            self._queues[path].extend([fault] * times)
            return Reply.json({"waiting": len(self._queues[path])}, status=201)

    def _clear(self, request: Request) -> Reply:
        with self._lock:
            self._queues.clear()
        return Reply.json({"waiting": 0})


def _read_fault(body: dict[str, Any]) -> _Fault:
    """Pick the one kind of fault out of a request; raise Refused where it makes no sense."""
    kinds = [kind for kind in KINDS if kind in body]
    if len(kinds) != 1:
        raise Refused(f"exactly one of: {', '.join(KINDS)}")
    kind, value = kinds[0], body[kinds[0]]
    # type() and not isinstance(): true and false are integers to the latter.
    if type(value) not in KINDS[kind]:
        raise Refused(f"{kind} has the wrong type")
    if kind == "status" and value not in ERROR_STATUSES:
        raise Refused("status must be from 400 to 599")
    if kind == "delay_seconds" and not 0 < value <= DELAY_MAX_SECONDS:
        raise Refused(f"delay_seconds must be above 0 and at most {DELAY_MAX_SECONDS}")
    return _Fault(kind, value)
