"""Waiting for servers that were killed and come back."""

import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection

Result = TypeVar("Result")

FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 10.0


def attempts(*, seconds: float) -> Iterator[None]:
    """Yield at once and then after growing delays, until `seconds` have passed since the first time."""
    started = time.monotonic()
    delay = FIRST_DELAY_SECONDS
    yield
    while time.monotonic() - started + delay < seconds:
        time.sleep(delay)
        yield
        delay = min(delay * 2, LONGEST_DELAY_SECONDS)


def with_database(call: Callable[[], Result], *, seconds: float) -> Result:
    """Return what `call` returns, called again on a new connection while PostgreSQL is away.

    `call` must be safe to repeat. Raises the last OperationalError or InterfaceError after `seconds`.
    """
    trouble: Exception | None = None
    for _attempt in attempts(seconds=seconds):
        try:
            return call()
        except (OperationalError, InterfaceError) as error:
            trouble = error
            connection.close()
    raise trouble or RuntimeError("attempts() yields at least once")
