"""Members give each other points; staff take a transfer back."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from rest_framework.test import APIClient

from core.business_time import now
from members.models import Member, MemberStatus
from members.services.accounts import close_account, freeze
from points.ledger.accounts import InsufficientPoints
from points.models import Account, Entry, Lot, Transfer
from points.services.expiry import expire_due
from points.services.release import ReasonMissing
from points.services.transfers import (
    ReceiverUnavailable,
    ReceiverUnknown,
    TransferKeyUsed,
    TransferLimit,
    TransferReversed,
    TransfersClosed,
    TransferTierTooLow,
    TransferToSelf,
    take_back_transfer,
)
from tests.factories import give_points, new_member
from tests.points.book import LATER, NOON, SOON, account, earn, faults, lots, nothing_changes, spend, take_back
from tests.points.gifts import gift, policy, staff

Api = Callable[[Member], APIClient]
URL = "/api/v1/points/transfers"
# With five savepoints of the test itself and of nested transactions.
TRANSFER_QUERIES = 32
LAST_SECOND = datetime(2026, 11, 22, 15, 59, 59, tzinfo=UTC)  # 23:59:59 in Shanghai


def post(client: APIClient, to: Member | str, points: object, *, key: str = "k", **more: Any) -> Any:
    body = {"to_member_no": to if isinstance(to, str) else to.no, "points": points} | more
    return client.post(URL, body, headers={"Idempotency-Key": key}, format="json")


def reverse(
    made: Transfer, by: str = "lead", *, policy: str = "owe", at: datetime = NOON, reason: str = "fraud"
) -> Any:
    return take_back_transfer(transfer_id=made.pk, policy=policy, reason=reason, staff_id=staff(by).pk, at=at)


# --- what moves --------------------------------------------------------------------------------------------------


def test_points_keep_their_last_day_and_their_source(alice: Member, bob: Member) -> None:
    earn(alice.pk, 30, key="a", on=SOON, by="award:check_in")
    earn(alice.pk, 50, key="b", on=LATER, by="award:purchase")

    gift(alice, bob, 60)

    received = Lot.objects.filter(member_id=bob.pk).order_by("expires_on")
    assert list(received.values_list("expires_on", "source", "granted", "remaining")) == [
        (SOON, "award:check_in", 30, 30),
        (LATER, "award:purchase", 30, 30),
    ]
    assert lots(alice.pk) == [(SOON, 0), (LATER, 20)]
    assert (account(alice.pk).balance, account(bob.pk).balance) == (20, 60)
    assert faults() == []


def test_it_is_neither_earned_nor_spent_and_moves_no_tier(alice: Member, bob: Member) -> None:
    earn(alice.pk, 5_000, key="a")

    gift(alice, bob, 4_000)

    assert (account(alice.pk).earned_total, account(alice.pk).spent_total) == (5_000, 0)
    assert (account(bob.pk).earned_total, account(bob.pk).spent_total) == (0, 0)
    bob.refresh_from_db()
    assert (bob.growth_value, bob.tier.code) == (0, "bronze")


def test_what_was_received_can_be_given_on_and_spent(alice: Member, bob: Member) -> None:
    carol = new_member("Carol")
    earn(alice.pk, 100, key="a", on=SOON)

    gift(alice, bob, 100)
    gift(bob, carol, 80)
    gift(carol, alice, 10)
    spend(carol.pk, 70, key="s")

    assert [account(member.pk).balance for member in (alice, bob, carol)] == [10, 20, 0]
    assert lots(alice.pk) == [(SOON, 10)]
    assert faults() == []


def test_debt_of_the_receiver_is_not_paid_by_a_gift(alice: Member, bob: Member) -> None:
    earn(bob.pk, 100, key="b")
    spend(bob.pk, 100, key="s")
    take_back(bob.pk, "b", 40, key="t")
    earn(alice.pk, 100, key="a")

    gift(alice, bob, 70)

    assert (account(bob.pk).balance, account(bob.pk).debt) == (70, 40)
    assert faults() == []


# --- who may, and how much ---------------------------------------------------------------------------------------


def test_points_past_their_last_day_are_not_given_even_before_they_are_swept(alice: Member, bob: Member) -> None:
    earn(alice.pk, 50, key="old", on=SOON)
    earn(alice.pk, 30, key="new", on=LATER)
    after = NOON + timedelta(days=9)

    with pytest.raises(InsufficientPoints) as refusal, nothing_changes(alice.pk):
        gift(alice, bob, 40, at=after)
    assert refusal.value.detail == {"missing_points": 10}

    gift(alice, bob, 30, at=after)
    assert lots(bob.pk) == [(LATER, 30)]
    assert faults() == []


def test_points_on_their_last_day_are_given(alice: Member, bob: Member) -> None:
    earn(alice.pk, 50, key="old", on=date(2026, 11, 22))

    gift(alice, bob, 50, at=LAST_SECOND)

    assert account(bob.pk).balance == 50


def test_a_refused_gift_leaves_no_trace(alice: Member, bob: Member) -> None:
    earn(alice.pk, 10, key="a")

    with pytest.raises(InsufficientPoints), nothing_changes(alice.pk):
        gift(alice, bob, 11)

    assert not Transfer.objects.exists()
    assert not Account.objects.filter(pk=bob.pk).exists()


def test_nobody_gives_to_themselves(alice: Member) -> None:
    earn(alice.pk, 10, key="a")

    with pytest.raises(TransferToSelf), nothing_changes(alice.pk):
        gift(alice, alice, 5)


def test_the_database_knows_no_gift_to_oneself_either(alice: Member, bob: Member) -> None:
    earn(alice.pk, 10, key="a")
    made = gift(alice, bob, 5)

    with pytest.raises(IntegrityError, match="transfer_not_to_self"), transaction.atomic():
        Transfer.objects.filter(pk=made.pk).update(to_member=alice)


def test_who_is_frozen_receives_nothing(alice: Member, bob: Member) -> None:
    earn(alice.pk, 10, key="a")
    freeze(member_id=bob.pk, because="fraud", by="risk", at=NOON)

    with pytest.raises(ReceiverUnavailable), nothing_changes(alice.pk):
        gift(alice, bob, 5)


def test_who_closed_the_account_is_known_no_more(alice: Member, bob: Member) -> None:
    earn(alice.pk, 10, key="a")
    close_account(member_id=bob.pk, because="", by="member", at=NOON)

    with pytest.raises(ReceiverUnknown), nothing_changes(alice.pk):
        gift(alice, bob, 5)


def test_nobody_gives_while_transfers_are_closed(alice: Member, bob: Member) -> None:
    earn(alice.pk, 10, key="a")
    policy(transfers_open=False)

    with pytest.raises(TransfersClosed), nothing_changes(alice.pk):
        gift(alice, bob, 5)


@pytest.mark.parametrize(("lowest", "may"), [("", True), ("bronze", True), ("silver", False), ("gone", False)])
def test_the_lowest_tier_that_may(alice: Member, bob: Member, lowest: str, may: bool) -> None:
    earn(alice.pk, 10, key="a")
    policy(transfer_min_tier=lowest)

    if may:
        assert gift(alice, bob, 5).points == 5
    else:
        with pytest.raises(TransferTierTooLow):
            gift(alice, bob, 5)


def refused_by_limit(*gifts: int, sender: Member, receiver: Member, at: datetime = NOON) -> Any:
    for points in gifts[:-1]:
        gift(sender, receiver, points, at=at)
    with pytest.raises(TransferLimit) as refusal, nothing_changes(sender.pk):
        gift(sender, receiver, gifts[-1], at=at)
    return refusal.value.detail


def test_at_most_so_many_points_at_once(alice: Member, bob: Member) -> None:
    earn(alice.pk, 1_000, key="a")
    policy(transfer_max_points=100)

    gift(alice, bob, 100)
    assert refused_by_limit(101, sender=alice, receiver=bob) == {"limit": "per_transfer", "size": 100, "left": 100}


def test_at_most_so_many_points_a_day_to_all_together(alice: Member, bob: Member) -> None:
    earn(alice.pk, 1_000, key="a")
    policy(transfer_daily_points=100)
    gift(alice, new_member("Carol"), 40)

    detail = refused_by_limit(50, 11, sender=alice, receiver=bob)

    assert detail == {"limit": "daily_points", "size": 100, "left": 10}
    assert gift(alice, bob, 10).points == 10


def test_at_most_so_many_transfers_a_day(alice: Member, bob: Member) -> None:
    earn(alice.pk, 1_000, key="a")
    policy(transfer_daily_count=2)

    assert refused_by_limit(1, 1, 1, sender=alice, receiver=bob) == {"limit": "daily_count", "size": 2, "left": 0}


def test_the_day_is_one_in_shanghai(alice: Member, bob: Member) -> None:
    earn(alice.pk, 1_000, key="a")
    policy(transfer_daily_points=100)

    assert refused_by_limit(100, 1, sender=alice, receiver=bob, at=LAST_SECOND)["left"] == 0
    gift(alice, bob, 100, at=LAST_SECOND + timedelta(seconds=1))

    assert account(bob.pk).balance == 200
    days = Transfer.objects.order_by("id").values_list("made_on", flat=True)
    assert list(days) == [date(2026, 11, 22), date(2026, 11, 23)]


def test_what_is_received_does_not_count_against_the_limits(alice: Member, bob: Member) -> None:
    earn(alice.pk, 100, key="a")
    policy(transfer_daily_points=100)
    gift(alice, bob, 100)

    assert gift(bob, alice, 100).points == 100


def test_a_key_whose_answer_is_gone_still_moves_nothing(alice: Member, bob: Member) -> None:
    earn(alice.pk, 100, key="a")
    gift(alice, bob, 10, key="tap")

    with pytest.raises(TransferKeyUsed), nothing_changes(alice.pk):
        gift(alice, bob, 10, key="tap")


# --- over HTTP ---------------------------------------------------------------------------------------------------


def test_the_answer_says_what_a_giver_needs_and_no_more(alice: Member, bob: Member, api: Api) -> None:
    give_points(alice.pk, 100)

    answer = post(api(alice), bob, 40, message="生日快乐")

    body = answer.json()
    assert answer.status_code == 201
    assert {name: value for name, value in body.items() if name not in {"no", "created_at"}} == {
        "direction": "sent",
        "member": {"no": bob.no, "nickname": "B**"},
        "points": 40,
        "message": "生日快乐",
        "status": "done",
        "balance_after": 60,
    }
    assert "Bob" not in answer.content.decode()


def test_a_repeat_gets_the_first_answer_and_moves_nothing(alice: Member, bob: Member, api: Api) -> None:
    give_points(alice.pk, 100)
    client = api(alice)

    first = post(client, bob, 40)
    again = post(client, bob, 40)

    assert again.content == first.content
    assert again.headers["Idempotent-Replayed"] == "true"
    assert account(bob.pk).balance == 40
    other = post(client, bob, 41)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


def test_a_repeated_refusal_stays_one_even_when_points_have_come(alice: Member, bob: Member, api: Api) -> None:
    client = api(alice)

    first = post(client, bob, 40)
    give_points(alice.pk, 100)
    again = post(client, bob, 40)

    assert (first.status_code, first.json()["code"]) == (402, "insufficient_points")
    assert first.json()["detail"] == {"missing_points": 40}
    assert again.content == first.content
    assert post(client, bob, 40, key="anew").status_code == 201


def test_a_key_is_needed(alice: Member, bob: Member, api: Api) -> None:
    answer = api(alice).post(URL, {"to_member_no": bob.no, "points": 1}, format="json")

    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_required")


@pytest.mark.parametrize("points", [0, -1, 1.5, "1", True, None, 1_000_000_001, 10**30])
def test_only_positive_integers_are_points(alice: Member, bob: Member, api: Api, points: object) -> None:
    give_points(alice.pk, 100)

    answer = post(api(alice), bob, points)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert list(answer.json()["fields"]) == ["points"]


@pytest.mark.parametrize(
    "more", [{"whom": 1}, {"message": "x" * 101}, {"message": 5}, {"to_member_no": 7}, {"to_member_no": ""}]
)
def test_a_body_that_is_wrong_is_refused(alice: Member, bob: Member, api: Api, more: dict[str, object]) -> None:
    give_points(alice.pk, 100)

    assert post(api(alice), bob, 1, **more).json()["code"] == "invalid"
    assert not Transfer.objects.exists()


def test_refusals_have_their_codes(alice: Member, bob: Member, api: Api) -> None:
    give_points(alice.pk, 100)
    client = api(alice)

    def code(to: Member | str, key: str) -> tuple[int, str]:
        answer = post(client, to, 10, key=key)
        return answer.status_code, answer.json()["code"]

    assert code("0000000000", "1") == (404, "receiver_unknown")
    assert code(alice, "2") == (400, "transfer_to_self")
    Member.objects.filter(pk=bob.pk).update(status=MemberStatus.FROZEN)
    assert code(bob, "3") == (409, "receiver_unavailable")
    policy(transfer_max_points=5)
    Member.objects.filter(pk=bob.pk).update(status=MemberStatus.ACTIVE)
    assert code(bob, "4") == (409, "transfer_limit")
    policy(transfer_min_tier="gold")
    assert code(bob, "5") == (409, "tier_too_low")
    policy(transfers_open=False)
    assert code(bob, "6") == (409, "transfers_closed")
    Member.objects.filter(pk=alice.pk).update(status=MemberStatus.FROZEN)
    assert code(bob, "7") == (403, "member_frozen")
    assert account(alice.pk).balance == 100


def test_both_see_it_each_from_their_side_and_nobody_else(alice: Member, bob: Member, api: Api) -> None:
    earn(alice.pk, 100, key="a")
    first = gift(alice, bob, 60, text="一点心意")
    second = gift(bob, alice, 20)

    mine = api(alice).get(URL).json()["results"]

    assert [(row["no"], row["direction"], row["member"]["no"]) for row in mine] == [
        (second.no, "received", bob.no),
        (first.no, "sent", bob.no),
    ]
    theirs = api(bob).get(URL + "?direction=received").json()["results"]
    assert [(row["no"], row["direction"], row["member"]) for row in theirs] == [
        (first.no, "received", {"no": alice.no, "nickname": "A**"})
    ]
    assert api(bob).get(f"{URL}/{first.no}").json() == theirs[0]
    stranger = api(new_member("Mallory"))
    assert stranger.get(URL).json()["results"] == []
    answer = stranger.get(f"{URL}/{first.no}")
    assert (answer.status_code, answer.json()["code"]) == (404, "transfer_not_found")


def test_the_list_pages_by_cursor(alice: Member, bob: Member, api: Api) -> None:
    earn(alice.pk, 100, key="a")
    for points in range(1, 6):
        gift(alice, bob, points)
    client = api(alice)

    first = client.get(f"{URL}?page_size=2").json()
    gift(alice, bob, 9)
    second = client.get(f"{URL}?page_size=2&cursor={first['next']}").json()

    assert [row["points"] for row in first["results"] + second["results"]] == [5, 4, 3, 2]


@pytest.mark.parametrize("query", ["direction=up", "page_size=0", "unknown=1"])
def test_wrong_parameters_are_refused(alice: Member, api: Api, query: str) -> None:
    assert api(alice).get(f"{URL}?{query}").json()["code"] == "invalid"


def test_the_terms_say_what_is_left_today(alice: Member, bob: Member, api: Api) -> None:
    earn(alice.pk, 100, key="a")
    policy(transfer_daily_points=100, transfer_daily_count=3, transfer_max_points=70, transfer_min_tier="silver")
    policy(transfer_min_tier="")
    gift(alice, bob, 60, at=now())
    policy(transfer_min_tier="silver")

    assert api(alice).get(f"{URL}/terms").json() == {
        "open": True,
        "min_tier": "silver",
        "tier_ok": False,
        "max_points": 70,
        "daily_points": 100,
        "daily_points_left": 40,
        "daily_count": 3,
        "daily_count_left": 2,
    }


def test_the_statements_of_both_read_sensibly_and_name_nobody(alice: Member, bob: Member, api: Api) -> None:
    earn(alice.pk, 100, key="a")
    made = gift(alice, bob, 60)
    reverse(made)

    sent = api(alice).get("/api/v1/points/entries").json()["results"]
    received = api(bob).get("/api/v1/points/entries").json()["results"]

    assert [(line["kind"], line["amount"]) for line in sent] == [("refund", 60), ("transfer_out", -60), ("award", 100)]
    assert [(line["kind"], line["amount"]) for line in received] == [("take_back", -60), ("transfer_in", 60)]
    assert all(line["title"] for line in sent + received)
    assert {line["source"] for line in sent[:2] + received} == {f"transfer:{made.no}"}
    stored = str(list(Entry.objects.values("title", "source", "breakdown", "counterparty")))
    assert "Alice" not in stored
    assert "Bob" not in stored


def test_the_number_of_queries_is_fixed(
    alice: Member, bob: Member, api: Api, django_assert_num_queries: Callable[[int], Any]
) -> None:
    for number in range(5):
        earn(alice.pk, 10, key=f"k{number}", on=LATER)
    give_points(alice.pk, 500)
    client = api(alice)
    post(client, bob, 1, key="opens the account")

    with django_assert_num_queries(TRANSFER_QUERIES):
        post(client, bob, 20)
    with django_assert_num_queries(2):
        client.get(URL)
    with django_assert_num_queries(4):
        client.get(f"{URL}/terms")


# --- taken back --------------------------------------------------------------------------------------------------


def test_taken_back_the_points_return_to_the_lots_they_came_from(alice: Member, bob: Member) -> None:
    earn(alice.pk, 30, key="a", on=SOON)
    earn(alice.pk, 50, key="b", on=LATER)
    made = gift(alice, bob, 60)

    taken = reverse(made, policy="within_balance")

    assert (taken.posted, taken.owed) == (60, 0)
    assert lots(alice.pk) == [(SOON, 30), (LATER, 50)]
    assert (account(alice.pk).balance, account(bob.pk).balance) == (80, 0)
    made.refresh_from_db()
    assert (made.status, made.recovered, made.owed, made.reversal_reason) == ("reversed", 60, 0, "fraud")
    assert faults() == []


@pytest.mark.parametrize(
    ("rule", "sender", "owed"),
    [("within_balance", 60, 0), ("owe", 100, 40)],
)
def test_what_the_receiver_has_spent_is_left_or_owed(
    alice: Member, bob: Member, rule: str, sender: int, owed: int
) -> None:
    earn(alice.pk, 100, key="a")
    made = gift(alice, bob, 60)
    spend(bob.pk, 40, key="s")

    reverse(made, policy=rule)

    assert account(alice.pk).balance == sender
    assert (account(bob.pk).balance, account(bob.pk).debt) == (0, owed)
    made.refresh_from_db()
    assert (made.recovered, made.owed) == (20, owed)
    assert faults() == []


def test_other_points_of_the_receiver_are_taken_after_those_that_were_given(alice: Member, bob: Member) -> None:
    earn(alice.pk, 60, key="a", on=LATER)
    earn(bob.pk, 30, key="b", on=SOON)
    made = gift(alice, bob, 60)
    spend(bob.pk, 50, key="s")  # 30 that expire soon, 20 of the gift

    reverse(made)

    assert lots(bob.pk) == [(SOON, 0), (LATER, 0)]
    assert (account(bob.pk).balance, account(bob.pk).debt) == (0, 20)
    assert faults() == []


@pytest.mark.parametrize("rule", ["within_balance", "owe"])
def test_when_nothing_is_left_only_owing_brings_points_back(alice: Member, bob: Member, rule: str) -> None:
    earn(alice.pk, 60, key="a")
    made = gift(alice, bob, 60)
    spend(bob.pk, 60, key="s")

    reverse(made, policy=rule)

    made.refresh_from_db()
    assert (made.recovered, made.owed) == (0, 60 if rule == "owe" else 0)
    assert account(alice.pk).balance == made.owed
    assert faults() == []


def test_points_whose_lot_expired_meanwhile_come_back_for_the_days_of_grace(alice: Member, bob: Member) -> None:
    earn(alice.pk, 60, key="a", on=SOON)
    made = gift(alice, bob, 60)
    spend(bob.pk, 20, key="s")
    after = NOON + timedelta(days=20)
    expire_due(at=after)
    policy(grace_days=30)

    reverse(made, at=after)

    assert lots(alice.pk) == [(SOON, 0), (date(2027, 1, 11), 60)]
    assert (account(bob.pk).balance, account(bob.pk).debt) == (0, 60)
    assert faults() == []


def test_a_transfer_is_taken_back_once(alice: Member, bob: Member) -> None:
    earn(alice.pk, 60, key="a")
    made = gift(alice, bob, 60)
    reverse(made)

    with pytest.raises(TransferReversed), nothing_changes(alice.pk), nothing_changes(bob.pk):
        reverse(made, "another")


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_reason_is_needed(alice: Member, bob: Member, reason: str) -> None:
    earn(alice.pk, 60, key="a")
    made = gift(alice, bob, 60)

    with pytest.raises(ReasonMissing), nothing_changes(bob.pk):
        reverse(made, reason=reason)


def test_both_members_see_that_it_was_taken_back(alice: Member, bob: Member, api: Api) -> None:
    earn(alice.pk, 60, key="a")
    made = gift(alice, bob, 60)
    reverse(made)

    for member in (alice, bob):
        assert api(member).get(f"{URL}/{made.no}").json()["status"] == "reversed"


def test_it_can_be_taken_back_from_a_closed_account(alice: Member, bob: Member) -> None:
    earn(alice.pk, 60, key="a")
    made = gift(alice, bob, 60)
    close_account(member_id=bob.pk, because="", by="member", at=NOON)

    reverse(made)

    assert account(alice.pk).balance == 60
    assert faults() == []
