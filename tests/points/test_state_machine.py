"""Every operation of the ledger in any order, against the model on paper; all invariants after every step."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from core.business_time import business_day
from members.models import Member
from points.ledger import accounts, batches, expiry, holds, movements, take_backs, transfers
from points.migrations import _functions
from points.models import Account, Lot
from tests.points import model
from tests.points.book import NOON, faults

REFUSALS = (
    accounts.InsufficientPoints,
    movements.NothingToGiveBack,
    take_backs.NothingToTakeBack,
    movements.Entry.DoesNotExist,
)
MEMBERS = st.sampled_from([0, 1])
POINTS = st.integers(1, 80)
SOURCES = st.sampled_from(["award:a", "award:b"])
POLICIES = st.sampled_from(["pending_only", "within_balance", "owe"])
# Some days are over already, as in late reports of history.
LIFE = st.integers(-2, 40)


class Ledger(RuleBasedStateMachine):
    """The real ledger and the model, moved alike. `member_ids` is set by the test."""

    member_ids: list[int]
    awards = Bundle("awards")
    spends = Bundle("spends")
    gifts = Bundle("gifts")

    def __init__(self) -> None:
        super().__init__()
        self._undo = transaction.atomic()
        self._undo.__enter__()
        self.book = model.Book(self.member_ids)
        self.at: datetime = NOON
        self.number = 0

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self._undo.__exit__(None, None, None)

    @initialize()
    def give_everybody_something(self) -> None:
        for number in (0, 1):
            self.earn(member=number, points=60, life=30, source="award:a")

    @rule(target=awards, member=MEMBERS, points=POINTS, life=LIFE, source=SOURCES)
    def earn(self, member: int, points: int, life: int, source: str) -> tuple[int, str]:
        who, key = self._member(member), self._key()
        day = self._day(life)
        self.book.earn(who, key, points, expires_on=day, source=source)
        self._move(lambda: movements.earn(member_id=who, **self._award(points, key, source, day)))
        return who, key

    @rule(target=awards, points=POINTS, life=LIFE, source=SOURCES)
    def earn_together(self, points: int, life: int, source: str) -> tuple[int, str]:
        key, day = self._key(), self._day(life)
        for who in self.member_ids:
            self.book.earn(who, key, points, expires_on=day, source=source)
        award = self._award(points, key, source, day)
        first = self._move(lambda: batches.earn_many(member_ids=self.member_ids, **award))
        again = self._move(lambda: batches.earn_many(member_ids=self.member_ids, **award))
        assert (sorted(first), again) == (sorted(self.member_ids), [])
        return self.member_ids[0], key

    @rule(award=awards)
    def earn_again(self, award: tuple[int, str]) -> None:
        """A key that was used moves nothing, whatever else has changed since."""
        who, key = award
        known = self.book.awards.get(award)
        if known is not None:
            first = self._move(
                lambda: movements.earn(member_id=who, **self._award(known.amount, key, "award:b", self._day(3)))
            )
            assert first.repeated

    @rule(target=spends, member=MEMBERS, points=st.integers(1, 300))
    def spend(self, member: int, points: int) -> tuple[int, str]:
        who, key = self._member(member), self._key()
        call = {"member_id": who, "points": points, "key": key, "counterparty": "mall", "source": key, "title": ""}
        self._both(
            lambda: self.book.spend(who, key, points, on=self._day(0)),
            lambda: movements.spend(**call, at=self.at),
        )
        if (who, key) in self.book.spends:
            assert self._move(lambda: movements.spend(**call, at=self.at)).repeated
        return who, key

    @rule(award=awards, points=POINTS)
    def fall_into_debt(self, award: tuple[int, str], points: int) -> None:
        """Spend everything, then have an award taken back: what is rare by chance."""
        who, _key = award
        lots = self.book.members[who].lots.values()
        if usable := sum(lot.remaining for lot in lots if lot.expires_on >= self._day(0)):
            self.spend(member=self.member_ids.index(who), points=usable)
        self.take_back(award=award, points=points, policy="owe")

    @rule(spend=spends, points=st.none() | POINTS)
    def refund(self, spend: tuple[int, str], points: int | None) -> None:
        who, key = spend
        refund = {"member_id": who, "spend_key": key, "key": self._key(), "title": "", "points": points}
        self._both(
            lambda: self.book.refund(who, key, points, on=self._day(0)),
            lambda: movements.refund(**refund, at=self.at),
        )

    @rule(member=MEMBERS, points=st.integers(-90, 90).filter(bool), life=st.integers(0, 40))
    def adjust(self, member: int, points: int, life: int) -> None:
        who, day = self._member(member), self._day(life)
        call = {"member_id": who, "points": points, "key": self._key(), "source": "s", "title": "", "expires_on": day}
        self._both(
            lambda: self.book.adjust(who, points, expires_on=day, on=self._day(0)),
            lambda: movements.adjust(**call, at=self.at),
        )

    @rule(target=awards, member=MEMBERS, points=POINTS, life=LIFE, source=SOURCES, wait=st.integers(0, 5))
    def hold(self, member: int, points: int, life: int, source: str, wait: int) -> tuple[int, str]:
        who, key, day = self._member(member), self._key(), self._day(life)
        release_at = self.at + timedelta(days=wait)
        self.book.hold(who, key, model.Promise(points, day, source, business_day(release_at)))
        award = self._award(points, key, source, day)
        self._move(lambda: holds.hold(member_id=who, **award, release_at=release_at))
        return who, key

    @rule(award=awards)
    def release(self, award: tuple[int, str]) -> None:
        done = self.book.release(*award)
        posting = self._move(lambda: holds.release(member_id=award[0], key=award[1], at=self.at))
        assert (posting is not None) == done

    @rule(award=awards, points=st.none() | POINTS)
    def cancel(self, award: tuple[int, str], points: int | None) -> None:
        who, key = award
        promise = self.book.promises.get(award)
        if points is not None and promise is not None:
            points = min(points, promise.points) or None
        call = {"member_id": who, "key": key, "change_key": self._key(), "points": points, "reason": "r"}
        gone = self.book.cancel(who, key, points)
        assert [self._move(lambda: holds.cancel(**call, at=self.at)) for _call in range(2)] == [gone, gone]

    @rule(award=awards, points=POINTS, policy=POLICIES)
    def take_back(self, award: tuple[int, str], points: int, policy: str) -> None:
        who, key = award
        call = {"member_id": who, "award_key": key, "points": points, "key": self._key(), "title": "", "policy": policy}
        done = self._both(
            lambda: self.book.take_back(who, key, points, policy=policy),
            lambda: take_backs.take_back(**call, at=self.at),
        )
        if done and policy != "pending_only":
            again = self._move(lambda: take_backs.take_back(**call, at=self.at))
            assert again.repeated or (again.posted, again.owed) == (0, 0)

    @rule(target=gifts, sender=MEMBERS, points=POINTS)
    def give(self, sender: int, points: int) -> tuple[int, int, str]:
        who, other, key = self._member(sender), self._member(1 - sender), self._key()
        gift = {"from_member_id": who, "to_member_id": other, "points": points, "key": key, "source": "transfer:t"}
        self._both(
            lambda: self.book.give(who, other, key, points, on=self._day(0)),
            lambda: transfers.transfer(**gift, titles=("", ""), at=self.at),
        )
        return who, other, key

    @rule(gift=gifts, owe=st.booleans())
    def undo_gift(self, gift: tuple[int, int, str], owe: bool) -> None:
        who, other, key = gift
        if key not in self.book.gifts:
            return
        self.book.undo_gift(key, owe=owe, on=self._day(0))
        undo = {"from_member_id": who, "to_member_id": other, "transfer_key": key, "key": f"{key}:reversed"}
        policy = "owe" if owe else "within_balance"
        self._move(lambda: transfers.reverse(**undo, policy=policy, titles=("", ""), at=self.at))

    @rule(days=st.integers(0, 4))
    def sleep(self, days: int) -> None:
        self.at += timedelta(days=days)

    @rule()
    def release_due(self) -> None:
        self.book.release_due(on=self._day(0))
        while member_ids := holds.due(at=self.at, skip=[], limit=1):
            self._move(lambda: holds.release_due(member_ids=member_ids, at=self.at))

    @rule()
    def expire(self) -> None:
        self.book.expire(on=self._day(0))
        while member_ids := expiry.due(on=self._day(0), skip=[], limit=1):
            self._move(lambda: expiry.expire(member_ids=member_ids, on=self._day(0), at=self.at))

    @invariant()
    def members_have_what_the_model_says(self) -> None:
        for member_id, expected in self.book.members.items():
            row = Account.objects.get(pk=member_id) if expected.lots or expected.pending else Account()
            found = (row.balance, row.pending, row.debt, row.earned_total, row.spent_total, row.expired_total)
            wanted = (
                expected.balance, expected.pending, expected.debt, expected.earned, expected.spent, expected.expired
            )  # fmt: skip
            assert found == wanted
            lots = Lot.objects.filter(member_id=member_id, is_open=True).values_list(
                "expires_on", "source", "remaining"
            )
            open_lots = [lot for lot in expected.lots.values() if lot.remaining]
            assert sorted(lots) == sorted((lot.expires_on, lot.source, lot.remaining) for lot in open_lots)

    @invariant()
    def the_audit_is_clean(self) -> None:
        # The machine books no rows of transfers and adjustments, whose use cases are above the ledger.
        assert [fault for fault in faults() if not fault.startswith("x4_")] == []

    def _both(self, paper: Callable[[], object], real: Callable[[], object]) -> bool:
        """Make the movement in both books, or be refused by both; return whether it was made."""
        try:
            paper()
        except model.Refused:
            with pytest.raises(REFUSALS):
                self._move(real)
            return False
        self._move(real)
        return True

    @staticmethod
    def _move(movement: Callable[[], Any]) -> Any:
        with transaction.atomic():
            return movement()

    def _award(self, points: int, key: str, source: str, day: object) -> dict[str, Any]:
        return {
            "points": points,
            "key": key,
            "counterparty": source,
            "source": "rule:test",
            "title": "",
            "breakdown": None,
            "expires_on": day,
            "at": self.at,
        }

    def _member(self, number: int) -> int:
        return self.member_ids[number]

    def _day(self, life: int) -> Any:
        return business_day(self.at) + timedelta(days=life)

    def _key(self) -> str:
        self.number += 1
        return f"key:{self.number}"


def live(alice: Member, bob: Member, *, examples: int) -> None:
    Ledger.member_ids = [alice.pk, bob.pk]

    run_state_machine_as_test(
        Ledger,
        settings=settings(
            max_examples=examples,
            stateful_step_count=50,
            deadline=None,
            # Shrinking replays the story for minutes; the steps of a failure are printed as they were found.
            phases=[Phase.generate],
            report_multiple_bugs=False,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_the_ledger_equals_the_model(alice: Member, bob: Member) -> None:
    live(alice, bob, examples=30)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("spend", "AND l.expires_on >= p_on\n            ORDER BY", "ORDER BY"),
        ("spend", "ORDER BY l.expires_on, l.id", "ORDER BY l.expires_on DESC, l.id"),
        ("earn", "IF v_debt > 0 THEN", "IF v_debt > 60 THEN"),
    ],
)
def test_control_a_changed_function_is_noticed(alice: Member, bob: Member, name: str, old: str, new: str) -> None:
    text = _functions.source(name)
    assert old in text
    with connection.cursor() as cursor:
        cursor.execute(text.replace(old, new))

    with pytest.raises(AssertionError):
        live(alice, bob, examples=200)
