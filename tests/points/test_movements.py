"""Earning, spending, giving back: what each leaves in account, lots and statement."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, InternalError, transaction

from core.transactions import TransactionRequiredError
from members.models import Member
from points.ledger import accounts, movements
from points.models import Entry, Lot
from tests.points.book import LATER, NOON, SOON, TODAY, account, earn, faults, lots, nothing_changes, refund, spend


def test_an_award_opens_an_account_and_a_lot(alice: Member) -> None:
    posting = earn(alice.pk, 100, key="a")

    assert (posting.amount, posting.balance_after, posting.repeated) == (100, 100, False)
    assert account(alice.pk).balance == 100
    assert account(alice.pk).earned_total == 100
    assert lots(alice.pk) == [(LATER, 100)]
    assert faults() == []


def test_awards_of_one_source_and_day_share_a_lot(alice: Member) -> None:
    earn(alice.pk, 100, key="a")
    earn(alice.pk, 50, key="b")
    earn(alice.pk, 7, key="c", by="award:other")

    assert lots(alice.pk) == [(LATER, 150), (LATER, 7)]
    assert faults() == []


def test_a_repeated_key_moves_nothing_and_returns_the_first_posting(alice: Member) -> None:
    first = earn(alice.pk, 100, key="a")
    spent = spend(alice.pk, 40, key="s")

    again = earn(alice.pk, 100, key="a")
    spent_again = spend(alice.pk, 40, key="s")

    assert (again.entry_id, again.repeated) == (first.entry_id, True)
    assert (spent_again.entry_id, spent_again.repeated) == (spent.entry_id, True)
    assert account(alice.pk).balance == 60
    assert faults() == []


def test_a_repeated_spend_is_recognised_even_when_the_balance_no_longer_covers_it(alice: Member) -> None:
    earn(alice.pk, 100, key="a")
    spend(alice.pk, 100, key="s")

    assert spend(alice.pk, 100, key="s").repeated
    assert account(alice.pk).balance == 0


def test_a_key_with_another_amount_is_refused(alice: Member) -> None:
    earn(alice.pk, 100, key="a")
    spend(alice.pk, 10, key="s")

    with nothing_changes(alice.pk):
        with pytest.raises(accounts.KeyReused):
            earn(alice.pk, 99, key="a")
        with pytest.raises(accounts.KeyReused):
            spend(alice.pk, 11, key="s")


def test_members_may_use_the_same_key(alice: Member, bob: Member) -> None:
    earn(alice.pk, 100, key="a")

    assert not earn(bob.pk, 100, key="a").repeated


def test_spending_takes_the_lots_that_expire_first_and_says_which(alice: Member) -> None:
    earn(alice.pk, 50, key="late", on=LATER)
    earn(alice.pk, 30, key="soon", on=SOON)

    posting = spend(alice.pk, 40, key="s")

    assert lots(alice.pk) == [(SOON, 0), (LATER, 40)]
    entry = Entry.objects.get(pk=posting.entry_id)
    assert [Lot.objects.get(pk=lot_id).expires_on for lot_id in entry.lot_ids] == [SOON, LATER]
    assert entry.lot_points == [-30, -10]
    assert faults() == []


def test_spending_more_than_there_is_changes_nothing_and_says_what_is_missing(alice: Member) -> None:
    earn(alice.pk, 100, key="a")

    with nothing_changes(alice.pk), pytest.raises(accounts.InsufficientPoints) as refusal:
        spend(alice.pk, 130, key="s")

    assert refusal.value.detail == {"missing_points": 30}
    assert faults() == []


def test_a_member_without_an_account_has_nothing_to_spend(alice: Member) -> None:
    with pytest.raises(accounts.InsufficientPoints) as refusal:
        spend(alice.pk, 5, key="s")

    assert refusal.value.detail == {"missing_points": 5}


def test_points_pay_on_their_last_day_and_not_a_moment_later(alice: Member) -> None:
    earn(alice.pk, 30, key="today", on=TODAY)
    earn(alice.pk, 10, key="late", on=LATER)
    last_moment = NOON.replace(hour=15, minute=59, second=59)  # 23:59:59 in Shanghai
    midnight = last_moment + timedelta(seconds=1)

    with nothing_changes(alice.pk), pytest.raises(accounts.InsufficientPoints) as refusal:
        spend(alice.pk, 35, key="after", at=midnight)
    assert refusal.value.detail == {"missing_points": 25}

    spend(alice.pk, 10, key="after midnight", at=midnight)
    assert lots(alice.pk) == [(TODAY, 30), (LATER, 0)]
    spend(alice.pk, 30, key="in time", at=last_moment)
    assert lots(alice.pk) == [(TODAY, 0), (LATER, 0)]
    assert faults() == []


@pytest.mark.parametrize("points", [0, -1, -100])
def test_only_positive_points_move(alice: Member, points: int) -> None:
    earn(alice.pk, 100, key="a")

    with nothing_changes(alice.pk):
        with pytest.raises(ValueError, match="positive"):
            earn(alice.pk, points, key="b")
        with pytest.raises(ValueError, match="positive"):
            spend(alice.pk, points, key="s")


def test_a_movement_outside_a_transaction_is_refused(alice: Member) -> None:
    with pytest.raises(TransactionRequiredError):
        movements.spend(member_id=alice.pk, points=1, key="s", counterparty="mall", source="", title="", at=NOON)


def test_a_refund_returns_points_to_the_lots_that_paid(alice: Member) -> None:
    earn(alice.pk, 30, key="soon", on=SOON)
    earn(alice.pk, 50, key="late", on=LATER)
    spend(alice.pk, 40, key="s")

    posting = refund(alice.pk, "s", key="r")

    assert (posting.amount, posting.balance_after) == (40, 80)
    assert lots(alice.pk) == [(SOON, 30), (LATER, 50)]
    assert account(alice.pk).spent_total == 0
    assert faults() == []


def test_partial_refunds_fill_the_longest_living_lots_first_and_end_at_what_was_paid(alice: Member) -> None:
    earn(alice.pk, 30, key="soon", on=SOON)
    earn(alice.pk, 50, key="late", on=LATER)
    spend(alice.pk, 80, key="s")

    refund(alice.pk, "s", key="r1", points=45)
    assert lots(alice.pk) == [(SOON, 0), (LATER, 45)]
    refund(alice.pk, "s", key="r2", points=10)
    assert lots(alice.pk) == [(SOON, 5), (LATER, 50)]

    with nothing_changes(alice.pk), pytest.raises(movements.NothingToGiveBack) as refusal:
        refund(alice.pk, "s", key="r3", points=26)
    assert refusal.value.detail == {"points_left": 25}
    assert refund(alice.pk, "s", key="r4").amount == 25
    assert faults() == []


def test_a_refund_happens_once_per_key_and_never_beyond_the_spend(alice: Member) -> None:
    earn(alice.pk, 100, key="a")
    spend(alice.pk, 100, key="s")
    first = refund(alice.pk, "s", key="r")

    assert refund(alice.pk, "s", key="r").entry_id == first.entry_id
    with nothing_changes(alice.pk), pytest.raises(movements.NothingToGiveBack):
        refund(alice.pk, "s", key="another")
    assert account(alice.pk).balance == 100


def test_points_that_return_to_an_expired_lot_live_for_the_days_of_grace(alice: Member) -> None:
    earn(alice.pk, 30, key="soon", on=SOON)
    earn(alice.pk, 30, key="later that month", on=SOON + timedelta(days=1))
    spend(alice.pk, 60, key="s")
    after_expiry = NOON + timedelta(days=20)

    refund(alice.pk, "s", key="r", at=after_expiry)

    grace_day = TODAY + timedelta(days=20 + 30)
    assert [lot for lot in lots(alice.pk) if lot[1]] == [(grace_day, 60)]
    assert faults() == []


def test_entries_cannot_be_edited_or_deleted(alice: Member) -> None:
    earn(alice.pk, 100, key="a")
    spend(alice.pk, 10, key="s")

    with pytest.raises(InternalError), transaction.atomic():
        Entry.objects.all()._raw_delete("default")
    with pytest.raises(InternalError), transaction.atomic():
        Entry.objects.update(amount=1)


def test_the_database_itself_refuses_a_negative_balance(alice: Member) -> None:
    earn(alice.pk, 100, key="a")

    with pytest.raises(IntegrityError, match="account_nothing_negative"), transaction.atomic():
        type(account(alice.pk)).objects.update(balance=-1)
    with pytest.raises(IntegrityError, match="lot_"), transaction.atomic():
        Lot.objects.update(remaining=-1)
