"""The stand-in's own clock: it runs with the real one and can be set ahead, so that tests need not wait."""

import threading
import time

from wechat.standin.wire import Refused, Reply, Request, Routes

ADVANCE_MAX_SECONDS = 366 * 86_400


class Clock:
    """Seconds since the start of the process, plus what was skipped."""

    def __init__(self) -> None:
        self._skipped = 0.0
        self._lock = threading.Lock()

    def now(self) -> float:
        """Return the stand-in's time in seconds; it never goes back."""
        return time.monotonic() + self._skipped

    def advance(self, seconds: float) -> None:
        """Skip `seconds`; they must be positive."""
        with self._lock:
            self._skipped += seconds

    def routes(self) -> Routes:
        """Return this module's part of the control door."""
        return {("POST", "/standin/clock"): self._handle_advance}

    def _handle_advance(self, request: Request) -> Reply:
        body = request.json(allowed={"advance_seconds"})
        seconds = body.get("advance_seconds", 0)
        number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
        if not number or not 0 < seconds <= ADVANCE_MAX_SECONDS:
            raise Refused(f"advance_seconds must be a number above 0 and at most {ADVANCE_MAX_SECONDS}")
        self.advance(seconds)
        return Reply.json({"now": self.now()})
