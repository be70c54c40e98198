"""Steps of the tests' own. Their effect is a row per id, not idempotent: done twice, it is seen twice."""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import uuid4

from core.chain import Done
from core.models import AnsweredRequest

Hook = Callable[[Sequence[int]], None]


def nothing(_ids: Sequence[int]) -> None:
    """Do nothing."""


@dataclass
class Tally:
    """Writes a row for each id from 1 to `total`, each worth 10 points.

    `vanishing`: an id is due until it has a row; otherwise by cursor. `before` and `after` are called with the ids
    around the effect.
    """

    name: str
    total: int = 10
    chunk: int = 4
    vanishing: bool = False
    before: Hook = nothing
    after: Hook = nothing
    calls: list[list[int]] = field(default_factory=list)

    @property
    def title(self) -> str:
        return f"Step {self.name}"

    def due(self, *, at: datetime, on: date, after: int, skip: Sequence[int], limit: int) -> list[int]:
        gone = set(skip) | (set(done(self.name)) if self.vanishing else set())
        low = 0 if self.vanishing else after
        return [number for number in range(low + 1, self.total + 1) if number not in gone][:limit]

    def process(self, *, ids: Sequence[int], at: datetime, on: date) -> Done:
        self.calls.append(list(ids))
        self.before(ids)
        write(self.name, ids)
        self.after(ids)
        return Done(rows=len(ids), points=10 * len(ids))


def write(name: str, ids: Sequence[int]) -> None:
    """Write the effect."""
    AnsweredRequest.objects.bulk_create(
        AnsweredRequest(scope=f"tally:{name}", key=uuid4().hex, fingerprint="", status=200, body=str(number))
        for number in ids
    )


def done(name: str) -> list[int]:
    """Return the ids that have the effect, as often as they have it, in the order of writing."""
    rows = AnsweredRequest.objects.filter(scope=f"tally:{name}").order_by("id")
    return [int(body) for body in rows.values_list("body", flat=True)]


def slowly(_ids: Sequence[int]) -> None:
    """Take a while."""
    time.sleep(float(os.environ.get("TALLY_SECONDS", "0")))


def refuse_seven(ids: Sequence[int]) -> None:
    """Fail for the id 7, as the database does: with the values of the row in its further lines."""
    if 7 in ids:
        for _time in range(2):
            AnsweredRequest.objects.create(scope="phone", key="13912345678", fingerprint="", status=200, body="")


# For processes of their own (chain_settings.py).
FIRST = Tally("first", total=60, chunk=5, after=slowly)
SECOND = Tally("second", total=60, chunk=5, vanishing=True, before=refuse_seven, after=slowly)
