"""CPU time of process trees, as the kernel counts it. Linux only."""

import os
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
# The kernel counts in these, so nothing was measured to be shorter.
TICK = 1 / TICKS_PER_SECOND
# Counted from 0 after the name: parent, and user and system time of the process and of its children that have ended.
PARENT, TIMES = 1, slice(11, 15)


def tree_seconds(pid: int) -> float:
    """Return the CPU seconds that a process and all its descendants, also ended ones, have used so far."""
    children: dict[int, list[int]] = {}
    ticks: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        fields = _fields(folder)
        if fields:
            children.setdefault(int(fields[PARENT]), []).append(int(folder.name))
            ticks[int(folder.name)] = sum(map(int, fields[TIMES]))
    total, open_ones = 0, [pid]
    while open_ones:
        one = open_ones.pop()
        total += ticks.get(one, 0)
        open_ones += children.get(one, [])
    return total / TICKS_PER_SECOND


def parent_of(pid: int) -> int | None:
    """Return the parent's number, None for a process that is not on this machine."""
    fields = _fields(Path("/proc") / str(pid))
    return int(fields[PARENT]) if fields else None


def name_of(pid: int) -> str:
    """Return the program's short name, empty for nobody."""
    try:
        return (Path("/proc") / str(pid) / "comm").read_text().strip()
    except OSError:
        return ""


def _fields(folder: Path) -> list[str]:
    try:
        # The name, in parentheses, may hold anything; the fields after it are fixed.
        return (folder / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
