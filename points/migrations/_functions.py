"""The ledger's SQL functions as operations of a migration.

The files in points/sql/ are what is installed, always as they are now; a change of one comes with a new migration that
installs them all again, and the former one's operations move there. `DIGEST` of that migration says which state of the
files it was written for: a test compares, so that no change is forgotten.
"""

import hashlib
from pathlib import Path

from django.db import migrations

SQL = Path(__file__).resolve().parent.parent / "sql"
# Each after those it calls.
FUNCTIONS = {
    "earn": "points_earn(bigint, bigint, text, text, text, text, jsonb, date, timestamptz)",
    "earn_many": "points_earn_many(bigint[], bigint, text, text, text, text, jsonb, date, timestamptz)",
    "spend": "points_spend(bigint, bigint, text, text, text, text, date, timestamptz)",
    "expire": "points_expire(bigint[], date, timestamptz)",
    "release": "points_release(bigint, date, timestamptz)",
    "release_due": "points_release_due(bigint[], timestamptz)",
}


def source(name: str) -> str:
    """Return the text of one function."""
    return (SQL / f"{name}.sql").read_text(encoding="utf-8")


def digest() -> str:
    """Return the SHA-256 of all functions as they are now, in hex."""
    return hashlib.sha256("".join(map(source, FUNCTIONS)).encode()).hexdigest()


def install() -> list[migrations.RunSQL]:
    """Return the operations that install every function, dropping what an earlier state has left."""
    return [
        migrations.RunSQL(f"DROP FUNCTION IF EXISTS {signature};\n{source(name)}", f"DROP FUNCTION {signature}")
        for name, signature in FUNCTIONS.items()
    ]
