"""Staff correct balances: alone up to a threshold, beyond it with a second person."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from members.models import Member
from members.services.accounts import close_account, freeze
from members.services.standing import MemberClosed
from points.ledger.accounts import InsufficientPoints
from points.models import Adjustment, Entry
from points.selectors import title_of
from points.services.adjustments import (
    AdjustmentDayPast,
    AdjustmentDecided,
    AdjustmentKeyReused,
    OwnAdjustment,
    approve_adjustment,
    reject_adjustment,
)
from tests.points.book import LATER, NOON, SOON, TODAY, account, earn, faults, lots, nothing_changes, spend, take_back
from tests.points.gifts import ask, policy, staff

LAST_SECOND = datetime(2026, 11, 22, 15, 59, 59, tzinfo=UTC)  # 23:59:59 in Shanghai


@pytest.fixture
def ops(db: None) -> User:
    return staff("ops")


@pytest.fixture
def lead(db: None) -> User:
    return staff("lead")


def approve(adjustment: Adjustment, by: User, **more: Any) -> Adjustment:
    return approve_adjustment(adjustment_id=adjustment.pk, staff_id=by.pk, **{"at": NOON} | more)


def reject(adjustment: Adjustment, by: User, note: str = "") -> Adjustment:
    return reject_adjustment(adjustment_id=adjustment.pk, staff_id=by.pk, note=note, at=NOON)


def status(adjustment: Adjustment) -> str:
    return Adjustment.objects.get(pk=adjustment.pk).status


# --- alone -------------------------------------------------------------------------------------------------------


def test_up_to_the_threshold_it_is_booked_at_once(alice: Member, ops: User) -> None:
    made = ask(alice, 1_000, ops, expires_on=SOON)

    assert (status(made), made.needs_approval) == ("booked", False)
    assert account(alice.pk).balance == 1_000
    assert lots(alice.pk) == [(SOON, 1_000)]
    assert faults() == []


def test_beyond_the_threshold_it_waits_and_moves_nothing(alice: Member, ops: User) -> None:
    earn(alice.pk, 5, key="a")

    with nothing_changes(alice.pk):
        up, down = ask(alice, 1_001, ops), ask(alice, -1_001, ops)

    assert (status(up), status(down)) == ("waiting", "waiting")


def test_a_large_one_cannot_be_made_of_small_ones_on_one_day(alice: Member, bob: Member, ops: User, lead: User) -> None:
    assert status(ask(alice, 600, ops)) == "booked"
    assert status(ask(alice, 401, ops)) == "waiting"
    assert status(ask(alice, 400, ops)) == "booked"
    assert status(ask(alice, 1, ops)) == "waiting"
    assert status(ask(bob, 1_000, ops)) == "booked"
    assert status(ask(alice, 1_000, lead)) == "booked"


def test_both_ways_are_added_up(alice: Member, ops: User) -> None:
    ask(alice, 600, ops)

    assert status(ask(alice, -401, ops)) == "waiting"


def test_what_a_second_person_agreed_to_does_not_count(alice: Member, ops: User, lead: User) -> None:
    approve(ask(alice, 5_000, ops), lead)

    assert status(ask(alice, 1_000, ops)) == "booked"


def test_the_day_is_one_in_shanghai(alice: Member, ops: User) -> None:
    ask(alice, 1_000, ops, at=LAST_SECOND)

    assert status(ask(alice, 1, ops, at=LAST_SECOND)) == "waiting"
    assert status(ask(alice, 1_000, ops, at=LAST_SECOND + timedelta(seconds=1))) == "booked"


def test_points_live_as_the_policy_says_unless_told_otherwise(alice: Member, ops: User) -> None:
    policy(adjustment_months=3)

    assert ask(alice, 10, ops).expires_on == date(2027, 2, 28)
    assert ask(alice, 10, ops, expires_on=TODAY).expires_on == TODAY


def test_no_points_are_given_that_have_expired(alice: Member, ops: User) -> None:
    with pytest.raises(AdjustmentDayPast):
        ask(alice, 10, ops, expires_on=TODAY - timedelta(days=1))

    assert not Adjustment.objects.exists()


def test_the_day_does_not_matter_when_points_are_taken(alice: Member, ops: User) -> None:
    earn(alice.pk, 10, key="a")

    assert status(ask(alice, -10, ops, expires_on=TODAY - timedelta(days=1))) == "booked"


def test_taking_takes_what_expires_first_and_no_more_than_there_is(alice: Member, ops: User) -> None:
    earn(alice.pk, 30, key="a", on=SOON)
    earn(alice.pk, 50, key="b", on=LATER)

    ask(alice, -40, ops)

    assert lots(alice.pk) == [(SOON, 0), (LATER, 40)]
    with pytest.raises(InsufficientPoints) as refusal, nothing_changes(alice.pk):
        ask(alice, -41, ops)
    assert refusal.value.detail == {"missing_points": 1}
    assert Adjustment.objects.count() == 1
    assert faults() == []


def test_points_given_pay_no_debt_and_are_not_earned(alice: Member, ops: User) -> None:
    earn(alice.pk, 100, key="a")
    spend(alice.pk, 100, key="s")
    take_back(alice.pk, "a", 40, key="t")

    ask(alice, 70, ops)

    state = account(alice.pk)
    assert (state.balance, state.debt, state.earned_total) == (70, 40, 100)
    assert faults() == []


def test_the_member_reads_the_text_or_the_kind(alice: Member, ops: User) -> None:
    ask(alice, 10, ops, title="客服补偿")
    ask(alice, 10, ops)

    own, unnamed = Entry.objects.filter(member=alice).order_by("id")
    assert title_of(own.title, own.kind) == "客服补偿"
    assert title_of(unnamed.title, unnamed.kind)
    assert (own.source, own.counterparty) == ("adjustment:goodwill", "adjustment")
    assert "case 17" not in str(Entry.objects.filter(member=alice).values())


@pytest.mark.parametrize(("counts", "growth", "tier"), [(True, 1_000, "silver"), (False, 0, "bronze")])
def test_it_counts_for_the_tier_only_when_marked_so(
    alice: Member, ops: User, counts: bool, growth: int, tier: str
) -> None:
    ask(alice, 1_000, ops, counts_for_growth=counts)

    alice.refresh_from_db()
    assert (alice.growth_value, alice.tier.code) == (growth, tier)


def test_taking_lowers_the_growth_value_but_not_below_nothing(alice: Member, ops: User) -> None:
    earn(alice.pk, 100, key="a")

    ask(alice, -60, ops, counts_for_growth=True)

    alice.refresh_from_db()
    assert alice.growth_value == 0


def test_a_frozen_member_may_be_corrected_a_closed_one_not(alice: Member, bob: Member, ops: User) -> None:
    freeze(member_id=alice.pk, because="fraud", by="risk", at=NOON)
    close_account(member_id=bob.pk, because="", by="member", at=NOON)

    assert status(ask(alice, 10, ops)) == "booked"
    with pytest.raises(MemberClosed):
        ask(bob, 10, ops)


# --- sent twice --------------------------------------------------------------------------------------------------


def test_a_form_sent_twice_is_one_request(alice: Member, ops: User) -> None:
    first = ask(alice, 10, ops, key="form")
    again = ask(alice, 10, ops, key="form")

    assert again.pk == first.pk
    assert account(alice.pk).balance == 10


def test_a_form_sent_twice_with_something_else_in_it_is_refused(alice: Member, bob: Member, ops: User) -> None:
    ask(alice, 10, ops, key="form")

    for member, points, by in ((alice, 20, ops), (bob, 10, ops), (alice, 10, staff("other"))):
        with pytest.raises(AdjustmentKeyReused):
            ask(member, points, by, key="form")
    assert account(alice.pk).balance == 10


# --- with a second person ----------------------------------------------------------------------------------------


def test_a_second_person_books_it(alice: Member, ops: User, lead: User) -> None:
    waiting = ask(alice, 2_000, ops, counts_for_growth=True)

    approve(waiting, lead, note="checked the receipts")

    made = Adjustment.objects.get(pk=waiting.pk)
    assert (made.status, made.decided_by, made.decision_note) == ("booked", lead, "checked the receipts")
    assert account(alice.pk).balance == 2_000
    alice.refresh_from_db()
    assert alice.growth_value == 2_000
    assert faults() == []


def test_nobody_approves_their_own(alice: Member, ops: User) -> None:
    waiting = ask(alice, 2_000, ops)

    with pytest.raises(OwnAdjustment), nothing_changes(alice.pk):
        approve(waiting, ops)

    assert status(waiting) == "waiting"


@pytest.mark.parametrize("state", ["booked", "rejected"])
def test_the_database_knows_no_own_approval_either(alice: Member, ops: User, state: str) -> None:
    waiting = ask(alice, 2_000, ops)
    row = Adjustment.objects.filter(pk=waiting.pk)

    with pytest.raises(IntegrityError, match="adjustment_decided_by_a_second_person"), transaction.atomic():
        row.update(status=state, decided_by=ops, decided_at=NOON)
    with pytest.raises(IntegrityError, match="adjustment_decided_by_a_second_person"), transaction.atomic():
        row.update(status=state)


def test_rejected_it_moves_nothing(alice: Member, ops: User, lead: User) -> None:
    waiting = ask(alice, 2_000, ops)

    reject(waiting, lead, "no receipt")

    made = Adjustment.objects.get(pk=waiting.pk)
    assert (made.status, made.decided_by, made.decision_note) == ("rejected", lead, "no receipt")
    assert not Entry.objects.filter(member=alice).exists()


def test_who_asked_may_withdraw(alice: Member, ops: User) -> None:
    waiting = ask(alice, 2_000, ops)

    reject(waiting, ops)

    assert status(waiting) == "withdrawn"


@pytest.mark.parametrize("first", [approve, reject])
@pytest.mark.parametrize("second", [approve, reject])
def test_what_is_decided_stays_decided(alice: Member, ops: User, lead: User, first: Any, second: Any) -> None:
    waiting = ask(alice, 2_000, ops)
    first(waiting, lead)

    with pytest.raises(AdjustmentDecided), nothing_changes(alice.pk):
        second(waiting, lead)


def test_without_enough_points_it_waits_on_and_can_be_approved_later(alice: Member, ops: User, lead: User) -> None:
    waiting = ask(alice, -2_000, ops)

    with pytest.raises(InsufficientPoints):
        approve(waiting, lead)
    made = Adjustment.objects.get(pk=waiting.pk)
    assert (made.status, made.decided_by, made.decided_at) == ("waiting", None, None)

    earn(alice.pk, 2_500, key="a")
    approve(waiting, lead)
    assert account(alice.pk).balance == 500
    assert faults() == []


def test_it_is_not_booked_once_the_account_is_closed(alice: Member, ops: User, lead: User) -> None:
    waiting = ask(alice, 2_000, ops)
    close_account(member_id=alice.pk, because="", by="member", at=NOON)

    with pytest.raises(MemberClosed):
        approve(waiting, lead)
    assert status(waiting) == "waiting"


def test_it_is_not_booked_once_its_points_would_have_expired(alice: Member, ops: User, lead: User) -> None:
    waiting = ask(alice, 2_000, ops, expires_on=TODAY)

    with pytest.raises(AdjustmentDayPast):
        approve(waiting, lead, at=NOON + timedelta(days=1))
    assert status(waiting) == "waiting"


@pytest.mark.parametrize("facts", [{"points": 0}, {"note": ""}])
def test_nothing_for_nothing_and_nothing_without_a_note(alice: Member, ops: User, facts: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match=r"adjustment_(moves_something|has_a_reason)"):
        ask(alice, facts.pop("points", 2_000), ops, **facts)
