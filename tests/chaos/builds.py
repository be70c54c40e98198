"""Copies of the product with one guard taken away. A crash test that does not see the difference proves nothing."""

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.form import Plan
from tests.chaos.mall import REPOSITORY

NOT_COPIED = shutil.ignore_patterns(".git", ".venv", "var", "__pycache__", ".*_cache", "screenshots", "node_modules")


@dataclass(frozen=True, kw_only=True)
class Build:
    """One guard less. `red` are the kinds of faults it must show, each of them; `work` is what shows them."""

    name: str
    guard: str
    file: str
    guarded: str
    unguarded: str
    red: frozenset[str]
    kills: Mapping[str, int] = field(default_factory=dict)

    def make(self, folder: Path) -> Path:
        """Copy the repository into the folder, take the guard away, and return the copy.

        Raises AssertionError when the guard is not where it was: then it has to be looked for.
        """
        copy = folder / self.name
        shutil.copytree(REPOSITORY, copy, ignore=NOT_COPIED, symlinks=True)
        # Another path to the same packages: nothing is installed for a copy.
        (copy / ".venv").symlink_to(REPOSITORY / ".venv")
        file = copy / self.file
        text, found = re.subn(self.guarded, self.unguarded, file.read_text(encoding="utf-8"))
        assert found == 1, f"the guard of {self.name} is {found} times in {self.file}"
        file.write_text(text, encoding="utf-8")
        return copy

    def plan(self, folder: Path, *, seed: int) -> Plan:
        """Return the short crash test of this build."""
        return Plan(
            clients=8,
            keys=320,
            members=12,
            kills=self.kills,
            seed=seed,
            patience_seconds=30,
            hurry=True,
            repository=self.make(folder),
        )


BUILDS = (
    Build(
        name="without-stored-answers",
        guard="the first answer is stored with its effect",
        file="core/idempotency.py",
        guarded=r"if response\.status_code in ANSWERS_KEPT:",
        unguarded="if False:",
        red=frozenset({"changed"}),
    ),
    Build(
        name="without-account-lock",
        guard="the balance is changed where it is checked, not read before and written after",
        file="points/sql/spend.sql",
        guarded=r"SET balance = a\.balance - p_points(.*\s+WHERE a\.member_id = p_member AND a\.balance >= p_points)",
        unguarded=r"SET balance = (SELECT s.balance FROM points_account s WHERE s.member_id = p_member) - p_points\1",
        red=frozenset({"audit", "purse"}),
    ),
    Build(
        name="without-durability",
        guard="a commit is on disk before it is answered",
        file="launcher/postgres.py",
        guarded=r'"timezone": "UTC",',
        unguarded='"timezone": "UTC", "synchronous_commit": "off", "wal_writer_delay": "1s",',
        red=frozenset({"lost"}),
        kills={"postgres": 2},
    ),
)
