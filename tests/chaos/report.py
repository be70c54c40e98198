"""What came of a crash test, for people: on the terminal, and as a page of docs/."""

import os
import platform
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.chaos.builds import Build
from tests.chaos.form import Ending
from tests.chaos.verdict import Fault

FAULTS_SHOWN = 20
MEMORY_UNIT = 1024**3

Row = tuple[str, str]


def rows(ending: Ending) -> list[Row]:
    """Return the figures of an ending, each with what it is."""
    deeds = ending.deeds
    answers = sum(len(deed.answers) for deed in deeds)
    repeated = sum(len(deed.answers) > 1 for deed in deeds)
    kills = Counter(kill.victim for kill in ending.kills)
    kinds = Counter(deed.wish.kind for deed in deeds)
    faults = Counter(fault.kind for fault in ending.faults)
    clean = sum(not look.away and not look.faults for look in ending.looks)
    return [
        ("Seed", str(ending.plan.seed)),
        ("Clients", f"{ending.plan.clients} processes, {ending.seconds:.0f} s"),
        ("Keys", f"{len(deeds):,} ({_list(kinds)})"),
        ("Answers", f"{answers:,}; {answers / ending.seconds:.0f} a second with all kills"),
        (
            "Keys repeated",
            f"{repeated:,} ({repeated / len(deeds):.0%}), {faults['changed']:,} of them answered otherwise",
        ),
        (
            "Attempts without an answer",
            f"{sum(deed.failures.total() for deed in deeds):,}; {faults['unanswered']:,} wishes never got one",
        ),
        ("Sent and never heard of", f"{sum(deed.wish.given_up for deed in deeds):,}: may be done, but not twice"),
        ("Killed", _list(kills)),
        ("Audits meanwhile", f"{clean:,} clean of {len(ending.looks):,}; {_away(ending):,} met no database"),
        ("Violations", f"{len(ending.faults):,}"),
    ]


def table(figures: Sequence[Row]) -> str:
    """Return rows as a text table."""
    width = max(len(name) for name, _value in figures)
    return "\n".join(f"  {name:<{width}}  {value}" for name, value in figures)


def shown(faults: Sequence[Fault]) -> str:
    """Return the first faults, and how many there are of each kind."""
    kinds = Counter(fault.kind for fault in faults)
    lines = [f"FAULT {fault.kind}: {fault.what}" for fault in faults[:FAULTS_SHOWN]]
    return "\n".join([*lines, f"All faults: {_list(kinds)}"])


def write(path: Path, *, command: str, ending: Ending, controls: Sequence[tuple[Build, Ending]]) -> None:
    """Write the page."""
    lines = [
        "# Crash test",
        "",
        "Processes that play members and partners drive the HTTP API while services are killed with `kill -9`. They",
        "write down every question before it is sent, and every answer. Afterwards their journals are held against the",
        "database: everything answered is there, once, as answered; every repeat got the first answer; each member's",
        "points are what the answers add up to; every job was done once. Meanwhile ledger and mall are audited every",
        "second.",
        "",
        "How it works: `tests/chaos/__init__.py`.",
        "",
        f"`{command}` on {_machine()}, {datetime.now(UTC):%Y-%m-%d}:",
        "",
        *_markdown(("what", "figure"), rows(ending)),
    ]
    if controls:
        lines += ["", "The same on the product with one guard taken away, which must be found out:", ""]
        found = [(control.guard, _list(Counter(fault.kind for fault in one.faults))) for control, one in controls]
        lines += _markdown(("guard taken away", "faults found"), found)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _markdown(head: Row, figures: Sequence[Row]) -> list[str]:
    return [f"| {name} | {value} |" for name, value in (head, ("---", "---"), *figures)]


def _list(counts: Counter[str]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items())) or "none"


def _away(ending: Ending) -> int:
    return sum(look.away for look in ending.looks)


def _machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / MEMORY_UNIT
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}"
