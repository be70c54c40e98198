"""The Merkle tree of RFC 6962, section 2.1: hashes, roots, proofs and their verification.

Nothing here holds a tree. A caller who has one gives `node(height, index)`, the hash of the complete subtree over the
leaves from index * 2**height up to, not including, (index + 1) * 2**height; only complete subtrees inside the tree are
asked for. A caller who streams leaves uses Frontier. All hashes are 32 bytes; indexes and sizes count leaves.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()

Node = Callable[[int, int], bytes]


def leaf_hash(leaf: bytes) -> bytes:
    """Return the hash of a leaf: another prefix than a node's, so that neither can pass for the other."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash over two subtrees."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """A tree that only grows: keeps the complete subtrees at its right edge, one for each bit of its size."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []

    def append(self, hash_of_leaf: bytes) -> None:
        """Add a leaf at the right."""
        carries = self.size
        while carries & 1:
            hash_of_leaf = node_hash(self._peaks.pop(), hash_of_leaf)
            carries >>= 1
        self._peaks.append(hash_of_leaf)
        self.size += 1

    def copy(self) -> "Frontier":
        """Return a tree of the same leaves that grows on its own."""
        twin = Frontier()
        twin.size, twin._peaks = self.size, list(self._peaks)
        return twin

    def root(self) -> bytes:
        """Return the root over all leaves so far."""
        return _fold(self._peaks) if self._peaks else EMPTY_ROOT


def root(size: int, node: Node) -> bytes:
    """Return the root of a tree, or of its first `size` leaves."""
    return _range_hash(0, size, node) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, node: Node) -> list[bytes]:
    """Return the audit path of a leaf in the tree of `size` leaves (2.1.1). Raises ValueError outside the tree."""
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    path = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            path.append(_range_hash(middle, end, node))
            end = middle
        else:
            path.append(_range_hash(begin, middle, node))
            begin = middle
    return path[::-1]


def consistency_proof(first: int, second: int, node: Node) -> list[bytes]:
    """Return the proof that the tree of `second` leaves begins with that of `first` (2.1.2). Raises ValueError."""
    if not 0 <= first <= second:
        raise ValueError(f"a tree of {first} leaves cannot become one of {second}")
    if first == 0:
        return []
    proof = []
    begin, end = 0, second
    while first != end:
        middle = begin + _split(end - begin)
        if first <= middle:
            proof.append(_range_hash(middle, end, node))
            end = middle
        else:
            proof.append(_range_hash(begin, middle, node))
            begin = middle
    if begin > 0:
        # Not the whole first tree, whose root the verifier has.
        proof.append(_range_hash(begin, end, node))
    return proof[::-1]


def verify_inclusion(hash_of_leaf: bytes, *, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Tell whether the proof leads from the leaf to the root (RFC 9162, 2.1.3.2, which fits 6962's trees)."""
    if not 0 <= index < size:
        return False
    at, last, running = index, size - 1, hash_of_leaf
    for sibling in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            running = node_hash(sibling, running)
            at, last = _skip_missing_siblings(at, last)
        else:
            running = node_hash(running, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and running == root


def verify_consistency(
    *, first: int, second: int, proof: Sequence[bytes], first_root: bytes, second_root: bytes
) -> bool:
    """Tell whether the proof shows that the second tree begins with the first (RFC 9162, 2.1.4.2)."""
    if not 0 <= first <= second:
        return False
    if first in (0, second):
        return not proof and first_root == (EMPTY_ROOT if first == 0 else second_root)
    path = list(proof) if first & (first - 1) else [first_root, *proof]
    if not path:
        return False
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            at, last = _skip_missing_siblings(at, last)
        else:
            new = node_hash(new, sibling)
        at, last = at >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


def _skip_missing_siblings(at: int, last: int) -> tuple[int, int]:
    """Climb past the levels where a node at the right edge has no sibling."""
    while not at & 1 and at != 0:
        at, last = at >> 1, last >> 1
    return at, last


def _split(leaves: int) -> int:
    """Return the largest power of two below the number of leaves: where RFC 6962 divides a tree."""
    return 1 << (leaves - 1).bit_length() - 1


def _range_hash(begin: int, end: int, node: Node) -> bytes:
    """Return the hash over some leaves. `begin` is where a subtree of that size may begin, as all callers' are."""
    peaks = []
    while begin < end:
        height = (end - begin).bit_length() - 1
        peaks.append(node(height, begin >> height))
        begin += 1 << height
    return _fold(peaks)


def _fold(peaks: Sequence[bytes]) -> bytes:
    """Return the hash over neighbouring subtrees, the largest first."""
    result = peaks[-1]
    for peak in reversed(peaks[:-1]):
        result = node_hash(peak, result)
    return result
