"""Reports and check-ins that meet."""

import time
from collections import Counter
from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

import pytest
from rest_framework.test import APIClient

from growth.models import Behaviour, CheckIn, EarnRule, Order
from growth.services.check_in import CheckedIn
from members.models import Member
from points import audit
from tests.partner_client import PartnerClient, event
from tests.points.book import account
from tests.races.together import at_once, without_constraint

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]
Api = Callable[[Member], APIClient]
MANY = 16


def check_in_at_once(member: Member, api: Api) -> Counter[int]:
    client = api(member)
    # A failure counts as the 500 it is, instead of ending the thread.
    client.raise_request_exception = False
    answers = at_once([partial(client.post, "/api/v1/growth/check-ins") for _tap in range(MANY)])
    return Counter(answer.status_code for answer in answers)


def test_many_taps_are_one_check_in(alice: Member, api: Api) -> None:
    assert check_in_at_once(alice, api) == {201: 1, 200: MANY - 1}

    assert account(alice.pk).balance == 10
    assert Member.objects.get(pk=alice.pk).growth_value == 10
    assert audit.check().findings == []


def test_control_a_day_looked_up_before_it_is_written_is_many(
    alice: Member, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look_then_write(*, member_id: int, on: date, award: dict[str, Any]) -> CheckedIn | None:
        if CheckIn.objects.filter(member_id=member_id, on=on).exists():
            return None
        time.sleep(0.2)
        CheckIn.objects.create(member_id=member_id, on=on, streak=1, award=award)
        return CheckedIn(on=on, streak=1, award=award, is_new=True)

    monkeypatch.setattr("growth.services.check_in._insert", look_then_write)
    with without_constraint("growth_checkin", "check_in_once_a_day"):
        assert check_in_at_once(alice, api)[201] > 1


def test_one_event_reported_at_once_is_taken_in_once(alice: Member) -> None:
    shop = PartnerClient()
    body = event("order_paid", alice.no, order_no="o1", amount_fen=10_000)

    results = at_once([partial(shop.report_one, body) for _call in range(MANY)])

    assert Counter(result["status"] for result in results) == {"pending": 1, "duplicate": MANY - 1}
    assert {result["award"]["points"] for result in results} == {220}
    assert account(alice.pk).pending == 220


def test_one_order_under_many_event_ids_is_awarded_once(alice: Member) -> None:
    shop = PartnerClient()
    calls = [
        partial(shop.report_one, event("order_paid", alice.no, order_no="o1", amount_fen=10_000)) for _n in range(MANY)
    ]

    results = at_once(calls)

    assert Counter(result.get("code", result["status"]) for result in results) == {
        "pending": 1,
        "order_exists": MANY - 1,
    }
    assert account(alice.pk).pending == 220


def test_batches_that_share_members_all_arrive(alice: Member, bob: Member) -> None:
    shop = PartnerClient()
    batches = [
        [
            event("order_paid", member.no, order_no=f"{batch}-{number}-{member.no}", amount_fen=100)
            for number in range(5)
            for member in ((alice, bob) if batch % 2 else (bob, alice))
        ]
        for batch in range(8)
    ]

    results = at_once([partial(shop.report, *batch) for batch in batches])

    assert Counter(result["status"] for batch in results for result in batch) == {"pending": 80}
    assert (account(alice.pk).pending, account(bob.pk).pending) == (80, 80)
    assert audit.check().findings == []


def test_refunds_that_meet_never_take_back_more_than_was_given(alice: Member) -> None:
    shop = PartnerClient()
    shop.report(
        event("order_paid", alice.no, order_no="o1", amount_fen=10_000),
        event("order_completed", alice.no, order_no="o1"),
    )
    refunds = [
        partial(
            shop.report_one,
            event("order_refunded", alice.no, order_no="o1", refund_no=f"r{number}", refund_fen=3_000),
        )
        for number in range(8)
    ]

    results = at_once(refunds)

    assert Counter(result.get("code", "taken") for result in results) == {"taken": 3, "refund_exceeds_order": 5}
    assert Order.objects.get().refunded_fen == 9_000
    assert account(alice.pk).balance == 220 - 198
    assert audit.check().findings == []


def review_at_once(member: Member) -> int:
    shop = PartnerClient()
    calls = [partial(shop.report_one, event("review_posted", member.no, review_id=f"r{n}")) for n in range(MANY)]
    at_once(calls)
    return account(member.pk).balance


def test_a_daily_cap_holds_however_many_reports_meet(alice: Member) -> None:
    EarnRule.objects.filter(code="review").update(daily_cap=23)

    assert review_at_once(alice) == 23
    assert Behaviour.objects.count() == MANY


def test_control_without_the_lock_on_the_tally_the_cap_breaks(alice: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    EarnRule.objects.filter(code="review").update(daily_cap=23)
    monkeypatch.setattr("growth.services.awarding._reserve_daily", lambda **_facts: 0)

    assert review_at_once(alice) > 23
