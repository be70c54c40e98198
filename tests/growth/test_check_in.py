"""Checking in: once a business day, streaks, bonuses, calendar."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from rest_framework.test import APIClient

from growth.models import CheckIn, EarnRule
from growth.services import check_in
from members.models import Member
from members.services.accounts import freeze
from members.services.growth import add_growth
from points.models import Entry
from tests.points.book import account, faults

Api = Callable[[Member], APIClient]
PATH = "/api/v1/growth/check-ins"
NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def check_in_days(member: Member, first: date, days: int) -> None:
    for number in range(days):
        at = datetime.combine(first + timedelta(days=number), datetime.min.time(), tzinfo=UTC) + timedelta(hours=4)
        check_in.check_in(member_id=member.pk, at=at)


def test_a_check_in_gives_ten_points_and_says_why(alice: Member, api: Api) -> None:
    with time_machine.travel(NOON, tick=False):
        response = api(alice).post(PATH)

    assert response.status_code == 201
    body = response.json()
    assert (body["on"], body["streak"], body["award"]["points"]) == ("2026-11-22", 1, 10)
    [rule] = body["award"]["breakdown"]
    assert (rule["rule"], rule["version"], rule["points"]) == ("check_in", 1, 10)
    assert rule["lines"] == [{"step": "base", "text": rule["title"], "points": 10}]
    assert account(alice.pk).balance == 10
    alice.refresh_from_db()
    assert alice.growth_value == 10
    assert faults() == []


def test_again_the_same_day_is_the_same_answer_and_no_more_points(alice: Member, api: Api) -> None:
    with time_machine.travel(NOON, tick=False):
        client = api(alice)
        first = client.post(PATH)
        again = client.post(PATH)

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.content == first.content
    assert account(alice.pk).balance == 10


def test_with_a_key_the_repeat_is_marked(alice: Member, api: Api) -> None:
    client = api(alice)
    first = client.post(PATH, headers={"Idempotency-Key": "tap"})
    again = client.post(PATH, headers={"Idempotency-Key": "tap"})

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["Idempotent-Replayed"] == "true"


def test_the_day_changes_at_midnight_in_shanghai(alice: Member, api: Api) -> None:
    before = datetime(2026, 11, 22, 15, 59, 59, tzinfo=UTC)
    with time_machine.travel(before, tick=False):
        assert api(alice).post(PATH).json()["on"] == "2026-11-22"
    with time_machine.travel(before + timedelta(seconds=1), tick=False):
        body = api(alice).post(PATH).json()
    assert (body["on"], body["streak"]) == ("2026-11-23", 2)


@pytest.mark.parametrize(
    ("first", "days"),
    [(date(2026, 11, 28), 5), (date(2026, 12, 29), 6), (date(2028, 2, 27), 4), (date(2027, 2, 27), 3)],
)
def test_a_streak_runs_over_the_ends_of_months_years_and_leap_days(alice: Member, first: date, days: int) -> None:
    check_in_days(alice, first, days)

    assert CheckIn.objects.filter(member_id=alice.pk).latest("on").streak == days


def test_a_missed_day_starts_the_streak_again(alice: Member) -> None:
    check_in_days(alice, date(2026, 11, 1), 3)
    check_in_days(alice, date(2026, 11, 5), 2)

    assert CheckIn.objects.get(member_id=alice.pk, on=date(2026, 11, 6)).streak == 2


def test_seven_days_in_a_row_pay_fifty_by_a_job(alice: Member, run_jobs: Callable[[], int]) -> None:
    check_in_days(alice, date(2026, 11, 1), 7)
    assert account(alice.pk).balance == 70

    assert run_jobs() == 1

    assert account(alice.pk).balance == 120
    bonus = Entry.objects.get(member_id=alice.pk, source="rule:streak_7")
    assert (bonus.amount, bonus.key) == (50, "streak_7:2026-11-07")
    assert faults() == []


def test_the_bonus_comes_again_every_seven_and_every_thirty_days(alice: Member, run_jobs: Callable[[], int]) -> None:
    check_in_days(alice, date(2026, 10, 1), 60)
    run_jobs()

    bonuses = Entry.objects.filter(member_id=alice.pk, counterparty="award:check_in_streak")
    sevens = bonuses.filter(source="rule:streak_7").values_list("key", flat=True)
    thirties = bonuses.filter(source="rule:streak_30").values_list("key", flat=True)
    assert len(sevens) == 60 // 7
    assert list(thirties.order_by("id")) == ["streak_30:2026-10-30", "streak_30:2026-11-29"]
    assert account(alice.pk).balance == 60 * 10 + 8 * 50 + 2 * 200


def test_a_repeated_or_late_job_pays_nothing_more(alice: Member, run_jobs: Callable[[], int]) -> None:
    check_in_days(alice, date(2026, 11, 1), 7)
    run_jobs()
    growth = Member.objects.get(pk=alice.pk).growth_value

    check_in.pay_streak_bonus(member_id=alice.pk, on=date(2026, 11, 7), at=NOON)

    assert account(alice.pk).balance == 120
    assert Member.objects.get(pk=alice.pk).growth_value == growth == 120


def test_the_tier_multiplies_and_the_breakdown_shows_it(alice: Member, api: Api) -> None:
    add_growth(member_id=alice.pk, points=20_000, reason="test", at=NOON)

    body = api(alice).post(PATH).json()

    assert body["award"]["points"] == 15
    steps = [(line["step"], line["points"]) for line in body["award"]["breakdown"][0]["lines"]]
    assert steps == [("base", 10), ("tier", 5)]


def test_the_daily_cap_withholds_and_says_so(alice: Member, api: Api) -> None:
    EarnRule.objects.filter(code="check_in").update(points=60)

    body = api(alice).post(PATH).json()

    assert body["award"]["points"] == 50
    assert body["award"]["breakdown"][0]["lines"][-1]["step"] == "daily_cap"
    assert body["award"]["breakdown"][0]["lines"][-1]["points"] == -10


def test_the_calendar_shows_the_month_the_streak_and_the_next_bonus(alice: Member, api: Api) -> None:
    check_in_days(alice, date(2026, 10, 30), 2)
    check_in_days(alice, date(2026, 11, 18), 4)
    with time_machine.travel(NOON, tick=False):
        client = api(alice)
        before = client.get(f"{PATH}?month=2026-11").json()
        client.post(PATH)
        after = client.get(PATH).json()

    assert before["days"] == ["2026-11-18", "2026-11-19", "2026-11-20", "2026-11-21"]
    assert (before["streak"], before["today"]) == (4, False)
    assert before["next_bonus"] == {"days": 3, "points": 50, "streak": 7}
    assert (after["streak"], after["today"], after["days"][-1]) == (5, True, "2026-11-22")


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "1999-01", "x", "2026-11-01", ""])
def test_a_wrong_month_is_refused(alice: Member, api: Api, month: str) -> None:
    response = api(alice).get(f"{PATH}?month={month}")

    assert response.status_code == 400
    assert response.json()["code"] == "invalid"


@pytest.mark.parametrize(
    "body",
    ['{"on": "2026-11-01"}', "[1]", '[1, "a"]', "[{}]", "5", "true", "null", '"x"', "{", "[" * 100_000, '{"a": NaN}'],
)
def test_a_body_is_refused(alice: Member, api: Api, body: str) -> None:
    response = api(alice).post(PATH, body, content_type="application/json")

    assert response.status_code == 400
    assert response.json()["code"] in {"invalid", "malformed"}
    assert not CheckIn.objects.exists()


def test_a_frozen_member_cannot_check_in(alice: Member, api: Api) -> None:
    client = api(alice)
    freeze(member_id=alice.pk, because="test", by="test", at=NOON)

    response = client.post(PATH)

    assert (response.status_code, response.json()["code"]) == (403, "member_frozen")
    assert not CheckIn.objects.exists()


def test_an_inactive_rule_gives_nothing_and_the_day_still_counts(alice: Member, api: Api) -> None:
    EarnRule.objects.filter(code="check_in").update(is_active=False)

    body = api(alice).post(PATH).json()

    assert (body["streak"], body["award"]["points"]) == (1, 0)


def test_the_ways_to_earn_are_explained(alice: Member, api: Api) -> None:
    client = api(alice)
    client.post(PATH)

    tasks = {task["code"]: task for task in client.get("/api/v1/growth/tasks").json()}

    assert list(tasks) == ["check_in", "streak_7", "streak_30", "purchase", "review"]
    assert tasks["check_in"]["done_today"] is True
    assert tasks["purchase"]["pending_days"] == 7
    assert all(task["explanation"] for task in tasks.values())


def test_a_check_in_costs_a_fixed_number_of_queries(
    alice: Member, api: Api, django_assert_num_queries: Callable[[int], object]
) -> None:
    check_in_days(alice, date(2026, 11, 1), 3)
    client = api(alice)

    # A savepoint (a transaction outside tests) around: session, standing, rules, the day, the ledger, growth.
    with django_assert_num_queries(8):  # type: ignore[attr-defined]
        client.post(PATH)
