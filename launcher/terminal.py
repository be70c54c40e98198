"""What the person at the terminal sees: one line a step, with its seconds."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

WIDTH = 46


def say(text: str = "") -> None:
    """Print a line at once. A closed terminal is no reason to fall over: servers must still be stopped."""
    with suppress(OSError, ValueError):
        # On a terminal a step may have begun its line: start at the left and wipe what it left there.
        print(f"\r\033[K{text}" if sys.stdout.isatty() else text, flush=True)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Show a step while it runs and how long it took. A step that fails leaves its line to the error."""
    started = time.monotonic()
    if sys.stdout.isatty():
        with suppress(OSError):
            print(f"  {title} …", end="", flush=True)
    yield
    say(f"  {title:<{WIDTH}} {time.monotonic() - started:6.1f} s")
