"""What a part of the benchmark hands back: tables, and ratios held against goals. On the terminal, and as Markdown."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

CPU_INFO = Path("/proc/cpuinfo")
MEM_INFO = Path("/proc/meminfo")


@dataclass
class Table:
    """Rows of text under one heading. The first column is left-aligned, figures are right-aligned."""

    title: str
    columns: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, *cells: str) -> None:
        """Append a row."""
        self.rows.append(cells)

    def as_text(self) -> str:
        """Return the table as it is printed."""
        lines = [self.columns, *self.rows]
        widths = [max(len(line[number]) for line in lines) for number in range(len(self.columns))]
        first, *others = widths
        text = [
            "  ".join([line[0].ljust(first), *(cell.rjust(w) for cell, w in zip(line[1:], others, strict=True))])
            for line in lines
        ]
        return "\n".join(["", self.title, "", *text, "", *self.notes])

    def as_markdown(self) -> str:
        """Return the table as it stands in a document."""
        rule = ["---", *("---:" for _column in self.columns[1:])]
        lines = ["| " + " | ".join(line) + " |" for line in [self.columns, rule, *self.rows]]
        notes = [note for line in self.notes for note in ("", line)]
        return "\n".join([f"## {self.title}", "", *lines, *notes, ""])


@dataclass(frozen=True)
class Goal:
    """A ratio that was asked for. `at_most` says on which side of `limit` it should be."""

    what: str
    value: float
    limit: float
    at_most: bool
    unit: str = "×"

    @property
    def is_met(self) -> bool:
        """Tell whether the measured value is on the right side."""
        return self.value <= self.limit if self.at_most else self.value >= self.limit


@dataclass
class Report:
    """All that was measured in one run."""

    tables: list[Table] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)

    def show(self, *tables: Table) -> None:
        """Print tables as soon as they are there, and keep them."""
        for table in tables:
            print(table.as_text(), flush=True)
            self.tables.append(table)

    def goals_table(self) -> Table:
        """Return every ratio beside its goal."""
        table = Table("Goals", ("ratio", "measured", "goal", ""))
        for goal in self.goals:
            side = "≤" if goal.at_most else "≥"
            reached = "reached" if goal.is_met else "missed"
            table.add(goal.what, f"{goal.value:.2f} {goal.unit}", f"{side} {goal.limit:g} {goal.unit}", reached)
        return table

    def write(self, path: Path, command: str) -> None:
        """Write everything as one Markdown document."""
        head = [
            "# Benchmark",
            "",
            "Written by the command below; absolute figures move with the machine, ratios hold.",
            "",
            f"- Command: `{command}`",
            f"- Date: {datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
            f"- Machine: {machine()}",
            "",
        ]
        tables = [self.goals_table(), *self.tables] if self.goals else self.tables
        path.write_text("\n".join([*head, *(table.as_markdown() for table in tables)]), encoding="utf-8")


def machine() -> str:
    """Return processor, cores, memory, kernel and Python in a line."""
    cores = len(os.sched_getaffinity(0))
    model = _first(CPU_INFO, "model name") or platform.machine()
    gigabytes = int((_first(MEM_INFO, "MemTotal") or "0 kB").split()[0]) / 1024**2
    return (
        f"{model}, {cores} cores, {gigabytes:.0f} GB; {platform.system()} {platform.release()};"
        f" Python {platform.python_version()}"
    )


def _first(path: Path, name: str) -> str | None:
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), None)
