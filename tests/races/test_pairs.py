"""Every two operations of the ledger that can meet, on one member, with real commits: the books stay right.

Each pair runs several times at once. A control takes the guard of one operation away, and must see harm.
"""

import contextlib
import random
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import pytest
from django.db import DatabaseError, transaction
from django.db.models import Sum

from members.models import Member
from points.ledger import accounts, batches, expiry, holds, movements, take_backs, transfers
from points.models import Account
from points.services import expiry as services_expiry
from tests.factories import new_member
from tests.points.book import LATER, NOON, SOON, TODAY, account, earn, faults, hold, refund, spend, take_back
from tests.races.test_ledger import function_changed
from tests.races.together import at_once

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

TIMES = 4
Move = Callable[[int, int, int], object]
# The transfers' rows belong to their use case, above the ledger.
NOT_OURS = "x4_"


def _transfer(sender: int, receiver: int, key: str) -> None:
    with transaction.atomic():
        transfers.transfer(
            from_member_id=sender,
            to_member_id=receiver,
            points=30,
            key=key,
            source="transfer:t",
            titles=("", ""),
            at=NOON,
        )


def _reverse(sender: int, receiver: int, number: int) -> None:
    with transaction.atomic():
        # The use case reverses a transfer once, by a row of its own; the tests give each number to one call.
        transfers.reverse(
            from_member_id=sender,
            to_member_id=receiver,
            transfer_key=f"gift:{number}",
            key=f"gift:{number}:reversed",
            policy="owe",
            titles=("", ""),
            at=NOON,
        )


def _adjust(member: int, points: int, key: str) -> None:
    with transaction.atomic():
        movements.adjust(
            member_id=member, points=points, key=key, source="adjustment:other", title="", expires_on=LATER, at=NOON
        )


def _expire(*_members: int) -> None:
    at = NOON + timedelta(days=20)
    with transaction.atomic():
        expiry.expire(member_ids=expiry.due(on=at.date(), skip=[], limit=100), on=at.date(), at=at)


def _release(member: int, key: str) -> None:
    with transaction.atomic():
        holds.release(member_id=member, key=key, at=NOON)


def _release_due(*_members: int) -> None:
    with transaction.atomic():
        holds.release_due(member_ids=holds.due(at=NOON, skip=[], limit=100), at=NOON)


def _cancel(member: int, key: str, change_key: str) -> None:
    with transaction.atomic():
        holds.cancel(member_id=member, key=key, change_key=change_key, reason="r", at=NOON)


def _earn_many(members: list[int], key: str) -> None:
    with transaction.atomic():
        batches.earn_many(
            member_ids=members,
            points=9,
            key=key,
            counterparty="award:test",
            source="gift",
            title="",
            breakdown=None,
            expires_on=LATER,
            at=NOON,
        )


# What each does for the n-th time: (alice, bob, n).
MOVES: dict[str, Move] = {
    "earn": lambda a, _b, n: earn(a, 20, key=f"e{n}"),
    "earn, many members": lambda a, b, n: _earn_many([a, b], f"m{n}"),
    "spend": lambda a, _b, n: spend(a, 45, key=f"s{n}"),
    "refund": lambda a, _b, n: refund(a, f"paid:{n}", key=f"r{n}"),
    "take back": lambda a, _b, n: take_back(a, f"award:{n}", 25, key=f"t{n}"),
    "take back what waits": lambda a, _b, n: take_back(a, f"hold:{n}", 3, key=f"w{n}"),
    "release": lambda a, _b, n: _release(a, f"hold:{n}"),
    "release what is due": lambda a, _b, _n: _release_due(a),
    "cancel": lambda a, _b, n: _cancel(a, f"hold:{n}", f"c{n}"),
    "expire": lambda a, _b, _n: _expire(a),
    "adjust up": lambda a, _b, n: _adjust(a, 15, f"u{n}"),
    "adjust down": lambda a, _b, n: _adjust(a, -35, f"d{n}"),
    "transfer out": lambda a, b, n: _transfer(a, b, f"out{n}"),
    "transfer in": lambda a, b, n: _transfer(b, a, f"in{n}"),
    "reverse a transfer": _reverse,
}
REFUSALS = (accounts.InsufficientPoints, take_backs.NothingToTakeBack, movements.NothingToGiveBack)


def _open_books(alice: int, bob: int) -> None:
    """Give both something of everything the moves need."""
    for member in (alice, bob):
        # Enough for all spends and gifts before the race, so that something is left to expire.
        earn(member, 400, key="old", on=SOON)
        for number in range(TIMES):
            earn(member, 40, key=f"award:{number}", on=LATER)
            spend(member, 10, key=f"paid:{number}")
            hold(member, 12, key=f"hold:{number}", on=LATER)
    for number in range(TIMES):
        _transfer(alice, bob, f"gift:{number}")


def _attempt(move: Move, alice: int, bob: int, number: int) -> bool:
    try:
        move(alice, bob, number)
    except REFUSALS:
        return False
    return True


def _faults() -> list[str]:
    return [fault for fault in faults() if not fault.startswith(NOT_OURS)]


def _run(alice: int, bob: int, *names: str) -> list[bool]:
    return at_once([partial(_attempt, MOVES[name], alice, bob, number) for name in names for number in range(TIMES)])


@pytest.mark.parametrize("first", MOVES)
def test_whatever_it_meets_the_books_stay_right(first: str, db: None) -> None:
    others = list(MOVES)[list(MOVES).index(first) :]
    for second in others:
        alice, bob = new_member().pk, new_member().pk
        _open_books(alice, bob)

        made = _run(alice, bob, *dict.fromkeys([first, second]))

        assert any(made), f"{first} and {second}: none was made"
        assert _faults() == [], f"{first} and {second}"


def test_gifts_both_ways_wait_for_each_other_and_never_for_ever(alice: Member, bob: Member) -> None:
    earn(alice.pk, 600, key="a")
    earn(bob.pk, 600, key="b")

    at_once(
        [partial(_transfer, alice.pk, bob.pk, f"there {n}") for n in range(12)]
        + [partial(_transfer, bob.pk, alice.pk, f"back {n}") for n in range(12)]
    )

    assert (account(alice.pk).balance, account(bob.pk).balance) == (600, 600)
    assert _faults() == []


def test_thirty_two_spend_while_ten_thousand_lots_expire(db: None) -> None:
    members = [new_member().pk for _member in range(500)]
    for day in range(20):
        with transaction.atomic():
            batches.earn_many(
                member_ids=members,
                points=10,
                key=f"day {day}",
                counterparty="award:test",
                source="gift",
                title="",
                breakdown=None,
                expires_on=TODAY + timedelta(days=day),
                at=NOON,
            )
    after = NOON + timedelta(days=10)

    def shop(number: int) -> int:
        chance = random.Random(number)
        return sum(
            _attempt(lambda a, _b, n: spend(a, 7, key=f"{number}:{n}", at=after), chance.choice(members), 0, turn)
            for turn in range(40)
        )

    *shopped, expired = at_once([*[partial(shop, n) for n in range(32)], partial(_expire_all, after)])

    assert expired == 500 * 10
    totals = Account.objects.aggregate(Sum("balance"), Sum("spent_total"), Sum("expired_total"))
    assert totals["spent_total__sum"] == 7 * sum(shopped) > 0
    assert totals["expired_total__sum"] == 500 * 10 * 10
    assert totals["balance__sum"] == 500 * 20 * 10 - 7 * sum(shopped) - 500 * 10 * 10
    assert _faults() == []


def _expire_all(at: datetime) -> int:
    return services_expiry.expire_due(at=at, chunk=250).lots


# --- controls: each operation without its guard, against itself and the two that everybody meets --------------------

READ_THEN_WRITE = {
    "earn": (
        "earn",
        (
            r"""(?x) UPDATE\ points_account\ a\ SET\ balance\ =\ a\.balance\ \+\ p_points(,\ earned_total.*)\n
            \ *(WHERE\ a\.member_id\ =\ p_member)\ RETURNING\ a\.balance,\ a\.debt\ INTO\ v_balance,\ v_debt;""",
            r"""SELECT a.balance + p_points, a.debt INTO v_balance, v_debt FROM points_account a \2;
            PERFORM pg_sleep(0.05); UPDATE points_account a SET balance = v_balance\1 \2;""",
        ),
    ),
    "spend": (
        "spend",
        (
            r"""(?x) UPDATE\ points_account\ a\ SET\ balance\ =\ a\.balance\ -\ p_points(,\ spent_total.*)\n
            \ *(WHERE\ a\.member_id\ =\ p_member)\ AND\ a\.balance\ >=\ p_points\ RETURNING.*;""",
            r"""SELECT a.balance - p_points INTO v_balance FROM points_account a \2; PERFORM pg_sleep(0.05);
            UPDATE points_account a SET balance = v_balance\1 \2;""",
        ),
    ),
    "expire": (
        "expire",
        (r"(?s)PERFORM 1 FROM points_account.*?;", ""),
        # Lots before the account: whoever spends meanwhile waits for the lot, and has what this waits for.
        (r"(sum\(c\.remaining\)::bigint) AS total", r"\1 + length(pg_sleep(0.05)::text) AS total"),
    ),
    "release what is due": (
        "release_due",
        (r"(?s)PERFORM 1 FROM points_account.*?;", ""),
        (
            r"SET status = 'released', ended_at = p_at\n",
            "SET status = 'released', ended_at = p_at FROM pg_sleep(0.05)\n",
        ),
    ),
    "earn, many members": (
        "earn_many",
        (r"(?s)PERFORM 1 FROM points_account.*?;", ""),
        (r"FOR v_member IN", "PERFORM pg_sleep(0.05); FOR v_member IN"),
    ),
}


def _read_without_lock(*member_ids: int) -> dict[int, Account]:
    found = {account.pk: account for account in Account.objects.filter(pk__in=member_ids)}
    time.sleep(0.05)
    return found


@pytest.mark.parametrize("name", MOVES)
def test_control_without_its_guard_it_does_harm(
    name: str, alice: Member, bob: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    _open_books(alice.pk, bob.pk)
    with contextlib.ExitStack() as stack:
        if name in READ_THEN_WRITE:
            function, *changes = READ_THEN_WRITE[name]
            stack.enter_context(function_changed(function, *changes))
        else:
            monkeypatch.setattr(accounts, "lock_or_open", _read_without_lock)
            monkeypatch.setattr(accounts, "lock", lambda member_id: _read_without_lock(member_id)[member_id])
        try:
            # Twice under the same keys: what only makes a key move once is a guard too.
            harm = not _run(alice.pk, bob.pk, name, name, "earn", "spend") or bool(_faults())
        except DatabaseError:
            # A constraint, the last guard of all, has stopped it.
            harm = True
        assert harm
