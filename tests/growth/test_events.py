"""Reporting events: rights, repeats, batches, and everything that can be wrong with one."""

import json
from datetime import timedelta
from typing import Any

import pytest

from core.business_time import now
from growth.models import Behaviour, Order, Review
from members.models import Identity, Member
from members.services.accounts import freeze
from points.models import Account
from tests.partner_client import PartnerClient, event
from tests.points.book import account, faults


@pytest.fixture
def shop(db: None) -> PartnerClient:
    return PartnerClient()


def test_a_review_gives_five_points_once(shop: PartnerClient, alice: Member) -> None:
    first = shop.report_one(event("review_posted", alice.no, review_id="r1"))
    again = shop.report_one(event("review_posted", alice.no, review_id="r1"))

    assert (first["status"], first["award"]["points"]) == ("awarded", 5)
    assert (again["status"], again["code"]) == ("error", "review_exists")
    assert account(alice.pk).balance == 5


def test_a_review_may_name_an_order_of_the_same_member(shop: PartnerClient, alice: Member, bob: Member) -> None:
    shop.report_one(event("order_paid", alice.no, order_no="o1", amount_fen=100))

    theirs = shop.report_one(event("review_posted", alice.no, review_id="r1", order_no="o1"))
    not_theirs = shop.report_one(event("review_posted", bob.no, review_id="r2", order_no="o1"))

    assert theirs["status"] == "awarded"
    assert (not_theirs["status"], not_theirs["code"]) == ("error", "order_not_found")
    assert Review.objects.count() == 1


def test_one_event_may_be_sent_without_a_list(shop: PartnerClient, alice: Member) -> None:
    response = shop.post(event("review_posted", alice.no, review_id="r1", event_id="e1"))

    assert response.status_code == 200
    [result] = response.json()["results"]
    assert (result["event_id"], result["status"]) == ("e1", "awarded")


def test_a_repeated_event_is_a_duplicate_with_the_first_award(shop: PartnerClient, alice: Member) -> None:
    body = event("order_paid", alice.no, order_no="o1", amount_fen=10_000)

    first, again = shop.report_one(body), shop.report_one(body)

    assert again == first | {"status": "duplicate"}
    assert account(alice.pk).pending == 220


def test_a_repeat_within_one_batch_is_a_duplicate_too(shop: PartnerClient, alice: Member) -> None:
    body = event("review_posted", alice.no, review_id="r1")

    assert [result["status"] for result in shop.report(body, body)] == ["awarded", "duplicate"]


def test_the_event_ids_belong_to_the_partner_and_not_to_the_key(alice: Member) -> None:
    body = event("review_posted", alice.no, review_id="r1")

    assert PartnerClient(code="shop").report_one(body)["status"] == "awarded"
    assert PartnerClient(code="shop").report_one(body)["status"] == "duplicate"
    assert PartnerClient(code="another shop").report_one(body)["status"] == "awarded"


@pytest.mark.parametrize("change", ["data", "member", "occurred_at", "behaviour"])
def test_an_event_id_used_for_another_event_is_refused(
    shop: PartnerClient, alice: Member, bob: Member, change: str
) -> None:
    body = event("order_paid", alice.no, order_no="o1", amount_fen=10_000)
    shop.report_one(body)
    other = {
        "data": {"data": {"order_no": "o1", "amount_fen": 10_001}},
        "member": {"member": {"no": bob.no}},
        "occurred_at": {"occurred_at": now().isoformat()},
        "behaviour": {"behaviour": "order_completed", "data": {"order_no": "o1"}},
    }[change]

    result = shop.report_one(body | other)

    assert (result["status"], result["code"]) == ("error", "event_id_reused")
    assert account(alice.pk).pending == 220


def test_a_bad_event_does_not_stop_the_others(shop: PartnerClient, alice: Member) -> None:
    results = shop.report(
        event("review_posted", alice.no, review_id="r1"),
        event("review_posted", "0000000000", review_id="r2"),
        event("order_paid", alice.no, order_no="o1", amount_fen=-5),
        event("review_posted", alice.no, review_id="r3"),
    )

    assert [result["status"] for result in results] == ["awarded", "error", "error", "awarded"]
    assert (results[1]["code"], results[2]["code"]) == ("member_not_found", "invalid")
    assert "amount_fen" in results[2]["fields"]["data"]
    assert Behaviour.objects.count() == 2
    assert faults() == []


def test_members_are_found_by_openid_and_unionid(shop: PartnerClient, alice: Member) -> None:
    identity = Identity.objects.get(member=alice)
    Identity.objects.filter(pk=identity.pk).update(unionid="union-alice")
    by_openid = event("review_posted", "", review_id="r1") | {"member": {"openid": identity.openid}}
    by_unionid = event("review_posted", "", review_id="r2") | {"member": {"unionid": "union-alice"}}

    assert [result["status"] for result in shop.report(by_openid, by_unionid)] == ["awarded", "awarded"]
    assert account(alice.pk).balance == 10


VALID: dict[str, Any] = {"order_no": "o1", "amount_fen": 10_000}


@pytest.mark.parametrize(
    "change",
    [
        {"data": VALID | {"amount_fen": "10000"}},
        {"data": VALID | {"amount_fen": 1.5}},
        {"data": VALID | {"amount_fen": True}},
        {"data": VALID | {"amount_fen": None}},
        {"data": VALID | {"amount_fen": 10**30}},
        {"data": VALID | {"amount_fen": -1}},
        {"data": VALID | {"order_no": ""}},
        {"data": VALID | {"order_no": 7}},
        {"data": VALID | {"order_no": "x" * 65}},
        {"data": VALID | {"unknown": 1}},
        {"data": VALID | {"items": [{"sku": "a", "quantity": 0}]}},
        {"data": []},
        {"data": None},
        {"behaviour": "check_in"},
        {"behaviour": "nonsense"},
        {"behaviour": 5},
        {"member": {}},
        {"member": {"no": "1", "openid": "2"}},
        {"member": "1"},
        {"member": {"id": 1}},
        {"member": {"no": 5}},
        {"occurred_at": "yesterday"},
        {"occurred_at": 5},
        {"occurred_at": None},
        {"occurred_at": "2026-11-01"},
        {"occurred_at": "2026-11-01T10:00:00"},
        {"occurred_at": "0001-01-01T00:00:00+14:00"},
        {"event_id": ""},
        {"event_id": "with space"},
        {"event_id": "x" * 101},
        {"event_id": 5},
        {"surplus": 1},
    ],
    ids=str,
)
def test_an_event_that_is_not_valid_is_refused_and_leaves_nothing(
    shop: PartnerClient, alice: Member, change: dict[str, Any]
) -> None:
    result = shop.report_one(event("order_paid", alice.no, **VALID) | change)

    assert (result["status"], result["code"]) == ("error", "invalid")
    assert result["fields"]
    assert not Behaviour.objects.exists()
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    "body", [{"events": []}, {"events": {}}, {"events": [{}] * 1001}, {"events": [], "x": 1}, [], 5]
)
def test_a_batch_of_the_wrong_shape_is_refused(shop: PartnerClient, body: Any) -> None:
    response = shop.post(body)

    assert response.status_code == 400
    assert response.json()["code"] == "invalid"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"\xff",
        b'{"events": NaN}',
        b'{"a": 1, "a": 2}',
        b'{"a": "\\u0000"}',
        b'{"a": "\\ud800"}',
        b"[" * 99_999,
    ],
)
def test_a_body_that_is_not_sound_json_is_refused(shop: PartnerClient, raw: bytes) -> None:
    response = shop.post(raw)

    assert response.status_code == 400


def test_a_huge_body_is_refused_before_it_is_read(shop: PartnerClient) -> None:
    response = shop.post(b" " * (2 * 1024 * 1024 + 1))

    assert (response.status_code, response.json()["code"]) == (413, "payload_too_large")


def test_a_batch_of_a_thousand_is_taken_in(shop: PartnerClient, alice: Member) -> None:
    results = shop.report(*(event("review_posted", alice.no, review_id=f"r{number}") for number in range(1000)))

    assert {result["status"] for result in results} == {"awarded"}
    # The first 200 reviews make silver (x 1.1, rounded down to 5 again), the thousandth makes gold (x 1.2 = 6).
    assert account(alice.pk).balance == sum(result["award"]["points"] for result in results)
    assert faults() == []


def test_a_key_reports_only_the_behaviours_it_was_given(alice: Member) -> None:
    reviews = PartnerClient(behaviours=("review_posted",))

    allowed = reviews.report_one(event("review_posted", alice.no, review_id="r1"))
    forbidden = reviews.report_one(event("order_paid", alice.no, order_no="o1", amount_fen=100))

    assert allowed["status"] == "awarded"
    assert (forbidden["status"], forbidden["code"]) == ("error", "behaviour_not_allowed")


def test_events_older_than_thirty_days_need_the_right_to_report_history(shop: PartnerClient, alice: Member) -> None:
    archive = PartnerClient(code="archive", history=True)
    old = now() - timedelta(days=30, minutes=1)

    refused = shop.report_one(event("review_posted", alice.no, at=old, review_id="r1"))
    taken = archive.report_one(event("review_posted", alice.no, at=old, review_id="r1"))
    just_in_time = shop.report_one(event("review_posted", alice.no, at=old + timedelta(minutes=2), review_id="r2"))

    assert (refused["status"], refused["code"]) == ("error", "event_too_old")
    assert (taken["status"], just_in_time["status"]) == ("awarded", "awarded")


def test_nobody_may_report_the_future(alice: Member) -> None:
    archive = PartnerClient(code="archive", history=True)

    ahead = archive.report_one(event("review_posted", alice.no, at=now() + timedelta(minutes=6), review_id="r1"))
    skewed = archive.report_one(event("review_posted", alice.no, at=now() + timedelta(minutes=4), review_id="r2"))

    assert (ahead["status"], ahead["code"]) == ("error", "event_in_future")
    assert skewed["status"] == "awarded"


def test_a_frozen_member_earns_nothing_and_the_event_can_be_sent_again(shop: PartnerClient, alice: Member) -> None:
    freeze(member_id=alice.pk, because="test", by="test", at=now())

    result = shop.report_one(event("review_posted", alice.no, review_id="r1"))

    assert (result["status"], result["code"]) == ("error", "member_frozen")
    assert not Behaviour.objects.exists()


def test_a_refund_takes_back_from_a_frozen_member_too(shop: PartnerClient, alice: Member) -> None:
    paid = event("order_paid", alice.no, order_no="o1", amount_fen=10_000)
    shop.report(paid, event("order_completed", alice.no, order_no="o1"))
    freeze(member_id=alice.pk, because="test", by="test", at=now())

    result = shop.report_one(event("order_refunded", alice.no, order_no="o1", refund_no="r1", refund_fen=10_000))

    assert (result["status"], result["award"]) == ("none", {"points": -220})
    assert Account.objects.get(pk=alice.pk).balance == 0


def test_a_members_token_does_not_open_the_partners_door(alice: Member, api: Any) -> None:
    response = api(alice).post("/api/v1/events", {"events": []}, format="json")

    assert response.status_code == 401


def test_the_log_holds_no_personal_data(shop: PartnerClient, alice: Member, caplog: pytest.LogCaptureFixture) -> None:
    openid = Identity.objects.get(member=alice).openid
    body = event("order_paid", "", order_no="o-secret", amount_fen=5) | {"member": {"openid": openid}}
    with caplog.at_level("DEBUG"):
        shop.report_one(body)
        shop.report_one(body | {"data": {"order_no": "o-secret", "amount_fen": -5}})

    written = json.dumps([record.getMessage() for record in caplog.records], default=str)
    assert openid not in written
    assert shop.key.secret not in written
