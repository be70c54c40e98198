"""The audit: what must always hold, as set-based SQL over all rows.

Each query returns the rows that break its invariant: (member id or NULL, subject, expected, actual). The names follow
the list of invariants in docs/adr/0002-ledger-shape.md. Apps above add queries about what their tables and the ledger
owe each other, so that one run over one snapshot says whether everything agrees.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db import connection, transaction

from core.business_time import now

_folders = [Path(__file__).parent / "sql" / "audit"]
MAX_FINDINGS = 1000


@dataclass(frozen=True)
class Finding:
    """One thing that is off. `subject` names the row ("lot 7"); `expected` and `actual` are points."""

    invariant: str
    member_id: int | None
    subject: str
    expected: int | None
    actual: int | None


@dataclass(frozen=True)
class Result:
    """What an audit saw."""

    accounts: int
    entries: int
    findings: list[Finding]
    finished_at: datetime


def add_queries(folder: Path) -> None:
    """Check the SQL files of this folder too."""
    _folders.append(folder)


def invariants() -> dict[str, Path]:
    """Return all invariants checked, by name: one SQL file each."""
    files = sorted((path.stem, path) for folder in _folders for path in folder.glob("*.sql"))
    return dict(files)


def check() -> Result:
    """Check every invariant over one snapshot, so that it may run while members earn and spend."""
    with transaction.atomic(), connection.cursor() as cursor:
        if not connection.savepoint_ids:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SELECT (SELECT count(*) FROM points_account), (SELECT count(*) FROM points_entry)")
        accounts, entries = cursor.fetchone()
        findings = []
        for name, path in invariants().items():
            cursor.execute(path.read_text(encoding="utf-8"))
            findings += [Finding(name, *row) for row in cursor.fetchmany(MAX_FINDINGS)]
    return Result(accounts=accounts, entries=entries, findings=findings, finished_at=now())
