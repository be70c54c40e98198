"""Gifts and corrections that meet. Each guard has a control: the same scenario without it, in which the harm shows."""

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import OperationalError

from core.errors import DomainError
from members.models import Member
from points.ledger import accounts
from points.models import Account, Adjustment, AdjustmentStatus, Entry, Transfer
from points.services import adjustments, transfers
from points.services.adjustments import approve_adjustment
from points.services.transfers import take_back_transfer
from tests.factories import new_member
from tests.points.book import NOON, account, earn, faults, spend
from tests.points.gifts import ask, gift, policy, staff
from tests.races.together import at_once, without_constraint

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

MANY = 24


def attempt(act: Callable[[], object]) -> bool:
    """Return whether it was done; a refusal is an answer, anything else an error."""
    try:
        act()
    except DomainError:
        return False
    return True


def done(calls: list[Callable[[], object]]) -> int:
    return sum(at_once([partial(attempt, call) for call in calls]))


def read_slowly(*member_ids: int) -> dict[int, Account]:
    """Read accounts as `accounts.lock_or_open` does, without the lock, and give the others time to do so too."""
    Account.objects.bulk_create([Account(member_id=one) for one in member_ids], ignore_conflicts=True)
    found = {one.pk: one for one in Account.objects.filter(pk__in=member_ids)}
    time.sleep(0.1)
    return found


# --- both ways ---------------------------------------------------------------------------------------------------


def give_both_ways(alice: Member, bob: Member) -> int:
    earn(alice.pk, 500, key="a")
    earn(bob.pk, 500, key="b")
    there = [partial(gift, alice, bob, 10) for _tap in range(MANY // 2)]
    back = [partial(gift, bob, alice, 7) for _tap in range(MANY // 2)]
    return done([call for pair in zip(there, back, strict=True) for call in pair])


def test_gifts_both_ways_wait_for_each_other_and_add_up(alice: Member, bob: Member) -> None:
    assert give_both_ways(alice, bob) == MANY
    assert (account(alice.pk).balance, account(bob.pk).balance) == (500 - 12 * 3, 500 + 12 * 3)
    assert faults() == []


def test_control_locked_in_the_order_of_the_gift_they_block_each_other(
    alice: Member, bob: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lock_as_they_come(*member_ids: int) -> dict[int, Account]:
        locked = {}
        for one in member_ids:
            locked[one] = Account.objects.select_for_update(no_key=True).get(pk=one)
            time.sleep(0.05)
        return locked

    earn(alice.pk, 500, key="a")
    earn(bob.pk, 500, key="b")
    monkeypatch.setattr(accounts, "lock_or_open", lock_as_they_come)

    with pytest.raises(OperationalError, match="deadlock"):
        at_once([partial(gift, alice, bob, 10), partial(gift, bob, alice, 7)] * 4)


def test_a_ring_of_newcomers_gives_on_and_nobody_is_stuck(db: None) -> None:
    """Accounts are opened while others are locked: the order must hold then too."""
    for number in range(6):
        ring = [new_member(f"m{number}{place}") for place in range(3)]
        for member in ring[1:]:
            earn(member.pk, 100, key="start")
        pairs = [(giver, taker) for giver in ring[1:] for taker in ring if taker != giver]

        assert done([partial(gift, giver, taker, 5) for giver, taker in pairs * 3]) == len(pairs) * 3
    assert faults() == []


# --- no more than there is ---------------------------------------------------------------------------------------


def give_at_once(alice: Member, bob: Member) -> int:
    earn(alice.pk, 350, key="a")
    policy(transfer_daily_count=MANY * 2)
    return done([partial(gift, alice, bob, 100) for _tap in range(MANY)])


def test_points_for_three_gifts_make_exactly_three(alice: Member, bob: Member) -> None:
    assert give_at_once(alice, bob) == 3
    assert (account(alice.pk).balance, account(bob.pk).balance) == (50, 300)
    assert faults() == []


def test_control_without_the_lock_one_point_is_given_many_times(
    alice: Member, bob: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "lock_or_open", read_slowly)

    assert give_at_once(alice, bob) > 3
    assert faults()


def test_giving_meets_spending_and_no_point_goes_twice(alice: Member, bob: Member) -> None:
    earn(alice.pk, 350, key="a")
    gifts = [partial(gift, alice, bob, 100) for _tap in range(MANY // 2)]
    spends = [partial(spend, alice.pk, 100, key=f"s{number}") for number in range(MANY // 2)]

    assert done([*gifts, *spends]) == 3
    assert account(alice.pk).balance == 50
    assert faults() == []


# --- limits ------------------------------------------------------------------------------------------------------


def give_up_to_the_limit(alice: Member) -> int:
    earn(alice.pk, 10_000, key="a")
    policy(transfer_daily_points=700, transfer_daily_count=5)
    friends = [new_member(f"friend {number}") for number in range(MANY)]
    return done([partial(gift, alice, friend, 100) for friend in friends])


def test_the_daily_limit_is_exact_under_parallel_taps(alice: Member) -> None:
    assert give_up_to_the_limit(alice) == 5
    assert account(alice.pk).balance == 9_500
    assert faults() == []


def test_control_limits_read_before_the_lock_are_passed(alice: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    lock, given_on = accounts.lock_or_open, transfers.given_on
    seen: set[int] = set()

    def lock_at_the_second_call(*member_ids: int) -> dict[int, Account]:
        """Leave the lock to the ledger, which comes after the limits."""
        if threading.get_ident() not in seen:
            seen.add(threading.get_ident())
            return {}
        return lock(*member_ids)

    def read_slowly(**facts: Any) -> Any:
        given = given_on(**facts)
        time.sleep(0.2)
        return given

    monkeypatch.setattr(transfers, "given_on", read_slowly)
    monkeypatch.setattr(accounts, "lock_or_open", lock_at_the_second_call)

    assert give_up_to_the_limit(alice) > 5


# --- one tap -----------------------------------------------------------------------------------------------------


def test_one_key_gives_once(alice: Member, bob: Member) -> None:
    earn(alice.pk, 1_000, key="a")

    assert done([partial(gift, alice, bob, 10, key="tap") for _tap in range(MANY)]) == 1
    assert account(bob.pk).balance == 10
    assert faults() == []


def test_control_without_the_unique_key_one_tap_gives_often(alice: Member, bob: Member) -> None:
    earn(alice.pk, 1_000, key="a")

    with without_constraint("points_transfer", "transfer_once_per_key"):
        assert done([partial(gift, alice, bob, 10, key="tap") for _tap in range(MANY)]) > 1


# --- decisions of staff ------------------------------------------------------------------------------------------


def given_to_be_reversed(alice: Member, bob: Member) -> Transfer:
    earn(alice.pk, 300, key="a")
    earn(bob.pk, 1_000, key="b")
    return gift(alice, bob, 200)


def reverse_at_once(made: Transfer) -> int:
    facts: dict[str, Any] = {"policy": "owe", "reason": "fraud", "staff_id": staff("lead").pk, "at": NOON}
    return done([partial(take_back_transfer, transfer_id=made.pk, **facts) for _click in range(8)])


def test_a_transfer_is_taken_back_once(alice: Member, bob: Member) -> None:
    assert reverse_at_once(given_to_be_reversed(alice, bob)) == 1
    assert (account(alice.pk).balance, account(bob.pk).balance) == (300, 1_000)
    assert faults() == []


def test_control_a_status_looked_at_without_the_lock_takes_back_more_than_once(
    alice: Member, bob: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = given_to_be_reversed(alice, bob)
    unlocked(monkeypatch, Transfer)

    with without_constraint("points_entry", "entry_once_per_key"):
        assert reverse_at_once(made) > 1
        assert account(bob.pk).balance < 1_000


def approve_at_once(alice: Member, points: int = 2_000) -> int:
    waiting = ask(alice, points, staff("ops"))
    approvers = [staff("lead"), staff("finance")] * 4
    return done([partial(approve_adjustment, adjustment_id=waiting.pk, staff_id=one.pk, at=NOON) for one in approvers])


def test_two_approvers_book_one_adjustment_once(alice: Member) -> None:
    assert approve_at_once(alice) == 1
    assert account(alice.pk).balance == 2_000
    assert Entry.objects.filter(member=alice).count() == 1
    assert faults() == []


def test_control_a_status_looked_at_without_the_lock_is_decided_twice(
    alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlocked(monkeypatch, Adjustment)

    assert approve_at_once(alice) > 1


def test_one_person_moves_no_more_than_the_threshold_by_many_small_ones(alice: Member) -> None:
    ops = staff("ops")

    made = at_once([partial(ask, alice, 300, ops) for _click in range(8)])

    assert sum(one.status == AdjustmentStatus.BOOKED for one in made) == 3
    assert account(alice.pk).balance == 900
    assert faults() == []


def test_control_without_the_accounts_lock_they_pass_the_threshold(
    alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    ops = staff("ops")
    monkeypatch.setattr(adjustments, "_lock_open", lambda _member_id: None)
    used = adjustments.adjusted_alone

    def read_slowly(**facts: Any) -> int:
        found = used(**facts)
        time.sleep(0.1)
        return found

    monkeypatch.setattr(adjustments, "adjusted_alone", read_slowly)

    made = at_once([partial(ask, alice, 300, ops) for _click in range(8)])

    assert sum(one.status == AdjustmentStatus.BOOKED for one in made) > 3


def unlocked(monkeypatch: pytest.MonkeyPatch, model: Any) -> None:
    """Let `select_for_update` of the model's rows lock nothing, and reading them take a moment."""

    class Unlocked(type(model.objects.all())):  # type: ignore[misc]
        def select_for_update(self, *_args: Any, **_more: Any) -> Any:
            time.sleep(0.05)
            return self

        def get(self, *args: Any, **more: Any) -> Any:
            row = super().get(*args, **more)
            time.sleep(0.1)
            return row

    monkeypatch.setattr(model.objects, "_queryset_class", Unlocked)
