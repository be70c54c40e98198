"""Audits the product every second while it works and dies: `python -m tests.chaos.watcher FILE`, until SIGTERM.

With the product's environment, on a connection of its own. Ledger and mall are read in one snapshot of a read-only
transaction. At SIGTERM it looks one last time.
"""

import json
import os
import signal
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EVERY_SECONDS = 1.0


@dataclass(frozen=True)
class Look:
    """One audit: what was off (nothing: clean), or that the database was `away`."""

    faults: tuple[str, ...] = ()
    entries: int = 0
    away: bool = False


def read(path: Path) -> list[Look]:
    """Return all looks that were taken."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    looks = [json.loads(line) for line in lines]
    return [Look(tuple(look["faults"]), look["entries"], look["away"]) for look in looks]


def watch(path: Path, stop: threading.Event) -> None:
    """Look until stopped, and once more then."""
    with path.open("a", encoding="utf-8") as file:
        while True:
            last = stop.is_set()
            started = time.monotonic()
            file.write(json.dumps(_look()) + "\n")
            file.flush()
            if last:
                return
            stop.wait(max(0.0, started + EVERY_SECONDS - time.monotonic()))


def _look() -> dict[str, Any]:
    from django.db import DatabaseError, InterfaceError, connection  # noqa: PLC0415 - readers need no Django

    from points import audit  # noqa: PLC0415

    try:
        result = audit.check()
        faults = [f"{one.invariant}: {one.subject} {one.expected} {one.actual}" for one in result.findings]
    except (DatabaseError, InterfaceError):
        connection.close()
        return {"faults": [], "entries": 0, "away": True}
    return {"faults": faults, "entries": result.entries, "away": False}


if __name__ == "__main__":
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    asked_to_stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_signal: asked_to_stop.set())
    watch(Path(sys.argv[1]), asked_to_stop)
