"""The nightly expiry: chunks, repeats, refilled lots, and the policies that set the day."""

from datetime import date, timedelta

import pytest

from members.models import Member
from points.models import NEVER, Entry
from points.rules import ExpiryPolicy, expires_on
from points.services import expiry
from tests.factories import new_member
from tests.points.book import LATER, NOON, SOON, TODAY, account, earn, faults, lots, spend

YESTERDAY = TODAY - timedelta(days=1)


def test_points_expire_the_day_after_their_last_day(alice: Member) -> None:
    earn(alice.pk, 30, key="gone", on=YESTERDAY)
    earn(alice.pk, 20, key="last day", on=TODAY)

    expired = expiry.expire_due(at=NOON)

    assert (expired.lots, expired.points) == (1, 30)
    assert lots(alice.pk) == [(YESTERDAY, 0), (TODAY, 20)]
    assert (account(alice.pk).balance, account(alice.pk).expired_total) == (20, 30)
    assert faults() == []


def test_expiry_runs_over_members_in_chunks_and_twice_without_harm(db: None) -> None:
    members = [new_member(f"m{number}") for number in range(7)]
    for member in members:
        earn(member.pk, 10, key="a", on=YESTERDAY)
        earn(member.pk, 5, key="b", on=YESTERDAY - timedelta(days=40))
        earn(member.pk, 1, key="c", on=LATER)
        spend(member.pk, 1, key="s")

    expired = expiry.expire_due(at=NOON, chunk=3)

    assert (expired.lots, expired.points) == (14, 105)
    assert expiry.expire_due(at=NOON).lots == 0
    assert {account(member.pk).balance for member in members} == {0}
    assert faults() == []


def test_each_expired_lot_has_its_own_entry_with_a_running_balance(alice: Member) -> None:
    earn(alice.pk, 10, key="a", on=YESTERDAY)
    earn(alice.pk, 5, key="b", on=YESTERDAY - timedelta(days=1))
    earn(alice.pk, 100, key="c", on=SOON)

    expiry.expire_due(at=NOON)

    booked = Entry.objects.filter(member_id=alice.pk, kind="expire").order_by("id")
    assert list(booked.values_list("amount", "balance_after")) == [(-5, 110), (-10, 100)]


def test_a_lot_refilled_after_it_expired_expires_again(alice: Member) -> None:
    earn(alice.pk, 10, key="a", on=YESTERDAY)
    expiry.expire_due(at=NOON)
    earn(alice.pk, 4, key="reported late", on=YESTERDAY)

    assert expiry.expire_due(at=NOON).points == 4
    assert account(alice.pk).balance == 0
    assert faults() == []


@pytest.mark.parametrize(
    ("policy", "earned", "last_day"),
    [
        (ExpiryPolicy(kind="months", number=12), date(2026, 11, 22), date(2027, 11, 30)),
        (ExpiryPolicy(kind="months", number=12), date(2026, 11, 1), date(2027, 11, 30)),
        (ExpiryPolicy(kind="months", number=3), date(2027, 11, 30), date(2028, 2, 29)),
        (ExpiryPolicy(kind="months", number=1), date(2026, 12, 31), date(2027, 1, 31)),
        (ExpiryPolicy(kind="months", number=0), date(2026, 12, 5), date(2026, 12, 31)),
        (ExpiryPolicy(kind="days", number=30), date(2028, 2, 1), date(2028, 3, 2)),
        (ExpiryPolicy(kind="end_of_month"), date(2028, 2, 1), date(2028, 2, 29)),
        (ExpiryPolicy(kind="end_of_year"), date(2026, 12, 31), date(2026, 12, 31)),
        (ExpiryPolicy(kind="fixed", fixed_on=date(2027, 6, 18)), date(2026, 1, 1), date(2027, 6, 18)),
        (ExpiryPolicy(kind="never"), date(2026, 1, 1), NEVER),
    ],
)
def test_the_policy_sets_the_last_day(policy: ExpiryPolicy, earned: date, last_day: date) -> None:
    assert expires_on(policy, earned_on=earned) == last_day
