"""What a client asked and what it was answered, line by line on disk before the next thing happens.

A journal outlives everything it tells about: it is what the database is held against.
"""

import json
import os
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Wish:
    """One intention under one key. `member` is the index of who asks in the world, None for the partner.

    A wish that was `given_up` is sent once and its answer never heard, as from a phone that dies: it may have
    happened or not.
    """

    key: str
    kind: str
    path: str
    body: dict[str, Any]
    member: int | None
    asked_at: str
    given_up: bool = False


@dataclass(frozen=True)
class Answer:
    """A status that says what happened, with its body as it came over the wire."""

    status: int
    body: str


@dataclass
class Deed:
    """A wish with all answers it got, and why other attempts at it failed."""

    wish: Wish
    answers: list[Answer] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)


class Journal:
    """Written by one client, by several threads of it."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")
        self._lock = threading.Lock()

    def asked(self, wish: Wish) -> None:
        """Write down what is about to be asked."""
        self._write({"wish": asdict(wish)})

    def answered(self, key: str, answer: Answer) -> None:
        """Write down what was answered."""
        self._write({"answer": key} | asdict(answer))

    def failed(self, key: str, reason: str) -> None:
        """Write down that an attempt got no answer."""
        self._write({"failure": key, "reason": reason})

    def _write(self, line: dict[str, Any]) -> None:
        with self._lock:
            self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
            self._file.flush()
            os.fsync(self._file.fileno())


def read(paths: Iterable[Path]) -> list[Deed]:
    """Return all deeds of all journals. A line without its end was being written when its client ended."""
    deeds: dict[str, Deed] = {}
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
            if line.endswith("\n"):
                _enter(deeds, json.loads(line))
    return list(deeds.values())


def _enter(deeds: dict[str, Deed], line: dict[str, Any]) -> None:
    if "wish" in line:
        wish = Wish(**line["wish"])
        deeds[wish.key] = Deed(wish)
    elif "answer" in line:
        deeds[line["answer"]].answers.append(Answer(line["status"], line["body"]))
    else:
        deeds[line["failure"]].failures[line["reason"]] += 1


class Progress:
    """Counts what has been asked so far, over journals that are being written."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._read = dict.fromkeys(paths, 0)
        self._asked = 0

    def asked(self) -> int:
        """Return the number of wishes begun."""
        for path, offset in self._read.items():
            if path.exists() and path.stat().st_size > offset:
                with path.open("rb") as file:
                    file.seek(offset)
                    new = file.read()
                self._asked += new.count(b'{"wish"')
                self._read[path] = offset + len(new)
        return self._asked
