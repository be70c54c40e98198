"""The log's hashes as tiles in the database: adding leaves, and reading any complete subtree."""

from collections.abc import Sequence

from core.transactions import require_transaction
from points import merkle
from points.models import LogTile
from points.models.transparency import TILE_HEIGHT, TILE_WIDTH


class DamagedTilesError(RuntimeError):
    """A tile is missing or has not the hashes it must have. `manage.py verify_log` says what was tampered with."""


class Tiles:
    """The stored hashes, each tile read at most once. `node` is what points.merkle asks for."""

    def __init__(self) -> None:
        self._read: dict[tuple[int, int], bytes] = {}

    def node(self, height: int, index: int) -> bytes:
        """Return the hash of a complete subtree (see points.merkle). Raises DamagedTilesError."""
        level, height_in_tile = divmod(height, TILE_HEIGHT)
        tile, place = divmod(index << height_in_tile, TILE_WIDTH)
        return _subtree(self._hashes(level, tile, at_least=place + (1 << height_in_tile)), place, height_in_tile)

    def _hashes(self, level: int, index: int, *, at_least: int) -> bytes:
        if (level, index) not in self._read:
            found = LogTile.objects.filter(level=level, index=index).values_list("hashes", flat=True).first()
            self._read[level, index] = bytes(found or b"")
        hashes = self._read[level, index]
        if len(hashes) < at_least * merkle.HASH_BYTES:
            raise DamagedTilesError(f"tile {level}/{index} has less than {at_least} hashes")
        return hashes


def extend(*, size: int, entry_ids: Sequence[int], hashes: Sequence[bytes]) -> None:
    """Add leaves to the log of `size` leaves. Raises DamagedTilesError when the tiles are not those of such a log."""
    require_transaction()
    level = 0
    while hashes:
        hashes = _extend_level(level, size, entry_ids, hashes)
        entry_ids, size, level = (), size // TILE_WIDTH, level + 1


def _extend_level(level: int, size: int, entry_ids: Sequence[int], hashes: Sequence[bytes]) -> list[bytes]:
    """Add hashes to a level that has `size` of them, and return the roots of the tiles that this completes."""
    index, partial = divmod(size, TILE_WIDTH)
    last = LogTile.objects.filter(level=level, index=index).first()
    all_hashes = (bytes(last.hashes) if last else b"") + b"".join(hashes)
    all_ids = [*(last.entry_ids if last else ()), *entry_ids]
    count = partial + len(hashes)
    if len(all_hashes) != count * merkle.HASH_BYTES or len(all_ids) != (0 if level else count):
        raise DamagedTilesError(f"tile {level}/{index} has not {partial} hashes")
    tiles = [
        LogTile(
            level=level,
            index=index + start // TILE_WIDTH,
            hashes=all_hashes[start * merkle.HASH_BYTES : (start + TILE_WIDTH) * merkle.HASH_BYTES],
            entry_ids=all_ids[start : start + TILE_WIDTH],
            first_entry_id=all_ids[start] if all_ids else None,
        )
        for start in range(0, count, TILE_WIDTH)
    ]
    LogTile.objects.bulk_create(
        tiles, update_conflicts=True, unique_fields=["level", "index"], update_fields=["hashes", "entry_ids"]
    )
    return [_subtree(bytes(tile.hashes), 0, TILE_HEIGHT) for tile in tiles[: count // TILE_WIDTH]]


def _subtree(hashes: bytes, place: int, height: int) -> bytes:
    """Return the hash over 2**height neighbouring hashes of a tile."""
    row = [hashes[at * merkle.HASH_BYTES : (at + 1) * merkle.HASH_BYTES] for at in range(place, place + (1 << height))]
    while len(row) > 1:
        row = [merkle.node_hash(left, right) for left, right in zip(row[::2], row[1::2], strict=True)]
    return row[0]
