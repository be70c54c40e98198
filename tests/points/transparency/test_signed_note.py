"""Notes against published vectors, and everything that must not pass for one."""

from base64 import b64decode, b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from points.signed_note import BadKeyError, BadNoteError, CheckpointBody, Signer, Verifier, open_note
from tests.points.transparency.vectors import load

VECTORS = load("signed_note")
ROOTS = load("rfc6962")["roots_by_size_1_to_8"]
NEUMANN = Verifier.parse(VECTORS["vkey"])
NOTE = f"{VECTORS['text']}\n{VECTORS['sig_line']}\n"
SIGNER = Signer(name="mall.example/ledger", seed=b64encode(bytes(range(32))).decode())
OTHER = Signer(name="mall.example/ledger", seed=b64encode(bytes(32)).decode())


def test_a_published_key_is_read_and_written() -> None:
    assert NEUMANN.public_key.hex() == VECTORS["pub_hex"]
    assert NEUMANN.key_id.hex() == VECTORS["key_id"]
    assert NEUMANN.vkey == VECTORS["vkey"]


@pytest.mark.parametrize("vkey", [*VECTORS["bad_vkeys"], "", "name", "name+00000000", VECTORS["vkey"][:-4]])
def test_a_bad_key_is_refused(vkey: str) -> None:
    with pytest.raises(BadKeyError):
        Verifier.parse(vkey)


@given(place=st.integers(0, len(VECTORS["vkey"]) - 1), character=st.sampled_from("ABab01+/= "))
def test_a_key_with_one_other_character_is_refused(place: int, character: str) -> None:
    wrong = VECTORS["vkey"][:place] + character + VECTORS["vkey"][place + 1 :]
    if wrong != VECTORS["vkey"]:
        with pytest.raises(BadKeyError):
            Verifier.parse(wrong)


def test_a_published_note_opens() -> None:
    opened = open_note(NOTE, [NEUMANN])

    assert opened.text == VECTORS["text"]
    assert opened.signed_by == (NEUMANN,)


def test_the_published_checkpoint_is_over_the_published_tree() -> None:
    opened = open_note(VECTORS["own_checkpoint_over_8_leaf_tree"], [NEUMANN])

    body = CheckpointBody.parse(opened.text)
    assert body == CheckpointBody(origin="points.example/ledger", size=8, root=bytes.fromhex(ROOTS[7]))
    assert body.text() == opened.text


@pytest.mark.parametrize("seed", [bytes(32), bytes(range(32))])
def test_what_we_sign_opens_and_the_signature_is_plain_ed25519(seed: bytes) -> None:
    signer = Signer(name="mall.example/ledger", seed=b64encode(seed).decode())

    note = signer.sign("first line\n\nthird line\n")

    assert open_note(note, [signer.verifier]).text == "first line\n\nthird line\n"
    signature = b64decode(note.splitlines()[-1].split(" ")[2])[4:]
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key()
    public.verify(signature, b"first line\n\nthird line\n")


@given(bit=st.integers(0, len(NOTE.encode()) * 8 - 1))
def test_a_note_with_any_bit_flipped_is_refused(bit: int) -> None:
    content = bytearray(NOTE.encode())
    content[bit // 8] ^= 1 << bit % 8
    with pytest.raises((BadNoteError, UnicodeDecodeError)):
        open_note(content.decode(), [NEUMANN])


def test_signatures_of_unknown_keys_are_passed_over_but_one_known_is_required() -> None:
    note = SIGNER.sign("text\n")
    both = note + OTHER.sign("text\n").splitlines()[-1] + "\n"

    assert open_note(both, [OTHER.verifier]).signed_by == (OTHER.verifier,)
    assert set(open_note(both, [OTHER.verifier, SIGNER.verifier]).signed_by) == {SIGNER.verifier, OTHER.verifier}
    with pytest.raises(BadNoteError, match="no known key"):
        open_note(note, [OTHER.verifier])
    with pytest.raises(BadNoteError, match="no known key"):
        open_note(note, [])


def test_a_known_keys_false_signature_is_not_outweighed_by_a_good_one() -> None:
    stolen = OTHER.sign("other text\n").splitlines()[-1]

    with pytest.raises(BadNoteError, match="does not fit"):
        open_note(f"{SIGNER.sign('text' + chr(10))}{stolen}\n", [SIGNER.verifier, OTHER.verifier])


@pytest.mark.parametrize(
    "note",
    [
        "",
        "text\n",
        "text\n\n",
        NOTE.rstrip("\n"),
        NOTE + "\n",
        NOTE.replace("— ", "- "),
        NOTE.replace("x08", "x 08"),
        NOTE + "— name AAAA\n",
        f"te\x00xt\n\n{VECTORS['sig_line']}\n",
        f"te\ud800xt\n\n{VECTORS['sig_line']}\n",
        VECTORS["text"] + "\n" + (VECTORS["sig_line"] + "\n") * 101,
    ],
)
def test_a_malformed_note_is_refused(note: str) -> None:
    with pytest.raises(BadNoteError):
        open_note(note, [NEUMANN])


@pytest.mark.parametrize("text", ["no newline", "", "tab\there\n"])
def test_what_a_note_cannot_hold_is_not_signed(text: str) -> None:
    with pytest.raises(BadNoteError):
        SIGNER.sign(text)


@pytest.mark.parametrize(("name", "seed"), [("a", "AAAA"), ("a", "?"), ("", "A" * 43 + "="), ("a b", "A" * 43 + "=")])
def test_a_bad_signing_key_is_refused_without_being_shown(name: str, seed: str) -> None:
    with pytest.raises(BadKeyError) as refusal:
        Signer(name=name, seed=seed)
    assert seed not in str(refusal.value)


ROOT = b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "origin\n",
        "origin\n8\n",
        f"\n8\n{ROOT}\n",
        f"origin\n08\n{ROOT}\n",
        f"origin\n-8\n{ROOT}\n",
        f"origin\n8\n{ROOT[:-4]}\n",
        f"origin\n8\n{ROOT[:-2]}B=\n",
        f"origin\n{'9' * 30}\n{ROOT}\n",
    ],
)
def test_a_text_that_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(BadNoteError):
        CheckpointBody.parse(text)
