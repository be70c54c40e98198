"""How partners sign a call: hex HMAC-SHA256 over time, method, address and the body's hash (docs/api.md)."""

import hashlib
import hmac
import re

# How far a partner's clock may be off, in seconds, and so how long a recorded call could be sent again.
TOLERANCE_SECONDS = 300
UNIX_SECONDS = re.compile(r"[0-9]{1,12}")


def signature(*, secret: str, timestamp: str, method: str, path: str, body: bytes) -> str:
    """Return the hex signature. `path` holds the query string as sent; `body` the bytes as sent, empty for none."""
    message = f"{timestamp}\n{method}\n{path}\n{hashlib.sha256(body).hexdigest()}"
    return hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()


def is_equal(given: str, expected: str) -> bool:
    """Compare without telling by time how much of it was right. Any text may be given."""
    return hmac.compare_digest(given.encode(), expected.encode())


def is_fresh(timestamp: str, *, unix_now: float) -> bool:
    """Return whether the claimed time (digits, unix seconds) is close enough to ours."""
    return bool(UNIX_SECONDS.fullmatch(timestamp)) and abs(unix_now - int(timestamp)) <= TOLERANCE_SECONDS
