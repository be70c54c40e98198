"""The tree against published vectors, a recursive reading of RFC 6962, and every proof that is off by one bit."""

from collections.abc import Iterator
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from points import merkle
from tests.points.transparency.vectors import load

VECTORS = load("rfc6962")
LEAVES = [bytes.fromhex(leaf) for leaf in VECTORS["leaves_hex"]]
ROOTS = [bytes.fromhex(root) for root in VECTORS["roots_by_size_1_to_8"]]
LARGEST = 130


def mth(leaves: list[bytes]) -> bytes:
    """RFC 6962, 2.1, word by word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def node_of(leaves: list[bytes]) -> merkle.Node:
    """The complete subtrees of a tree, and no others."""

    def node(height: int, index: int) -> bytes:
        part = leaves[index << height : index + 1 << height]
        assert len(part) == 1 << height
        return mth(part)

    return node


def numbered(size: int) -> list[bytes]:
    return [b"leaf %d" % number for number in range(size)]


def flipped(proof: list[bytes]) -> Iterator[list[bytes]]:
    """The proof with one bit of one hash changed, with one hash less, and with one more."""
    for place, value in enumerate(proof):
        yield [*proof[:place], bytes([value[0] ^ 0x80, *value[1:]]), *proof[place + 1 :]]
        yield [*proof[:place], *proof[place + 1 :]]
    yield [*proof, bytes(32)]
    yield [bytes(32), *proof]


def test_the_empty_tree() -> None:
    assert merkle.root(0, node_of([])) == bytes.fromhex(VECTORS["empty_root"])
    assert merkle.Frontier().root() == bytes.fromhex(VECTORS["empty_root"])


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_the_published_ones(size: int) -> None:
    frontier = merkle.Frontier()
    for leaf in LEAVES[:size]:
        frontier.append(merkle.leaf_hash(leaf))

    assert frontier.root() == merkle.root(size, node_of(LEAVES)) == ROOTS[size - 1]


@pytest.mark.parametrize("case", VECTORS["inclusion"], ids=lambda case: f"{case['index']}-of-{case['size']}")
def test_inclusion_proofs_are_the_published_ones(case: dict[str, object]) -> None:
    index, size = int(str(case["index"])), int(str(case["size"]))

    proof = merkle.inclusion_proof(index, size, node_of(LEAVES))

    assert [value.hex() for value in proof] == case["proof"]
    leaf = merkle.leaf_hash(LEAVES[index])
    assert merkle.verify_inclusion(leaf, index=index, size=size, proof=proof, root=ROOTS[size - 1])


@pytest.mark.parametrize("case", VECTORS["consistency"], ids=lambda case: f"{case['from']}-to-{case['to']}")
def test_consistency_proofs_are_the_published_ones(case: dict[str, object]) -> None:
    first, second = int(str(case["from"])), int(str(case["to"]))

    proof = merkle.consistency_proof(first, second, node_of(LEAVES))

    assert [value.hex() for value in proof] == case["proof"]
    assert merkle.verify_consistency(
        first=first, second=second, proof=proof, first_root=ROOTS[first - 1], second_root=ROOTS[second - 1]
    )


def test_every_leaf_of_every_tree_has_a_proof_that_fits_no_other_place() -> None:
    leaves = numbered(LARGEST)
    hashes = [merkle.leaf_hash(leaf) for leaf in leaves]
    for size in range(1, LARGEST + 1):
        root = mth(leaves[:size])
        node = node_of(leaves[:size])
        for index in range(size):
            proof = merkle.inclusion_proof(index, size, node)
            fits = [
                place
                for place in {index - 1, index, index + 1, size, -1}
                if merkle.verify_inclusion(hashes[index], index=place, size=size, proof=proof, root=root)
            ]
            assert fits == [index]


def test_every_pair_of_sizes_is_shown_consistent_and_no_other_root_passes() -> None:
    leaves = numbered(LARGEST)
    roots = [mth(leaves[:size]) for size in range(LARGEST + 1)]
    for second in range(LARGEST + 1):
        node = node_of(leaves[:second])
        for first in range(second + 1):
            facts = {"first": first, "second": second, "proof": merkle.consistency_proof(first, second, node)}
            assert merkle.verify_consistency(**facts, first_root=roots[first], second_root=roots[second])
            assert not merkle.verify_consistency(**facts, first_root=bytes(32), second_root=roots[second])
            if first:
                assert not merkle.verify_consistency(**facts, first_root=roots[first], second_root=bytes(32))


@given(size=st.integers(1, LARGEST), data=st.data())
def test_a_changed_inclusion_proof_is_refused(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    leaves = numbered(size)
    proof = merkle.inclusion_proof(index, size, node_of(leaves))
    facts = {"index": index, "size": size, "root": mth(leaves)}

    assert not merkle.verify_inclusion(merkle.leaf_hash(b"another"), proof=proof, **facts)
    for wrong in flipped(proof):
        assert not merkle.verify_inclusion(merkle.leaf_hash(leaves[index]), proof=wrong, **facts)


@given(second=st.integers(2, LARGEST), data=st.data())
def test_a_changed_consistency_proof_is_refused(second: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(1, second - 1))
    leaves = numbered(second)
    facts = {"first": first, "second": second, "first_root": mth(leaves[:first]), "second_root": mth(leaves)}

    for wrong in flipped(merkle.consistency_proof(first, second, node_of(leaves))):
        assert not merkle.verify_consistency(proof=wrong, **facts)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (-1, 3), (3, 3)])
def test_no_inclusion_proof_outside_the_tree(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        merkle.inclusion_proof(index, size, node_of(LEAVES))


@pytest.mark.parametrize(("first", "second"), [(3, 2), (-1, 2)])
def test_no_consistency_proof_backwards(first: int, second: int) -> None:
    with pytest.raises(ValueError, match="cannot become"):
        merkle.consistency_proof(first, second, node_of(LEAVES))
    assert not merkle.verify_consistency(
        first=first, second=second, proof=[], first_root=ROOTS[0], second_root=ROOTS[0]
    )
