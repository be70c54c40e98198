"""Sealing: entries become leaves of the Merkle log, and each batch ends with a signed checkpoint. docs/transparency.md.

Ids are handed out before commit, so a lower id can appear after a higher one was read. An entry is sealed only when
no transaction is left that could still bring a lower id: first the largest id handed out is read, then a transaction
id is taken. Every writer of entries has locked an account, and so has a transaction id, before it takes an entry id:
whoever holds an id up to the mark is older than the mark's transaction. Once all older ones have ended, the ids up to
the mark are all there are. (The snapshot's own xmax would not do as a mark: it is the latest transaction to have ended,
plus one, and passes over those that still run.)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from django.conf import settings
from django.db import connection, transaction

from points import merkle, tiles
from points.entry_leaves import EntryLeaf, leaves_after
from points.models import Checkpoint, SealMark
from points.services import publishing
from points.signed_note import CheckpointBody, Signer

BATCH = 10_000

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Sealed:
    """What one run did: entries sealed now, and the log's size after it."""

    entries: int
    size: int


def signer() -> Signer:
    """Return the log's signing key, as the settings have it. Raises BadKeyError."""
    return Signer(name=settings.LEDGER_LOG_ORIGIN, seed=settings.LEDGER_LOG_KEY)


def seal(*, at: datetime, batch: int = BATCH) -> Sealed:
    """Seal what may be sealed, in batches that commit one by one, and publish the checkpoints.

    What was booked since the last run is sealed now if nobody else is writing, and by the next run otherwise. Two
    workers at once do no harm: one works. Raises BadKeyError, DamagedTilesError.
    """
    if not settings.LEDGER_LOG_KEY:
        # Only with DEMO_MODE or DEBUG: points/checks.py refuses it elsewhere.
        log.warning("sealing_without_key")
        return Sealed(entries=0, size=_size())
    key = signer()
    entries = _seal_up_to_mark(key, at=at, batch=batch)
    _move_mark()
    entries += _seal_up_to_mark(key, at=at, batch=batch)
    publishing.publish_missing()
    size = _size()
    if entries:
        log.info("entries_sealed", entries=entries, size=size)
    return Sealed(entries=entries, size=size)


def _size() -> int:
    return Checkpoint.objects.order_by("-size").values_list("size", flat=True).first() or 0


def _seal_up_to_mark(key: Signer, *, at: datetime, batch: int) -> int:
    total = 0
    while sealed := _seal_batch(key, at=at, batch=batch):
        total += sealed
    return total


def _seal_batch(key: Signer, *, at: datetime, batch: int) -> int:
    """Seal one batch and its checkpoint in one transaction; return how many entries, 0 when it is not our turn."""
    with transaction.atomic(durable=True):
        mark = SealMark.objects.select_for_update(skip_locked=True).filter(pk=1).first()
        if mark is None or not _all_older_have_ended(mark.horizon):
            return 0
        newest = Checkpoint.objects.order_by("-size").first()
        size, last_id = (newest.size, newest.last_entry_id) if newest else (0, 0)
        # A statement after the one that saw the older transactions gone: its snapshot has all they committed.
        leaves = leaves_after(last_id, up_to=mark.up_to_entry_id, limit=batch)
        if leaves:
            _add(leaves, size=size, key=key, at=at)
        return len(leaves)


def _add(leaves: Sequence[EntryLeaf], *, size: int, key: Signer, at: datetime) -> None:
    tiles.extend(
        size=size,
        entry_ids=[entry_id for entry_id, _leaf in leaves],
        hashes=[merkle.leaf_hash(leaf) for _entry_id, leaf in leaves],
    )
    size += len(leaves)
    root = merkle.root(size, tiles.Tiles().node)
    body = CheckpointBody(origin=key.verifier.name, size=size, root=root)
    Checkpoint.objects.create(
        size=size, root=root, note=key.sign(body.text()), last_entry_id=leaves[-1][0], created_at=at
    )


def _move_mark() -> None:
    """Set the mark to the largest entry id handed out so far, unless sealing still waits for the former one.

    Moving a mark that waits would let transactions that overlap for ever keep sealing from ever happening.
    """
    with transaction.atomic(durable=True):
        former = SealMark.objects.filter(pk=1).first()
        if former and not (_all_older_have_ended(former.horizon) or _is_of_another_server(former.horizon)):
            return
        # In this order, and before anything that takes a transaction id: see above.
        up_to = _value("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM points_entry_id_seq")
        horizon = _value("SELECT pg_current_xact_id()::text::bigint")
        SealMark.objects.bulk_create([SealMark()], ignore_conflicts=True)
        mark = SealMark.objects.select_for_update().get(pk=1)
        # Of two workers the later mark stays.
        if mark.horizon <= horizon or _is_of_another_server(mark.horizon):
            mark.up_to_entry_id, mark.horizon = up_to, horizon
            mark.save()


def _all_older_have_ended(horizon: int) -> bool:
    return bool(_value("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint") >= horizon)


def _is_of_another_server(horizon: int) -> bool:
    """Tell whether the mark came here with a restored backup: transaction ids start anew there, and it lies ahead."""
    return bool(_value("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint") < horizon)


def _value(statement: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]
