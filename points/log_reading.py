"""What the log shows to the outside: checkpoints, and proofs made from its tiles."""

from base64 import b64encode
from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from points import merkle
from points.entry_leaves import leaf_of
from points.models import Checkpoint, Entry, LogTile
from points.models.transparency import TILE_WIDTH
from points.tiles import Tiles

# How often entries are sealed.
SEAL_SECONDS = 60


class EntryNotFound(DomainError):
    code = "entry_not_found"
    status = 404
    message = _("There is no such entry.")


class EntryNotSealed(DomainError):
    code = "entry_not_sealed"
    status = 409
    message = _("This entry is not sealed yet. Please try again in a minute.")


class LogTooShort(DomainError):
    code = "log_too_short"
    status = 404
    message = _("The log does not have this size yet.")


def newest_checkpoint() -> Checkpoint:
    """Return the newest checkpoint. Raises LogTooShort while nothing is sealed."""
    newest = Checkpoint.objects.order_by("-size").first()
    if newest is None:
        raise LogTooShort(retry_after=SEAL_SECONDS)
    return newest


def checkpoints_after(size: int) -> QuerySet[Checkpoint]:
    """Return the checkpoints beyond a size, the smallest first."""
    return Checkpoint.objects.filter(size__gt=size).order_by("size")


def leaf_index(entry_id: int) -> int | None:
    """Return which leaf of the log an entry is, counted from 0; None while it is not sealed."""
    tiles = LogTile.objects.filter(level=0, first_entry_id__lte=entry_id).order_by("-first_entry_id")
    tile = tiles.values_list("index", "entry_ids").first()
    if tile is None or entry_id not in tile[1]:
        return None
    return int(tile[0] * TILE_WIDTH + tile[1].index(entry_id))


def inclusion(*, member_id: int, entry_id: int) -> dict[str, Any]:
    """Return the proof that a member's entry is in the log of the newest checkpoint.

    Its leaf is the entry as it is now: was it changed after it was sealed, the proof does not verify. Raises
    EntryNotFound, also for another member's, and EntryNotSealed.
    """
    if not Entry.objects.filter(pk=entry_id, member_id=member_id).exists():
        raise EntryNotFound
    index = leaf_index(entry_id)
    if index is None:
        raise EntryNotSealed(retry_after=SEAL_SECONDS)
    checkpoint = newest_checkpoint()
    return {
        "leaf": leaf_of(entry_id).decode(),
        "index": index,
        "size": checkpoint.size,
        "hashes": _text(merkle.inclusion_proof(index, checkpoint.size, Tiles().node)),
        "checkpoint": checkpoint.note,
    }


def consistency(*, first: int, second: int) -> dict[str, Any]:
    """Return the proof that the log of `second` leaves begins with that of `first`. Raises LogTooShort."""
    if second > newest_checkpoint().size:
        raise LogTooShort(retry_after=SEAL_SECONDS)
    hashes = merkle.consistency_proof(first, second, Tiles().node)
    return {"first": first, "second": second, "hashes": _text(hashes)}


def _text(hashes: Sequence[bytes]) -> list[str]:
    return [b64encode(value).decode() for value in hashes]
