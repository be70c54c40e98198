"""The log against checkpoints that somebody outside has kept: trusts their signatures, and nothing in the database.

First every root is recomputed from the entries alone, streamed in the order of their ids. One stream that passes
through two roots also shows that the later log begins with the earlier one. Only when a root differs, the stored leaf
hashes are consulted: as far as they reproduce a signed root they are proven to be what was sealed, and comparing each
with its entry names what was changed, removed or inserted. Where they were tampered with too, the smallest batch
between two checkpoints is named.
"""

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice

from django.db import connection, transaction

from points.entry_leaves import BEFORE_ALL, EntryLeaf, leaves_after
from points.merkle import HASH_BYTES, Frontier, leaf_hash
from points.models import Entry, LogTile
from points.signed_note import BadNoteError, CheckpointBody, Verifier, open_note

CHUNK = 5_000
# Who changed a million entries need not be told a million times.
MAX_NAMED = 1_000


@dataclass(frozen=True)
class Published:
    """What was signed for one size: one root, or several by somebody who shows different histories."""

    size: int
    roots: frozenset[bytes]


@dataclass
class Report:
    """What the check saw; `unsealed` entries are newer than every checkpoint given."""

    checkpoints: int
    newest: int
    entries: int
    unsealed: int
    seconds: float
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Walk:
    """How far a stream of entries agrees with the checkpoints, and which one it does not reproduce."""

    matched: int
    walked: int
    broken: Published | None
    ids: tuple[int, ...]


@dataclass(frozen=True)
class _Proven:
    """The part of the stored leaf hashes that a signed root covers."""

    frontier: Frontier
    last_id: int


def check(notes: Sequence[str], verifiers: Sequence[Verifier]) -> Report:
    """Check every checkpoint, and the entries against those that are properly signed. One snapshot, constant memory."""
    begun = time.monotonic()
    published, faults = read_checkpoints(notes, verifiers)
    with _one_snapshot():
        walk = _walk(published, Frontier(), after=BEFORE_ALL)
        newest = published[-1].size if published else 0
        proven = _proven_by_tiles(published)
        if walk.broken:
            faults += _explain(walk, published, proven)
        elif proven.frontier.size < newest:
            faults.append(
                f"stored hashes: they reproduce the log up to leaf {proven.frontier.size} of {newest} only. The entries"
                " are as they were sealed, but proofs made from these hashes will not verify"
            )
        entries = Entry.objects.count()
    return Report(
        checkpoints=len(notes),
        newest=newest,
        entries=entries,
        unsealed=max(0, entries - newest),
        seconds=time.monotonic() - begun,
        faults=faults,
    )


def read_checkpoints(notes: Iterable[str], verifiers: Sequence[Verifier]) -> tuple[list[Published], list[str]]:
    """Return what the properly signed notes say, the smallest size first, and a line for each that is not."""
    roots: dict[int, set[bytes]] = {}
    faults = []
    for number, note in enumerate(notes, start=1):
        try:
            body = open_checkpoint(note, verifiers)
        except BadNoteError as error:
            faults.append(f"checkpoint {number} of those given: {error}")
        else:
            roots.setdefault(body.size, set()).add(body.root)
    faults += [
        f"fork: {len(several)} different roots are signed for {size} entries: "
        + ", ".join(root.hex() for root in sorted(several))
        for size, several in sorted(roots.items())
        if len(several) > 1
    ]
    return [Published(size, frozenset(roots[size])) for size in sorted(roots)], faults


def open_checkpoint(note: str, verifiers: Sequence[Verifier]) -> CheckpointBody:
    """Return what a signed checkpoint says. Raises BadNoteError, also for the checkpoint of another log."""
    opened = open_note(note, verifiers)
    body = CheckpointBody.parse(opened.text)
    if body.origin not in {verifier.name for verifier in opened.signed_by}:
        raise BadNoteError(f"it is of another log, {body.origin}")
    return body


@contextmanager
def _one_snapshot() -> Iterator[None]:
    with transaction.atomic(), connection.cursor() as cursor:
        if not connection.savepoint_ids:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def _entries(after: int) -> Iterator[EntryLeaf]:
    while chunk := leaves_after(after, limit=CHUNK):
        yield from chunk
        after = chunk[-1][0]


def _walk(published: Sequence[Published], frontier: Frontier, *, after: int) -> _Walk:
    """Add entries to the log until it is as large as each checkpoint in turn; stop at the first that differs.

    Roots cover all that is before them: after one that differs, all do.
    """
    entries = _entries(after)
    matched, last_id = frontier.size, after
    for target in published:
        first_id = None
        for entry_id, leaf in islice(entries, target.size - frontier.size):
            frontier.append(leaf_hash(leaf))
            first_id = entry_id if first_id is None else first_id
            last_id = entry_id
        if frontier.size < target.size or frontier.root() not in target.roots:
            ids = () if first_id is None else (first_id, last_id)
            return _Walk(matched=matched, walked=frontier.size, broken=target, ids=ids)
        matched = target.size
    return _Walk(matched=matched, walked=frontier.size, broken=None, ids=())


def _tile_leaves() -> Iterator[tuple[int, bytes]]:
    """Yield (entry id, leaf hash) as stored, up to the first tile that is missing or not whole."""
    tiles = LogTile.objects.filter(level=0).order_by("index").values_list("index", "hashes", "entry_ids")
    for number, (index, hashes, entry_ids) in enumerate(tiles.iterator(chunk_size=50)):
        if index != number or len(hashes) != len(entry_ids) * HASH_BYTES:
            return
        content = bytes(hashes)
        for place, entry_id in enumerate(entry_ids):
            yield entry_id, content[place * HASH_BYTES : (place + 1) * HASH_BYTES]


def _proven_by_tiles(published: Sequence[Published]) -> _Proven:
    """Return the largest part of the stored leaf hashes whose root is signed."""
    proven = _Proven(frontier=Frontier(), last_id=BEFORE_ALL)
    frontier, leaves = Frontier(), _tile_leaves()
    for target in published:
        last_id = proven.last_id
        for entry_id, hash_of_leaf in islice(leaves, target.size - frontier.size):
            frontier.append(hash_of_leaf)
            last_id = entry_id
        if frontier.size < target.size or frontier.root() not in target.roots:
            break
        proven = _Proven(frontier=frontier.copy(), last_id=last_id)
    return proven


def _explain(walk: _Walk, published: Sequence[Published], proven: _Proven) -> list[str]:
    """Say what was done to the entries, as exactly as the stored hashes allow."""
    size = proven.frontier.size
    faults = list(islice(_named(size), MAX_NAMED + 1))
    if len(faults) > MAX_NAMED:
        faults[MAX_NAMED:] = ["and more"]
    rest = _walk([one for one in published if one.size > size], proven.frontier.copy(), after=proven.last_id)
    if rest.broken:
        faults.append(_batch_fault(rest, rest.broken, later=sum(one.size > rest.broken.size for one in published)))
    if not faults and walk.broken:
        faults.append(_batch_fault(walk, walk.broken, later=0))
    return faults


def _named(size: int) -> Iterator[str]:
    """Compare the first leaves, whose hashes are proven, with the entries of today, both in the order of ids."""
    entries = ((entry_id, leaf, leaf_hash(leaf)) for entry_id, leaf in _entries(BEFORE_ALL))
    entry = next(entries, None)
    for index, (sealed_id, sealed_hash) in enumerate(islice(_tile_leaves(), size)):
        while entry and entry[0] < sealed_id and entry[2] != sealed_hash:
            yield f"entry {entry[0]}{_whose(entry[1])} was inserted: a sealed batch has no such entry"
            entry = next(entries, None)
        if entry is None or (entry[0] > sealed_id and entry[2] != sealed_hash):
            yield f"entry {sealed_id} (leaf {index}) was removed"
            continue
        if entry[0] != sealed_id:
            yield f"stored hashes: leaf {index} is entry {entry[0]}, but is marked as entry {sealed_id}"
        elif entry[2] != sealed_hash:
            yield f"entry {sealed_id}{_whose(entry[1])} (leaf {index}) was changed"
        entry = next(entries, None)


def _whose(leaf: bytes) -> str:
    return f" of member {json.loads(leaf)['member_id']}"


def _batch_fault(walk: _Walk, broken: Published, *, later: int) -> str:
    judged = f"; the {later} later checkpoints cannot be judged" if later else ""
    if walk.walked < broken.size:
        return (
            f"rollback: {broken.size} entries were signed for, only {walk.walked} are there: of leaves"
            f" {walk.matched} to {broken.size - 1}, {broken.size - walk.walked} are missing{judged}"
        )
    return (
        f"batch: leaves {walk.matched} to {broken.size - 1}, today the entries {walk.ids[0]} to {walk.ids[-1]}, are not"
        f" those that were signed: at least one was changed, removed or inserted, and the stored hashes too{judged}"
    )
