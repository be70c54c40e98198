"""Each kind of broken promise is seen: the verdict on a small world that is right, and on it with one thing off."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.chaos import journal, verdict
from tests.chaos.books import Books
from tests.chaos.builds import BUILDS, Build
from tests.chaos.journal import Answer, Deed, Journal, Progress, Wish
from tests.chaos.killer import FIRST, LAST, schedule
from tests.chaos.mall import REPOSITORY
from tests.chaos.watcher import Look
from tests.chaos.wishes import Chooser
from tests.chaos.world import OPENING_POINTS, Member, World

WORLD = World(
    address="http://127.0.0.1:1",
    members=[Member(id=1, no="1001", token="a", address=1), Member(id=2, no="1002", token="b", address=2)],
    coupons=[1, 2],
    goods=[3],
    partner_key="pk",
    partner_secret="secret",
)
AWARD = {"points": 59, "pending": True}
ORDER = {"event_id": "e1", "behaviour": "order_paid", "member": {"no": "1001"}, "data": {"order_no": "o1"}}
REDEMPTION = {"no": "R1", "points": -3}
GIFT = {"no": "T1", "sent": -5, "received": 5}


def wish(key: str, kind: str, *, path: str = "", **fields: Any) -> Wish:
    """Return something a client asked for."""
    return Wish(
        **{"key": key, "kind": kind, "path": path, "body": {}, "member": 0, "asked_at": "2026-11-22T10:00:00Z"} | fields
    )


def told(status: int, **body: Any) -> Answer:
    """Return an answer."""
    return Answer(status, json.dumps(body))


def reported(status: str) -> Answer:
    """Return an answer to the report of the order."""
    return told(200, results=[{"event_id": "e1", "status": status, "award": AWARD}])


@dataclass
class Case:
    """What was asked and answered, what is there, and what the audits saw."""

    deeds: dict[str, Deed]
    books: Books
    looks: list[Look]

    def kinds(self) -> set[str]:
        """Return the kinds of faults found."""
        return {fault.kind for fault in verdict.faults(list(self.deeds.values()), self.books, self.looks, WORLD)}

    def find(self, kind: str, subject: str, *values: Any) -> None:
        """Let other effects, or none, be in the books."""
        self.books = replace(self.books, effects={**self.books.effects, (kind, subject): list(values)})

    def purse(self, no: str, points: int) -> None:
        """Let a member have had so many points more than they have."""
        self.books = replace(self.books, purses={**self.books.purses, no: self.books.purses[no] + points})


@pytest.fixture
def right() -> Case:
    """A redemption, a refused one, a gift, an order reported twice, and a cancellation nobody heard of: all right."""
    deeds = [
        Deed(wish("k1", "redeem"), [told(201, no="R1", points=3), told(201, no="R1", points=3)]),
        Deed(wish("k2", "redeem"), [told(402, code="insufficient_points")]),
        Deed(wish("k3", "transfer", body={"to_member_no": "1002", "points": 5}), [told(201, no="T1", points=5)]),
        Deed(wish("k4", "events", body={"events": [ORDER]}, member=None), [reported("pending"), reported("duplicate")]),
        Deed(wish("k5", "cancel", path="/api/v1/mall/redemptions/R1/cancel", given_up=True)),
    ]
    effects = {
        ("redemption", "k1"): [REDEMPTION],
        ("transfer", "k3"): [GIFT],
        ("event", "e1"): [AWARD],
        ("order", "o1"): [59],
        ("cancellation", "R1"): [3],
    }
    purses = {"1001": OPENING_POINTS - 3 - 5 + 59 + 3, "1002": OPENING_POINTS + 5}
    books = Books(effects=effects, purses=purses, open_jobs={}, unfulfilled=[])
    return Case({deed.wish.key: deed for deed in deeds}, books, [Look(entries=5)])


def test_what_is_right_is_found_right(right: Case) -> None:
    assert right.kinds() == set()


def test_what_nobody_heard_of_may_as_well_not_have_happened(right: Case) -> None:
    right.books = replace(
        right.books,
        effects={subject: found for subject, found in right.books.effects.items() if subject[0] != "cancellation"},
    )
    right.purse("1001", -3)

    assert right.kinds() == set()


BREAKS: dict[str, tuple[Callable[[Case], None], set[str]]] = {
    "a redemption that is gone": (lambda case: case.find("redemption", "k1"), {"lost"}),
    "a redemption made twice": (lambda case: case.find("redemption", "k1", REDEMPTION, REDEMPTION), {"twice"}),
    "a redemption nobody paid for": (
        lambda case: case.find("redemption", "k1", {"no": "R1", "points": None}),
        {"otherwise"},
    ),
    "a gift that never arrived": (lambda case: case.find("transfer", "k3", GIFT | {"received": None}), {"otherwise"}),
    "an event that is gone": (lambda case: case.find("event", "e1"), {"lost"}),
    "an order awarded twice": (lambda case: case.find("order", "o1", 59, 59), {"twice"}),
    "an effect of what was refused": (lambda case: case.find("redemption", "k2", REDEMPTION), {"unasked"}),
    "an effect nobody asked for": (lambda case: case.find("review", "r9", 5), {"unasked"}),
    "an unheard wish fulfilled twice": (lambda case: case.find("cancellation", "R1", 3, 3), {"twice", "purse"}),
    "points too few": (lambda case: case.purse("1002", -1), {"purse"}),
    "a job left undone": (
        lambda case: setattr(case, "books", replace(case.books, open_jobs={"mall.fulfil": 1})),
        {"job"},
    ),
    "a coupon never handed out": (
        lambda case: setattr(case, "books", replace(case.books, unfulfilled=["R1"])),
        {"job"},
    ),
    "a repeat answered otherwise": (
        lambda case: case.deeds["k1"].answers.append(told(201, no="R1", points=4)),
        {"changed"},
    ),
    "a repeat answered with another status": (
        lambda case: case.deeds["k2"].answers.append(told(409, code="insufficient_points")),
        {"changed"},
    ),
    "an event taken in twice": (lambda case: case.deeds["k4"].answers.append(reported("pending")), {"twice"}),
    "a refusal nobody deserved": (
        lambda case: case.deeds.update(k6=Deed(wish("k6", "redeem"), [told(404, code="item_not_found")])),
        {"refused"},
    ),
    "no answer at all": (lambda case: case.deeds.update(k6=Deed(wish("k6", "redeem"))), {"unanswered"}),
    "books that contradict themselves": (lambda case: case.looks.insert(0, Look(("i01: balance 3 4",))), {"audit"}),
    "audits that met no database": (lambda case: case.looks.append(Look(away=True)), {"unwatched"}),
    "no audit": (lambda case: case.looks.clear(), {"unwatched"}),
}


@pytest.mark.parametrize(("break_it", "kinds"), BREAKS.values(), ids=BREAKS)
def test_control_is_seen(right: Case, break_it: Callable[[Case], None], kinds: set[str]) -> None:
    break_it(right)

    assert right.kinds() == kinds


# --- the machinery around it -------------------------------------------------------------------------------------


def test_a_journal_tells_what_was_written_and_not_a_line_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    written, asked = Journal(path), wish("k1", "redeem")
    written.asked(asked)
    written.failed("k1", "503 unavailable")
    written.answered("k1", told(402))
    with path.open("a", encoding="utf-8") as file:
        file.write('{"answer": "k1", "sta')

    (deed,) = journal.read([path])

    assert deed == Deed(asked, [told(402)], deed.failures)
    assert dict(deed.failures) == {"503 unavailable": 1}
    assert Progress([path]).asked() == 1


def test_the_same_seed_chooses_the_same_wishes_and_no_two_have_one_key() -> None:
    def chosen(name: str) -> list[tuple[str, str, bool]]:
        chooser = Chooser(WORLD, name=name, seed=1)
        return [(one.key, one.kind, one.given_up) for one in (chooser.next() for _number in range(50))]

    assert chosen("0") == chosen("0")
    assert len({key for key, *_rest in chosen("0") + chosen("1")}) == 100


def test_every_kill_of_the_plan_has_its_moment_in_the_middle() -> None:
    kills = schedule({"web": 3, "postgres": 2}, seed=1)

    assert sorted(kill.victim for kill in kills) == ["postgres", "postgres", "web", "web", "web"]
    assert all(FIRST <= kill.share <= LAST for kill in kills)
    assert kills == sorted(kills)


@pytest.mark.parametrize("build", BUILDS, ids=lambda build: build.name)
def test_a_build_differs_from_the_product_in_one_file_only(build: Build, tmp_path: Path) -> None:
    copy = build.make(tmp_path)

    assert (copy / build.file).read_text() != (REPOSITORY / build.file).read_text()
    others = [path for path in copy.rglob("*.py") if ".venv" not in path.parts and path != copy / build.file]
    assert all(path.read_bytes() == (REPOSITORY / path.relative_to(copy)).read_bytes() for path in others)
