"""The bytes that the log keeps of an entry: all its columns, one way of writing them. docs/transparency.md, "Leaf".

A JSON object in UTF-8 with sorted names and no spaces: RFC 8785, except that integers beyond 2**53 are written in full
too. Times are UTC with six digits of the second. `breakdown` is the text PostgreSQL prints for the jsonb value: a
string, so that no verifier has to agree with us on how to write numbers.

Changed columns make a new version: entries sealed under an old one must keep their bytes.
"""

import json
from collections.abc import Sequence
from typing import Any

VERSION = 1
# Every column of the entry with the expression that reads it. Times come as text: PostgreSQL knows moments that
# Python does not (infinity, years before Christ), and whoever wrote one into an entry must be found, not crashed on.
COLUMNS = {
    "amount": "amount",
    "balance_after": "balance_after",
    "breakdown": "breakdown::text",
    "counterparty": "counterparty",
    "created_at": "(created_at AT TIME ZONE 'UTC')::text",
    "debt_change": "debt_change",
    "id": "id",
    "key": "key",
    "kind": "kind",
    "lot_ids": "lot_ids",
    "lot_points": "lot_points",
    "member_id": "member_id",
    "occurred_at": "(occurred_at AT TIME ZONE 'UTC')::text",
    "reverses_id": "reverses_id",
    "source": "source",
    "title": "title",
}
NAMES = tuple(COLUMNS)
SELECT_LIST = ", ".join(COLUMNS.values())
ID = NAMES.index("id")
MOMENTS = ("created_at", "occurred_at")

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


def leaf(row: Sequence[Any]) -> bytes:
    """Return the leaf of an entry, given the values of SELECT_LIST in its order."""
    entry = dict(zip(NAMES, row, strict=True))
    for name in MOMENTS:
        entry[name] = rfc3339(entry[name])
    # The last of the sorted names.
    entry["v"] = VERSION
    return _encode(entry).encode()


def rfc3339(timestamp: str) -> str:
    """Return "2026-11-22T04:00:00.500000Z" for PostgreSQL's "2026-11-22 04:00:00.5"."""
    day, _space, time = timestamp.partition(" ")
    whole, _dot, fraction = time.partition(".")
    return f"{day}T{whole}.{fraction:0<6}Z"
