"""Every process is killed once in the middle of a replay; what was answered is there afterwards, once."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.chaos import facts, story
from tests.chaos.facts import Facts
from tests.chaos.story import Ending, Plan

SHORT = Plan(victims=("redis", "worker", "postgres", "web"), purchases=400, batch=25, seed=1)
INVENTED = {"event_id": "00000-19970101-1:paid", "status": "pending", "award": {"points": 5}}


@pytest.mark.slow
def test_nothing_that_was_answered_is_lost_and_nothing_is_there_twice(tmp_path: Path) -> None:
    ending = story.run(SHORT, tmp_path)

    assert ending.faults == []
    assert len(ending.kills) == len(SHORT.victims)
    assert len({answer["event_id"] for answer in ending.answers}) == 2 * SHORT.purchases
    # The control on this very run: had one more event been answered, its loss would have been seen.
    ending.answers.append(INVENTED)
    assert found(ending) == ["00000-19970101-1:paid was answered pending, but is lost"]


# --- controls: each shows that the check would have seen such a loss -----------------------------------------------

AWARD = {"points": 59, "pending": False}


@pytest.fixture
def right() -> Ending:
    """One purchase and one redemption, as they should be."""
    return Ending(
        facts=Facts(
            outcomes={"1-19970101-1:paid": AWARD, "1-19970101-1:completed": AWARD},
            booked={"1-19970101-1": 59},
            spends={"R1": [-3]},
            delivered=frozenset(),
        ),
        answers=[
            {"event_id": "1-19970101-1:paid", "status": "pending", "award": AWARD},
            {"event_id": "1-19970101-1:completed", "status": "awarded", "award": AWARD},
            {"event_id": "1-19970101-1:completed", "status": "duplicate", "award": AWARD},
        ],
        expected={"1-19970101-1": 59},
        placed={"R1": 3},
    )


def found(ending: Ending) -> list[str]:
    return facts.faults(ending.facts, answers=ending.answers, expected=ending.expected, placed=ending.placed)


def test_what_is_right_is_found_right(right: Ending) -> None:
    assert found(right) == []


def test_control_an_answered_event_that_is_not_there_is_seen(right: Ending) -> None:
    right.answers.append(INVENTED)

    assert found(right) == ["00000-19970101-1:paid was answered pending, but is lost"]


def test_control_a_repeat_that_was_answered_otherwise_is_seen(right: Ending) -> None:
    right.answers.append({"event_id": "1-19970101-1:paid", "status": "duplicate", "award": AWARD | {"points": 60}})

    assert found(right) == ["1-19970101-1:paid was answered another award than was kept"]


def test_control_an_event_that_was_refused_is_seen(right: Ending) -> None:
    right.answers.append({"event_id": "1-19970101-1:paid", "status": "error", "code": "event_id_reused"})

    assert found(right) == ["1-19970101-1:paid was answered error"]


@pytest.mark.parametrize("booked", [{}, {"1-19970101-1": 0}, {"1-19970101-1": 118}])
def test_control_points_that_are_missing_or_booked_twice_are_seen(right: Ending, booked: dict[str, int]) -> None:
    right.facts = replace(right.facts, booked=booked)

    assert found(right) == [f"purchase 1-19970101-1 is worth 59, but {booked.get('1-19970101-1')} are booked"]


@pytest.mark.parametrize("spends", [{}, {"R1": []}, {"R1": [-3, -3]}, {"R1": [-4]}])
def test_control_a_redemption_that_is_missing_unpaid_or_paid_twice_is_seen(
    right: Ending, spends: dict[str, Any]
) -> None:
    right.facts = replace(right.facts, spends=spends)

    assert found(right) == [f"redemption R1 was promised for 3, its entries are {spends.get('R1')}"]


def test_control_an_event_too_many_is_seen(right: Ending) -> None:
    right.facts = replace(right.facts, outcomes={**right.facts.outcomes, "1-19970101-2:paid": None})

    assert found(right) == ["3 events were taken in, not 2"]


def test_a_line_cut_off_by_a_kill_is_no_answer(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    journal.write_text('{"event_id": "e1", "status": "none"}\n{"event_id": "e2", "sta')

    assert [answer["event_id"] for answer in facts.read_journal(journal)] == ["e1"]
