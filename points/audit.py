"""The audit: what must hold for every member, as set-based SQL over the whole ledger.

Each query returns the rows that break its invariant: (member id, subject, expected, actual). The names follow the
list of invariants in docs/adr/0002-ledger-shape.md.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db import connection, transaction

from core.business_time import now

QUERIES = Path(__file__).parent / "sql" / "audit"
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


def invariants() -> list[str]:
    """Return the names of all invariants checked: one SQL file each."""
    return sorted(path.stem for path in QUERIES.glob("*.sql"))


def check() -> Result:
    """Check every invariant over one snapshot, so that it may run while members earn and spend."""
    with transaction.atomic(), connection.cursor() as cursor:
        if not connection.savepoint_ids:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SELECT (SELECT count(*) FROM points_account), (SELECT count(*) FROM points_entry)")
        accounts, entries = cursor.fetchone()
        findings = []
        for name in invariants():
            cursor.execute((QUERIES / f"{name}.sql").read_text(encoding="utf-8"))
            findings += [Finding(name, *row) for row in cursor.fetchmany(MAX_FINDINGS)]
    return Result(accounts=accounts, entries=entries, findings=findings, finished_at=now())
