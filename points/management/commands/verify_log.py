"""manage.py verify_log: check all entries against published checkpoints, or one proof without any database."""

import json
import re
import sys
from argparse import ArgumentParser
from base64 import b64decode
from pathlib import Path
from typing import Any

import requests
from django.core.management.base import BaseCommand, CommandError

from points import log_audit, merkle
from points.signed_note import BadKeyError, BadNoteError, Verifier

NOTE = re.compile(r"(?:[^\n]+\n)+\n(?:— [^\n]+\n)+")
TIMEOUT = (5, 30)


class Command(BaseCommand):
    """Exit code 0: all is as it was signed. 1: faults, one line each."""

    help = "Check that no sealed entry was changed, removed or inserted. Trusts the keys and checkpoints given only."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--key", action="append", required=True, metavar="VKEY", help="a key that signs; several after a rotation"
        )
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument(
            "--checkpoints",
            action="append",
            metavar="FILE|URL|-",
            help="checkpoints kept outside: a file, the address of log/checkpoints, or - for standard input",
        )
        what.add_argument("--proof", metavar="FILE|-", help="the proof of one entry, as the API gave it")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            verifiers = [Verifier.parse(vkey) for vkey in options["key"]]
        except BadKeyError as error:
            raise CommandError(str(error)) from error
        if options["proof"]:
            self._check_proof(_read(options["proof"]), verifiers)
        else:
            self._check_log([note for source in options["checkpoints"] for note in _notes(source)], verifiers)

    def _check_log(self, notes: list[str], verifiers: list[Verifier]) -> None:
        if not notes:
            raise CommandError("There are no checkpoints to check against.")
        report = log_audit.check(notes, verifiers)
        for fault in report.faults:
            self.stdout.write(fault)
        rate = report.entries / max(report.seconds, 0.001)
        summary = (
            f"{report.checkpoints} checkpoints, the newest over {report.newest} entries; {report.entries} entries read"
            f" in {report.seconds:.1f} s ({rate:,.0f} a second); the newest {report.unsealed} are in no checkpoint yet"
        )
        if report.faults:
            raise CommandError(f"The log differs from what was signed, faults: {len(report.faults)}. {summary}.")
        self.stdout.write(self.style.SUCCESS(f"The log is as it was signed: {summary}."))

    def _check_proof(self, content: str, verifiers: list[Verifier]) -> None:
        try:
            proof = json.loads(content)
            body = log_audit.open_checkpoint(proof["checkpoint"], verifiers)
            proven = body.size == proof["size"] and merkle.verify_inclusion(
                merkle.leaf_hash(proof["leaf"].encode()),
                index=proof["index"],
                size=body.size,
                proof=[b64decode(value, validate=True) for value in proof["hashes"]],
                root=body.root,
            )
        except BadNoteError as error:
            raise CommandError(f"The proof's checkpoint is not valid: {error}.") from error
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise CommandError("This is not a proof as the API gives it.") from error
        if not proven:
            raise CommandError("The proof does not lead from this leaf to the signed root.")
        self.stdout.write(proof["leaf"])
        self.stdout.write(self.style.SUCCESS(f"This is leaf {proof['index']} of the {body.size} that were signed."))


def _notes(source: str) -> list[str]:
    """Return the notes of a file or address: a line of JSON each, the API's answer, or notes as they are."""
    if source.startswith(("http://", "https://")):
        return _fetched(source)
    content = _read(source)
    if content.lstrip()[:1] not in {"{", "["}:
        rest = NOTE.sub("", content).strip()
        return NOTE.findall(content) + ([rest] if rest else [])
    try:
        whole = json.loads(content)
    except ValueError:
        return [_note_of_line(line) for line in content.splitlines()]
    rows = whole.get("results", [whole]) if isinstance(whole, dict) else whole
    return [_note_of(row) for row in rows]


def _note_of_line(line: str) -> str:
    try:
        return _note_of(json.loads(line))
    except ValueError:
        return line


def _note_of(row: Any) -> str:
    """Return a row's note; what has none is returned as it is, to be reported as no note."""
    return str(row["note"]) if isinstance(row, dict) and "note" in row else str(row)


def _fetched(address: str) -> list[str]:
    notes: list[str] = []
    after: int | None = 0
    while after is not None:
        try:
            answer = requests.get(address, params={"after": after}, timeout=TIMEOUT)
            answer.raise_for_status()
            page = answer.json()
            notes += [_note_of(row) for row in page["results"]]
            after = page["next"]
        except (requests.RequestException, ValueError, KeyError, TypeError) as error:
            raise CommandError(f"No checkpoints from {address}: {error}") from error
    return notes


def _read(source: str) -> str:
    try:
        return sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"Cannot read {source}: {error}") from error
