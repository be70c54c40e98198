"""Short forms for tests of the log: seal until all is sealed, and speak to the database as its owner."""

import time
from typing import Any

from django.db import connection, transaction

from core.business_time import now
from points.models import Checkpoint, Entry
from points.services import sealing
from points.signed_note import Verifier


def seal_all(*, batch: int = sealing.BATCH) -> int:
    """Seal until nothing is left, and return the log's size.

    A transaction anywhere on the server may delay it, also one of another test's database.
    """
    deadline = time.monotonic() + 60
    while unsealed():
        sealing.seal(at=now(), batch=batch)
        assert time.monotonic() < deadline, "not sealed within a minute"
    return sealing.seal(at=now()).size


def unsealed() -> int:
    """Return how many entries are not sealed."""
    newest = Checkpoint.objects.order_by("-size").first()
    return Entry.objects.filter(pk__gt=newest.last_entry_id if newest else 0).count()


def notes() -> list[str]:
    """Return every checkpoint as somebody outside has kept it."""
    return list(Checkpoint.objects.order_by("size").values_list("note", flat=True))


def verifier() -> Verifier:
    """Return the log's public key."""
    return sealing.signer().verifier


TABLES = ("points_entry", "points_logtile", "points_checkpoint")


def as_owner(statement: str, *values: Any) -> None:
    """Run SQL with every trigger off, as whoever owns the database can."""
    with transaction.atomic(), connection.cursor() as cursor:
        # Postponed checks of what the test has just made would forbid to touch the triggers.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(statement, values or None)
        assert cursor.rowcount > 0
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
