"""Statements driven by pgbench: one client, prepared, in turns, and the server's CPU time for each."""

import re
import statistics
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench import cpu
from bench.server import Server, program

DONE = re.compile(r"number of transactions actually processed: (\d+)")


@dataclass
class Reading:
    """What calls of one kind have cost so far; the ratio of two kinds is taken round by round."""

    calls: int = 0
    cpu: float = 0.0
    rounds: list[float] = field(default_factory=list)

    def add(self, calls: int, cpu_seconds: float) -> None:
        """Add a round."""
        self.calls += calls
        self.cpu += cpu_seconds
        self.rounds.append(1e6 * cpu_seconds / calls)

    @property
    def micros(self) -> float:
        """Return the server's CPU microseconds per call."""
        return 1e6 * self.cpu / self.calls

    def ratio(self, other: "Reading") -> float:
        """Return how many times dearer a call is than one of the other kind: the middle one of all rounds' ratios."""
        return statistics.median(mine / theirs for mine, theirs in zip(self.rounds, other.rounds, strict=True))


@dataclass(frozen=True)
class Amount:
    """How much is run at a time: seconds, or by pgbench so many calls."""

    rounds: int
    seconds: float = 0
    calls: int = 0

    def option(self) -> list[str]:
        """Return it as pgbench wants it."""
        return ["-t", str(self.calls)] if self.calls else ["-T", str(int(self.seconds))]


@dataclass(frozen=True)
class Script:
    """A pgbench script. `counter` makes a variable `next` that counts on from call to call and round to round;
    `url` is a database of its own."""

    text: str
    counter: int | None = None
    url: str | None = None


def literal(text: str) -> str:
    """Return SQL for a text. pgbench takes what follows a colon for a variable, also inside quotes."""
    return "E'" + text.replace("\\", "\\\\").replace("'", "''").replace(":", "\\x3A") + "'"


def in_turns(server: Server, url: str, scripts: Mapping[str, Script], amount: Amount) -> dict[str, Reading]:
    """Run each script once a round, so that what else the machine does falls on all alike."""
    readings = {name: Reading() for name in scripts}
    for number in range(amount.rounds):
        for name, script in scripts.items():
            start = script.counter + number * amount.calls if script.counter is not None else 0
            before = server.cpu_seconds()
            calls = _run(script.url or url, script, amount.option(), start)
            used = max(server.cpu_seconds() - before, cpu.TICK)
            readings[name].add(calls, used)
    return readings


def _run(url: str, script: Script, option: Sequence[str], start: int) -> int:
    head = "\\set next :next + 1\n" if script.counter is not None else ""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        Path(file.name).write_text(head + script.text, encoding="utf-8")
        called = [program("pgbench"), "-n", "-M", "prepared", "-c", "1", "-j", "1", *option, "-D", f"next={start}"]
        ran = subprocess.run([*called, "-f", file.name, url], capture_output=True, text=True, check=False)
    done = DONE.search(ran.stdout)
    if ran.returncode or done is None or "ERROR" in ran.stderr:
        raise RuntimeError(f"pgbench failed: {ran.stderr[-800:]}")
    return int(done[1])
