"""Points that wait, as members see them, and a person's decision to let them go or to cancel them."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from members.models import Member
from points.models import NEVER, Hold, HoldChange
from points.services import release
from points.services.release import HoldEnded, ReasonMissing, cancel_now, release_now
from tests.points.book import LATER, NOON, TODAY, account, earn, faults, hold, lots, nothing_changes, spend, take_back
from tests.points.gifts import policy, staff

Api = Callable[[Member], APIClient]
URL = "/api/v1/points/pending"


@pytest.fixture
def risk(db: None) -> User:
    return staff("risk")


def let_go(hold_id: int, by: User, **more: Any) -> int:
    return release_now(hold_id=hold_id, staff_id=by.pk, **{"reason": "looked at it", "at": NOON} | more)


def call_off(hold_id: int, by: User, **more: Any) -> int:
    return cancel_now(hold_id=hold_id, staff_id=by.pk, **{"reason": "fraud", "at": NOON} | more)


# --- by a person -------------------------------------------------------------------------------------------------


def test_released_by_a_person_it_can_be_spent_and_counts_for_the_tier(alice: Member, risk: User) -> None:
    waiting = hold(alice.pk, 1_200, key="h", release_at=None)

    assert let_go(waiting, risk) == 1_200

    state = account(alice.pk)
    assert (state.balance, state.pending, state.earned_total) == (1_200, 0, 1_200)
    assert lots(alice.pk) == [(LATER, 1_200)]
    alice.refresh_from_db()
    assert (alice.growth_value, alice.tier.code) == (1_200, "silver")
    change = HoldChange.objects.get(hold=waiting)
    assert (change.released, change.cancelled, change.staff, change.reason) == (1_200, 0, risk, "looked at it")
    assert faults() == []


def test_released_by_a_person_before_its_day_the_night_finds_nothing_left(alice: Member, risk: User) -> None:
    waiting = hold(alice.pk, 50, key="h", release_at=NOON + timedelta(days=7))
    let_go(waiting, risk)

    assert release.release_due(at=NOON + timedelta(days=8)) == 0
    assert account(alice.pk).balance == 50


def test_the_night_does_not_release_what_is_held(alice: Member) -> None:
    hold(alice.pk, 50, key="h", release_at=None)

    assert release.release_due(at=NOON + timedelta(days=3_650)) == 0
    assert account(alice.pk).pending == 50


def test_what_was_held_past_its_planned_life_can_be_spent_for_the_days_of_grace(alice: Member, risk: User) -> None:
    policy(grace_days=30)
    waiting = hold(alice.pk, 50, key="h", release_at=None, on=TODAY)

    let_go(waiting, risk, at=NOON + timedelta(days=10))

    assert lots(alice.pk) == [(date(2027, 1, 1), 50)]
    assert faults() == []


def test_what_never_expires_still_does_not(alice: Member, risk: User) -> None:
    let_go(hold(alice.pk, 50, key="h", release_at=None, on=NEVER), risk)

    assert lots(alice.pk) == [(NEVER, 50)]


def test_released_points_pay_debt_first(alice: Member, risk: User) -> None:
    earn(alice.pk, 100, key="a")
    spend(alice.pk, 100, key="s")
    take_back(alice.pk, "a", 30, key="t")

    let_go(hold(alice.pk, 50, key="h", release_at=None), risk)

    assert (account(alice.pk).balance, account(alice.pk).debt) == (20, 0)
    assert faults() == []


def test_only_what_was_not_taken_back_is_released(alice: Member, risk: User) -> None:
    waiting = hold(alice.pk, 50, key="h", release_at=None)
    take_back(alice.pk, "h", 20, key="t")

    assert let_go(waiting, risk) == 30
    alice.refresh_from_db()
    assert alice.growth_value == 30
    assert faults() == []


def test_cancelled_by_a_person_it_never_comes(alice: Member, risk: User) -> None:
    waiting = hold(alice.pk, 50, key="h", release_at=None)

    assert call_off(waiting, risk) == 50

    state = account(alice.pk)
    assert (state.balance, state.pending) == (0, 0)
    change = HoldChange.objects.get(hold=waiting)
    assert (change.cancelled, change.staff, change.reason) == (50, risk, "fraud")
    alice.refresh_from_db()
    assert alice.growth_value == 0
    assert faults() == []


@pytest.mark.parametrize("first", [let_go, call_off])
@pytest.mark.parametrize("second", [let_go, call_off])
def test_what_is_decided_is_decided_once(
    alice: Member, risk: User, first: Callable[..., int], second: Callable[..., int]
) -> None:
    waiting = hold(alice.pk, 50, key="h", release_at=None)
    first(waiting, risk)

    with pytest.raises(HoldEnded), nothing_changes(alice.pk):
        second(waiting, risk)
    assert HoldChange.objects.count() == 1


@pytest.mark.parametrize("decide", [let_go, call_off])
@pytest.mark.parametrize("reason", ["", "  "])
def test_a_reason_is_needed(alice: Member, risk: User, decide: Callable[..., int], reason: str) -> None:
    waiting = hold(alice.pk, 50, key="h", release_at=None)

    with pytest.raises(ReasonMissing), nothing_changes(alice.pk):
        decide(waiting, risk, reason=reason)
    assert Hold.objects.get(pk=waiting).status == "waiting"


# --- what members see --------------------------------------------------------------------------------------------


def test_the_member_sees_what_waits_until_when_and_what_is_held(alice: Member, bob: Member, api: Api) -> None:
    day = NOON + timedelta(days=7)
    planned = hold(alice.pk, 50, key="planned", release_at=day)
    take_back(alice.pk, "planned", 20, key="t")
    held = hold(alice.pk, 9, key="held", release_at=None)
    hold(bob.pk, 5, key="another's")
    ended = hold(alice.pk, 3, key="ended", release_at=NOON)
    release.release_due(at=NOON)

    rows = api(alice).get(URL).json()["results"]

    assert ended not in [row["id"] for row in rows]
    assert [(row["id"], row["points"], row["held"], row["available_at"]) for row in rows] == [
        (held, 9, True, None),
        (planned, 30, False, "2026-11-29T04:00:00Z"),
    ]
    assert rows[0] | {"id": 0} == {
        "id": 0,
        "points": 9,
        "source": "rule:test",
        "title": "test",
        "breakdown": None,
        "held": True,
        "available_at": None,
        "expires_on": str(LATER),
        "occurred_at": "2026-11-22T04:00:00Z",
    }
    assert api(alice).get("/api/v1/points/balance").json()["pending"] == 39


def test_the_list_pages_and_costs_a_fixed_number_of_queries(
    alice: Member, api: Api, django_assert_num_queries: Callable[[int], Any]
) -> None:
    for number in range(5):
        hold(alice.pk, number + 1, key=f"h{number}")
    client = api(alice)

    with django_assert_num_queries(2):
        first = client.get(f"{URL}?page_size=3").json()
    second = client.get(f"{URL}?page_size=3&cursor={first['next']}").json()

    assert [row["points"] for row in first["results"] + second["results"]] == [5, 4, 3, 2, 1]
    assert client.get(f"{URL}?page_size=0").json()["code"] == "invalid"
