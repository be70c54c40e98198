"""Sealing while members earn and spend: everything is sealed once, in order, and the log verifies."""

from collections.abc import Callable
from threading import Event

import pytest

from core.business_time import now
from points import log_audit
from points.models import Entry, LogTile
from points.services import sealing
from tests.factories import new_member
from tests.points.book import earn, spend
from tests.points.transparency.log import notes, seal_all, verifier
from tests.races.together import at_once

MOVEMENTS = 40
MEMBERS = 8

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


def test_all_that_is_booked_meanwhile_is_sealed_once() -> None:
    members = [new_member().pk for _member in range(MEMBERS)]
    done = Event()

    def move(member_id: int) -> Callable[[], int]:
        def go() -> int:
            for number in range(MOVEMENTS):
                earn(member_id, 10, key=f"e{number}")
                spend(member_id, 3, key=f"s{number}")
            return 0

        return go

    def movers_then_done() -> int:
        # The threads of all members, and then a sign for those who seal.
        try:
            return sum(at_once([move(member_id) for member_id in members]))
        finally:
            done.set()

    def seal() -> int:
        runs = 0
        while not done.is_set():
            sealing.seal(at=now(), batch=7)
            runs += 1
        return runs

    _none, *runs = at_once([movers_then_done, seal, seal])

    booked = 2 * MOVEMENTS * MEMBERS
    assert min(runs) > 1
    assert seal_all() == booked
    tiles = LogTile.objects.filter(level=0).order_by("index")
    sealed = [entry_id for ids in tiles.values_list("entry_ids", flat=True) for entry_id in ids]
    assert sealed == list(Entry.objects.order_by("id").values_list("id", flat=True))
    report = log_audit.check(notes(), [verifier()])
    assert (report.faults, report.newest, report.unsealed) == ([], booked, 0)
    assert report.checkpoints > 1
