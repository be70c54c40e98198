"""Points that wait, and awards that are taken back."""

from datetime import datetime, timedelta

import pytest
from django.db import transaction

from members.models import Member
from points.ledger import accounts, holds, take_backs
from points.models import Entry, Hold
from tests.points.book import (
    LATER,
    NOON,
    SOON,
    account,
    earn,
    faults,
    hold,
    lots,
    nothing_changes,
    refund,
    spend,
    take_back,
)


def release(member_id: int, key: str) -> accounts.Posting | None:
    with transaction.atomic():
        return holds.release(member_id=member_id, key=key, at=NOON)


def release_due(at: datetime = NOON, limit: int = 100) -> list[tuple[int, int]]:
    with transaction.atomic():
        return holds.release_due(member_ids=holds.due(at=at, skip=[], limit=limit), at=at)


def test_pending_points_are_shown_and_cannot_be_spent(alice: Member) -> None:
    hold(alice.pk, 100, key="h")

    assert (account(alice.pk).pending, account(alice.pk).balance) == (100, 0)
    with pytest.raises(accounts.InsufficientPoints):
        spend(alice.pk, 1, key="s")
    assert faults() == []


def test_a_released_hold_becomes_an_award_under_its_own_key(alice: Member) -> None:
    hold(alice.pk, 100, key="h", on=SOON)

    posting = release(alice.pk, "h")

    assert posting is not None
    assert posting.amount == 100
    assert (account(alice.pk).pending, account(alice.pk).balance) == (0, 100)
    assert lots(alice.pk) == [(SOON, 100)]
    assert Entry.objects.get(member_id=alice.pk).key == "h"
    assert release(alice.pk, "h") is None
    assert faults() == []


def test_a_hold_happens_once_per_key(alice: Member) -> None:
    first = hold(alice.pk, 100, key="h")

    assert hold(alice.pk, 100, key="h") == first
    with pytest.raises(accounts.KeyReused):
        hold(alice.pk, 101, key="h")
    assert account(alice.pk).pending == 100


def test_only_holds_that_are_due_are_released(alice: Member, bob: Member) -> None:
    hold(alice.pk, 100, key="due", release_at=NOON)
    hold(alice.pk, 7, key="later", release_at=NOON + timedelta(seconds=1))
    hold(bob.pk, 20, key="due", release_at=NOON - timedelta(days=1))
    hold(bob.pk, 3, key="by a person", release_at=None)

    assert sorted(release_due()) == sorted([(alice.pk, 100), (bob.pk, 20)])
    assert release_due() == []
    assert (account(alice.pk).pending, account(bob.pk).pending) == (7, 3)
    assert faults() == []


def cancel(member_id: int, hold_key: str, *, key: str, points: int | None = None) -> int:
    return holds.cancel(member_id=member_id, key=hold_key, change_key=key, points=points, reason="a reason", at=NOON)


def test_a_part_that_is_taken_off_twice_under_one_key_is_taken_off_once(alice: Member) -> None:
    hold(alice.pk, 100, key="h")

    first, second = (take_back(alice.pk, "h", 30, key="t") for _call in range(2))

    assert (first.pending, first.repeated) == (30, False)
    assert (second.pending, second.repeated) == (30, True)
    assert account(alice.pk).pending == 70
    assert faults() == []


def test_a_cancelled_hold_gives_nothing(alice: Member) -> None:
    hold(alice.pk, 100, key="h")

    with transaction.atomic():
        assert cancel(alice.pk, "h", key="c") == 100
        assert cancel(alice.pk, "h", key="c") == 100
        assert cancel(alice.pk, "h", key="another") == 0

    assert release(alice.pk, "h") is None
    assert (account(alice.pk).pending, account(alice.pk).balance) == (0, 0)
    assert faults() == []


def test_taking_back_a_waiting_award_lowers_what_will_be_released(alice: Member) -> None:
    hold(alice.pk, 100, key="h")

    taken = take_back(alice.pk, "h", 30, key="t")

    assert (taken.pending, taken.posted, taken.owed) == (30, 0, 0)
    posting = release(alice.pk, "h")
    assert posting is not None
    assert posting.amount == 70
    assert faults() == []


def test_taking_back_all_of_a_waiting_award_cancels_it(alice: Member) -> None:
    hold(alice.pk, 100, key="h")

    take_back(alice.pk, "h", 100, key="t")

    assert Hold.objects.get(key="h").status == "cancelled"
    assert account(alice.pk).pending == 0


def test_taking_back_empties_the_awards_own_lot_first(alice: Member) -> None:
    earn(alice.pk, 50, key="other", on=SOON)
    earn(alice.pk, 100, key="a", on=LATER)

    taken = take_back(alice.pk, "a", 60, key="t")

    assert (taken.posted, taken.owed) == (60, 0)
    assert lots(alice.pk) == [(SOON, 50), (LATER, 40)]
    assert faults() == []


def test_what_was_spent_already_is_owed_and_paid_by_later_awards(alice: Member) -> None:
    earn(alice.pk, 100, key="a")
    spend(alice.pk, 70, key="s")

    taken = take_back(alice.pk, "a", 100, key="t")
    assert (taken.posted, taken.owed) == (30, 70)
    assert (account(alice.pk).balance, account(alice.pk).debt) == (0, 70)

    earn(alice.pk, 50, key="b")
    assert (account(alice.pk).balance, account(alice.pk).debt) == (0, 20)
    last = earn(alice.pk, 50, key="c")
    assert last.balance_after == 30
    assert (account(alice.pk).balance, account(alice.pk).debt) == (30, 0)
    assert faults() == []


def test_a_released_hold_also_pays_what_is_owed(alice: Member) -> None:
    earn(alice.pk, 100, key="a")
    spend(alice.pk, 100, key="s")
    take_back(alice.pk, "a", 100, key="t")
    hold(alice.pk, 150, key="h")

    release(alice.pk, "h")

    assert (account(alice.pk).balance, account(alice.pk).debt) == (50, 0)
    assert faults() == []


def test_holds_released_by_the_job_also_pay_what_is_owed_and_only_by_those_who_owe(alice: Member, bob: Member) -> None:
    earn(alice.pk, 100, key="a")
    spend(alice.pk, 100, key="s")
    take_back(alice.pk, "a", 70, key="t")
    for member in (alice, bob):
        hold(member.pk, 40, key="h1")
        hold(member.pk, 50, key="h2")

    assert len(release_due()) == 4

    assert (account(alice.pk).balance, account(alice.pk).debt) == (20, 0)
    assert (account(bob.pk).balance, account(bob.pk).debt) == (90, 0)
    assert faults() == []


def test_a_debt_without_any_balance_is_kept_too(alice: Member) -> None:
    earn(alice.pk, 100, key="a")
    spend(alice.pk, 100, key="s")

    taken = take_back(alice.pk, "a", 40, key="t")

    assert (taken.posted, taken.owed) == (0, 40)
    assert account(alice.pk).debt == 40
    assert faults() == []


@pytest.mark.parametrize(
    ("policy", "posted", "owed"), [("owe", 30, 70), ("within_balance", 30, 0), ("pending_only", 0, 0)]
)
def test_the_policy_says_how_far_a_take_back_may_go(alice: Member, policy: str, posted: int, owed: int) -> None:
    earn(alice.pk, 100, key="a")
    spend(alice.pk, 70, key="s")

    taken = take_back(alice.pk, "a", 100, key="t", policy=policy)

    assert (taken.posted, taken.owed) == (posted, owed)
    assert (account(alice.pk).balance, account(alice.pk).debt) == (30 - posted, owed)
    assert faults() == []


def test_a_take_back_happens_once_per_key_and_never_beyond_the_award(alice: Member) -> None:
    earn(alice.pk, 500, key="other")
    earn(alice.pk, 100, key="a")
    take_back(alice.pk, "a", 60, key="t")

    again = take_back(alice.pk, "a", 60, key="t")
    assert again.repeated
    with nothing_changes(alice.pk), pytest.raises(take_backs.NothingToTakeBack) as refusal:
        take_back(alice.pk, "a", 41, key="t2")
    assert refusal.value.detail == {"points_left": 40}
    assert account(alice.pk).balance == 540
    assert faults() == []


def test_a_refund_after_a_take_back_leaves_the_debt_to_later_awards(alice: Member) -> None:
    earn(alice.pk, 100, key="a")
    spend(alice.pk, 100, key="s")
    take_back(alice.pk, "a", 100, key="t")

    refund(alice.pk, "s", key="r")

    assert (account(alice.pk).balance, account(alice.pk).debt) == (100, 100)
    assert faults() == []
