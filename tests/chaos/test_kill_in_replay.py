"""Every process is killed once in the middle of a replay; what was answered is there afterwards, once."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.chaos import facts, story
from tests.chaos.story import Ending, Plan

SHORT = Plan(victims=("redis", "worker", "postgres", "web"), purchases=500, batch=40, seed=1)

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("chaos")]


@pytest.fixture(scope="module")
def ending(tmp_path_factory: pytest.TempPathFactory) -> Ending:
    return story.run(SHORT, tmp_path_factory.mktemp("chaos"))


def faults(ending: Ending, **changes: object) -> list[str]:
    known: dict[str, object] = {
        "answers": ending.answers,
        "expected": ending.expected,
        "placed": ending.placed,
    }
    return facts.faults(ending.facts, **(known | changes))  # type: ignore[arg-type]


def test_nothing_that_was_answered_is_lost_and_nothing_is_there_twice(ending: Ending) -> None:
    assert ending.faults == []
    assert len(ending.kills) == len(SHORT.victims)
    assert len({answer["event_id"] for answer in ending.answers}) == 2 * SHORT.purchases


# The controls: each shows that the check above would have seen such a loss.


def test_control_an_answered_event_that_is_not_there_is_seen(ending: Ending) -> None:
    invented = {"event_id": "00000-19970101-1:paid", "status": "pending", "award": {"points": 5}}

    found = faults(ending, answers=[*ending.answers, invented])

    assert found == ["00000-19970101-1:paid was answered pending, but is lost"]


def test_control_an_award_that_was_answered_otherwise_is_seen(ending: Ending) -> None:
    answer = next(answer for answer in ending.answers if answer.get("award"))
    changed = answer | {"award": answer["award"] | {"points": answer["award"]["points"] + 1}}

    assert faults(ending, answers=[changed]) == [f"{answer['event_id']} was answered another award than was kept"]


def test_control_points_that_were_not_booked_are_seen(ending: Ending) -> None:
    order_no, points = next((no, points) for no, points in ending.facts.booked.items() if points)
    without = replace(ending, facts=replace(ending.facts, booked=ending.facts.booked | {order_no: 0}))

    assert faults(without) == [f"purchase {order_no} is worth {points}, but 0 are booked"]


def test_control_a_redemption_paid_twice_or_never_is_seen(ending: Ending) -> None:
    no, points = next(iter(ending.placed.items()))

    for amounts in ([], [-points, -points]):
        spends = dict(ending.facts.spends) | {no: amounts}
        assert len(faults(replace(ending, facts=replace(ending.facts, spends=spends)))) == 1


def test_control_a_line_cut_off_by_a_kill_is_no_answer(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    journal.write_text('{"event_id": "e1", "status": "none"}\n{"event_id": "e2", "sta')

    assert [answer["event_id"] for answer in facts.read_journal(journal)] == ["e1"]
