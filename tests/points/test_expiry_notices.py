"""Members are told in time of what will expire, once per day of expiry and stage."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from rest_framework.test import APIClient

from core import chain
from core.business_time import now, start_of_day
from core.models import ChainRun
from members.models import Member, Notice
from members.services.accounts import close_account, freeze
from points.models import LedgerPolicy
from points.services.expiry_notices import CATCH_UP, STEP, ExpiryNotices, stages
from tests.factories import new_member
from tests.points.book import TODAY, earn, spend


def in_days(count: int) -> date:
    return TODAY + timedelta(days=count)


def night(on: date = TODAY, step: ExpiryNotices = STEP) -> ChainRun:
    return chain.run(steps=[step], on=on, at=midnight(on))


def midnight(on: date) -> datetime:
    return start_of_day(on) + timedelta(minutes=10)


def told(member: Member) -> list[tuple[str, int]]:
    """Return (key without its kind, points) of what the member was told, in order."""
    rows = Notice.objects.filter(member=member).order_by("id").values_list("key", "params__points")
    return [(key.removeprefix("points_expiring:"), points) for key, points in rows]


@pytest.mark.parametrize("days", [30, 7, 1])
def test_a_member_is_told_when_points_have_so_many_days_left(alice: Member, days: int) -> None:
    earn(alice.pk, 120, key="a", on=in_days(days))

    night()

    assert told(alice) == [(f"{in_days(days)}:{days}", 120)]


@pytest.mark.parametrize("days", [-1, 2, 4, 8, 27, 31, 400])
def test_on_other_days_nobody_is_told(alice: Member, days: int) -> None:
    earn(alice.pk, 120, key="a", on=in_days(days))

    assert night().steps.get().rows == 0
    assert told(alice) == []


def test_from_earning_to_expiry_each_stage_is_told_once(alice: Member) -> None:
    last_day = in_days(33)
    earn(alice.pk, 120, key="a", on=last_day)

    for count in range(36):
        night(in_days(count))

    assert told(alice) == [(f"{last_day}:30", 120), (f"{last_day}:7", 120), (f"{last_day}:1", 120)]


@pytest.mark.parametrize("missed", [1, CATCH_UP])
def test_nights_that_were_missed_are_made_up_for(alice: Member, missed: int) -> None:
    earn(alice.pk, 120, key="a", on=in_days(7))

    night(in_days(missed))
    night(in_days(missed + 1))

    assert told(alice) == [(f"{in_days(7)}:7", 120)]


def test_a_stage_is_not_made_up_for_once_the_next_one_is_due() -> None:
    assert stages(on=TODAY, notice_days=[3, 1, 2, 3]) == {in_days(0): 1, in_days(1): 1, in_days(2): 2, in_days(3): 3}


def test_lots_of_one_day_are_told_as_one_sum_and_days_apart(alice: Member) -> None:
    earn(alice.pk, 100, key="a", on=in_days(7), source="rule:one")
    earn(alice.pk, 30, key="b", on=in_days(7), source="rule:two")
    earn(alice.pk, 5, key="c", on=in_days(30))
    earn(alice.pk, 1, key="d", on=in_days(300))
    spend(alice.pk, 10, key="s")

    night()

    assert told(alice) == [(f"{in_days(7)}:7", 120), (f"{in_days(30)}:30", 5)]


def test_what_was_spent_is_not_announced(alice: Member) -> None:
    earn(alice.pk, 10, key="a", on=in_days(7))
    spend(alice.pk, 10, key="s")

    night()

    assert told(alice) == []


def test_frozen_and_closed_members_are_told_nothing_and_stop_nobody(alice: Member, bob: Member) -> None:
    carol = new_member("Carol")
    for member in (alice, bob, carol):
        earn(member.pk, 10, key="a", on=in_days(7))
    freeze(member_id=alice.pk, because="looked at", by="staff", at=now())
    close_account(member_id=bob.pk, because="asked", by="member", at=now())

    run = night()

    assert list(Notice.objects.values_list("member_id", flat=True)) == [carol.pk]
    assert (run.steps.get().rows, run.finished_at is not None) == (1, True)


def test_run_again_from_the_start_it_tells_nothing_twice(alice: Member) -> None:
    earn(alice.pk, 10, key="a", on=in_days(7))
    night()
    ChainRun.objects.all().delete()

    assert night().steps.get().rows == 0
    assert len(told(alice)) == 1


@pytest.mark.parametrize("chunk", [1, 2, 3, 100])
def test_chunks_leave_nobody_out_however_the_days_mix(db: None, chunk: int) -> None:
    members = [new_member(f"m{number}") for number in range(9)]
    for place, member in enumerate(members):
        for day, source in ((1, "x"), (1, "y"), (7, "x"), (30, "x")):
            if (place * 7 + day) % 3:
                earn(member.pk, 10, key=f"{day}{source}", on=in_days(day), source=source)
    step = ExpiryNotices()
    step.chunk = chunk

    night(step=step)

    assert {member.pk for member in members} == set(Notice.objects.values_list("member_id", flat=True))
    expected = sum(1 for place in range(9) for day in (1, 7, 30) if (place * 7 + day) % 3)
    assert Notice.objects.count() == expected


def test_the_set_aside_and_those_behind_the_cursor_are_not_due(alice: Member, bob: Member) -> None:
    for member in (alice, bob):
        earn(member.pk, 10, key="a", on=in_days(7))

    def due(**more: object) -> list[int]:
        facts = {"at": midnight(TODAY), "on": TODAY, "after": 0, "skip": [], "limit": 10} | more
        return STEP.due(**facts)  # type: ignore[arg-type]

    assert due() == [alice.pk, bob.pk]
    assert due(limit=1) == [alice.pk]
    assert due(after=alice.pk) == [bob.pk]
    assert due(skip=[alice.pk]) == [bob.pk]


def test_the_days_are_what_the_policy_says(alice: Member) -> None:
    earn(alice.pk, 10, key="a", on=in_days(14))
    earn(alice.pk, 10, key="b", on=in_days(7))
    LedgerPolicy.objects.update(notice_days=[14])
    night()
    assert told(alice) == [(f"{in_days(14)}:14", 10)]

    LedgerPolicy.objects.update(notice_days=[])
    assert night(in_days(1)).steps.get().rows == 0


@pytest.mark.parametrize("days", [[0], [366], [1, 2, 3, 4, 5, 6, 7]])
def test_days_that_make_no_sense_are_refused(alice: Member, days: list[int]) -> None:
    policy = LedgerPolicy.objects.get()
    policy.notice_days = days

    with pytest.raises(ValidationError):
        policy.full_clean()


def test_the_member_reads_how_many_points_and_until_when(alice: Member, api: Callable[[Member], APIClient]) -> None:
    earn(alice.pk, 1_200, key="a", on=date(2026, 11, 29))

    night()

    [line] = api(alice).get("/api/v1/inbox").json()["results"]
    assert line["kind"] == "points_expiring"
    assert line["params"] == {"on": "2026-11-29", "points": 1_200}
    assert line["title"]
    assert "1,200" in line["body"]
    assert "2026年11月29日" in line["body"]


def test_expiry_comes_before_the_notices() -> None:
    names = [step.name for step in chain.nightly_steps()]

    assert names == ["release", "tiers", "expire", "notices"]
