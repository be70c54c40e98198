"""Signed notes (C2SP signed-note, Ed25519) and the checkpoints written in them (C2SP tlog-checkpoint).

A note is a text and, after an empty line, signatures by name: "— name base64(key id, signature)". A verifier's key is
one line, "name+hex of key id+base64 of 0x01 and the public key"; the key id is derived from name and key, so that one
mistyped character is noticed.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = b"\x01"
KEY_ID_BYTES = 4
KEY_BYTES = 32
SIGNATURE_BYTES = 64
# As other verifiers have it: a note with thousands of signatures only keeps one busy.
MAX_SIGNATURES = 100
SIGNATURE_LINE = re.compile(r"— (?P<name>[^\s+]+) (?P<signature>[A-Za-z0-9+/=]+)")
NAME = re.compile(r"[^\s+]+")
# UTF-8 without control characters. Escapes in JSON can smuggle in lone surrogates, which are neither.
NOTE_TEXT = re.compile(r"[^\x00-\x09\x0b-\x1f\ud800-\udfff]*\n")
SIZE = re.compile(r"0|[1-9][0-9]{0,18}")


class BadKeyError(ValueError):
    """What should be a key is none."""


class BadNoteError(ValueError):
    """The note is malformed, was changed, or no known key has signed it."""


@dataclass(frozen=True)
class Verifier:
    """A public key and its owner's name."""

    name: str
    public_key: bytes

    @classmethod
    def parse(cls, vkey: str) -> "Verifier":
        """Read a verifier's key. Raises BadKeyError."""
        name, _plus, rest = vkey.strip().partition("+")
        key_id, _plus, encoded = rest.partition("+")
        try:
            key = _strict_base64(encoded)
        except ValueError as error:
            raise BadKeyError(f"not a verifier's key: {vkey}") from error
        if not NAME.fullmatch(name) or key[:1] != ED25519 or len(key) != len(ED25519) + KEY_BYTES:
            raise BadKeyError(f"not a verifier's key for Ed25519: {vkey}")
        verifier = cls(name=name, public_key=key[1:])
        if key_id != verifier.key_id.hex():
            raise BadKeyError(f"name, key id and key do not belong together: {vkey}")
        return verifier

    @property
    def key_id(self) -> bytes:
        """Return the four bytes that tell keys of one name apart."""
        return sha256(self.name.encode() + b"\n" + ED25519 + self.public_key).digest()[:KEY_ID_BYTES]

    @property
    def vkey(self) -> str:
        """Return the key as one line."""
        return f"{self.name}+{self.key_id.hex()}+{b64encode(ED25519 + self.public_key).decode()}"

    def has_signed(self, text: str, signature: bytes) -> bool:
        """Tell whether the signature is this key's under exactly this text."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, text.encode())
        except InvalidSignature:
            return False
        return True


class Signer:
    """A private key and its owner's name."""

    def __init__(self, *, name: str, seed: str) -> None:
        """Take the Ed25519 seed, 32 bytes in base64. Raises BadKeyError."""
        try:
            private = _strict_base64(seed)
            self._key = Ed25519PrivateKey.from_private_bytes(private)
        except ValueError as error:
            raise BadKeyError("the signing key is not 32 bytes in base64") from error
        if not NAME.fullmatch(name):
            raise BadKeyError("the signer's name is empty, or has a space or a plus sign in it")
        self.verifier = Verifier(name=name, public_key=self._key.public_key().public_bytes_raw())

    def sign(self, text: str) -> str:
        """Return the note over a text, which ends with a newline. Raises BadNoteError for what a note cannot hold."""
        _require_note_text(text)
        signature = b64encode(self.verifier.key_id + self._key.sign(text.encode())).decode()
        return f"{text}\n— {self.verifier.name} {signature}\n"


@dataclass(frozen=True)
class Opened:
    """A note's text, and the known keys that signed it."""

    text: str
    signed_by: tuple[Verifier, ...]


def open_note(note: str, verifiers: Iterable[Verifier]) -> Opened:
    """Verify a note. Unknown keys' signatures are passed over, a known key's false one is not.

    Raises BadNoteError: malformed, a known key's signature does not fit, or no known key has signed.
    """
    known = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
    text, lines = _split_note(note)
    signed_by: list[Verifier] = []
    for line in lines:
        name, key_id, signature = _parse_signature(line)
        verifier = known.get((name, key_id))
        if verifier is None or verifier in signed_by:
            continue
        if not verifier.has_signed(text, signature):
            raise BadNoteError(f"the signature of {name} does not fit the text")
        signed_by.append(verifier)
    if not signed_by:
        raise BadNoteError("no known key has signed it")
    return Opened(text=text, signed_by=tuple(signed_by))


@dataclass(frozen=True)
class CheckpointBody:
    """What a checkpoint says: this log had so many leaves and this root."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """Return the text to be signed."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> "CheckpointBody":
        """Read a note's text; further lines are extensions and not ours. Raises BadNoteError."""
        lines = text.split("\n")
        try:
            origin, size, root = lines[0], lines[1], _strict_base64(lines[2])
        except (IndexError, ValueError) as error:
            raise BadNoteError("not a checkpoint") from error
        if not origin or not SIZE.fullmatch(size) or len(root) != KEY_BYTES:
            raise BadNoteError("not a checkpoint")
        return cls(origin=origin, size=int(size), root=root)


def _strict_base64(text: str) -> bytes:
    """Decode the one way of writing these bytes. Raises ValueError for another: Python would take several."""
    content = b64decode(text, validate=True)
    if b64encode(content).decode() != text:
        raise ValueError("not canonical base64")
    return content


def _require_note_text(text: str) -> None:
    if not NOTE_TEXT.fullmatch(text):
        raise BadNoteError("a note's text ends with a newline and has no other control characters")


def _split_note(note: str) -> tuple[str, list[str]]:
    body, blank, signatures = note.rpartition("\n\n")
    lines = signatures.split("\n")
    if not blank or lines.pop() != "" or not 0 < len(lines) <= MAX_SIGNATURES:
        raise BadNoteError("it has no signatures")
    text = body + "\n"
    _require_note_text(text)
    return text, lines


def _parse_signature(line: str) -> tuple[str, bytes, bytes]:
    found = SIGNATURE_LINE.fullmatch(line)
    try:
        content = _strict_base64(found["signature"]) if found else b""
    except ValueError:
        content = b""
    if found is None or len(content) <= KEY_ID_BYTES:
        raise BadNoteError("a signature line is malformed")
    return found["name"], content[:KEY_ID_BYTES], content[KEY_ID_BYTES:]
