"""Entries as the log sees them: their leaves, in the order of their ids."""

from django.db import connection

from points import leaf

EntryLeaf = tuple[int, bytes]
# Below every id, also those that only the database's owner could have made.
BEFORE_ALL = -(2**63)
AFTER_ALL = 2**63 - 1


def leaves_after(entry_id: int, *, limit: int, up_to: int = AFTER_ALL) -> list[EntryLeaf]:
    """Return (id, leaf) of the entries after one, up to and including another."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {leaf.SELECT_LIST} FROM points_entry WHERE id > %s AND id <= %s ORDER BY id LIMIT %s",  # noqa: S608
            [entry_id, up_to, limit],
        )
        return [(row[leaf.ID], leaf.leaf(row)) for row in cursor.fetchall()]


def leaf_of(entry_id: int) -> bytes:
    """Return the leaf of one entry as it is now. Raises LookupError when it is not there."""
    found = leaves_after(entry_id - 1, up_to=entry_id, limit=1)
    if not found:
        raise LookupError(entry_id)
    return found[0][1]
