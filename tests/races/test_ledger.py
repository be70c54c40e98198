"""Movements of one member that meet. Controls take one guard out of the function and must see the harm."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from django.db import connection

import points
from members.models import Member
from points import audit, selectors
from points.ledger import accounts, movements
from points.services import expiry
from tests.factories import new_member
from tests.points.book import LATER, NOON, SOON, account, earn, hold, refund, spend, take_back
from tests.races.together import at_once, without_constraint

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

SQL = Path(points.__file__).parent / "sql"
MANY = 24


def faults() -> list[str]:
    return [f"{finding.invariant} {finding.subject}" for finding in audit.check().findings]


def attempt(movement: Callable[[], object]) -> bool:
    """Return whether the movement was made; a shortage of points is an answer, anything else an error."""
    try:
        movement()
    except accounts.InsufficientPoints:
        return False
    return True


@contextmanager
def function_changed(name: str, *changes: tuple[str, str]) -> Iterator[None]:
    """Replace parts of a SQL function while the block runs."""
    source = (SQL / f"{name}.sql").read_text(encoding="utf-8")
    changed = source
    for old, new in changes:
        assert re.search(old, changed), old
        changed = re.sub(old, new, changed)
    with connection.cursor() as cursor:
        cursor.execute(changed)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(source)


def spend_at_once(member: Member) -> list[bool]:
    earn(member.pk, 200, key="a", on=SOON)
    earn(member.pk, 150, key="b", on=LATER)
    return at_once([partial(attempt, partial(spend, member.pk, 100, key=f"s{n}")) for n in range(MANY)])


def test_points_for_three_pay_exactly_three(alice: Member) -> None:
    assert sum(spend_at_once(alice)) == 3
    assert account(alice.pk).balance == 50
    assert faults() == []


def test_control_without_the_balance_guard_more_than_three_are_paid(alice: Member) -> None:
    unguarded = [
        (r"UPDATE points_account a SET balance = a\.balance - p_points", "PERFORM pg_sleep(0.05); \\g<0>"),
        (r" AND a\.balance >= p_points", ""),
        (r"IF v_left = 0 THEN", "IF true THEN"),
        (r"(v_lots|v_shares) bigint\[\];", r"\1 bigint[] := '{}';"),
    ]
    with (
        without_constraint("points_account", "account_nothing_negative"),
        function_changed("spend", *unguarded),
    ):
        assert sum(spend_at_once(alice)) > 3
        assert faults()


def test_a_balance_read_while_points_move_is_one_moment(alice: Member) -> None:
    earn(alice.pk, 1_000, key="first")

    def move(writer: int) -> list[bool]:
        for number in range(60):
            spend(alice.pk, 5, key=f"spend {writer} {number}")
            earn(alice.pk, 5, key=f"earn {writer} {number}")
        return []

    def read(_reader: int) -> list[bool]:
        readings = [selectors.balance(member_id=alice.pk, on=NOON.date()) for _reading in range(120)]
        return [sum(line["points"] for line in reading["expiring"]) == reading["balance"] for reading in readings]

    calls: list[Callable[[], list[bool]]] = [partial(move, 1), partial(move, 2), partial(read, 1), partial(read, 2)]

    assert all(all(readings) for readings in at_once(calls))


def test_one_key_spends_once(alice: Member) -> None:
    earn(alice.pk, 1_000, key="a")

    postings = at_once([partial(spend, alice.pk, 100, key="same") for _tap in range(MANY)])

    assert len({posting.entry_id for posting in postings}) == 1
    assert sum(not posting.repeated for posting in postings) == 1
    assert account(alice.pk).balance == 900
    assert faults() == []


def test_control_without_the_unique_key_one_key_pays_many_times(alice: Member) -> None:
    earn(alice.pk, 10_000, key="a")
    blind = (r"ON CONFLICT \(member_id, key\) DO NOTHING", "")

    with without_constraint("points_entry", "entry_once_per_key"), function_changed("spend", blind):
        postings = at_once([partial(spend, alice.pk, 100, key="same") for _tap in range(MANY)])
        assert len({posting.entry_id for posting in postings}) == MANY
        assert any(fault.startswith("i07") for fault in faults())


def test_one_key_earns_once_even_as_the_members_first_points(alice: Member) -> None:
    postings = at_once([partial(earn, alice.pk, 10, key="same") for _tap in range(MANY)])

    assert sum(not posting.repeated for posting in postings) == 1
    assert account(alice.pk).balance == 10
    assert faults() == []


def test_awards_into_one_lot_add_up(alice: Member) -> None:
    at_once([partial(earn, alice.pk, 7, key=f"a{n}") for n in range(MANY)])

    assert account(alice.pk).balance == 7 * MANY
    assert faults() == []


def test_a_spend_is_given_back_once(alice: Member) -> None:
    earn(alice.pk, 100, key="a")
    spend(alice.pk, 100, key="s")

    def give_back(number: int) -> bool:
        try:
            refund(alice.pk, "s", key=f"r{number}")
        except movements.NothingToGiveBack:
            return False
        return True

    assert sum(at_once([partial(give_back, number) for number in range(MANY)])) == 1
    assert account(alice.pk).balance == 100
    assert faults() == []


def test_spending_meets_expiry_and_every_point_goes_one_way(db: None) -> None:
    members = [new_member(f"m{number}") for number in range(8)]
    for member in members:
        earn(member.pk, 50, key="old", on=SOON)
        earn(member.pk, 50, key="new", on=LATER)
    after = NOON + timedelta(days=20)

    spends = [
        partial(attempt, partial(spend, member.pk, 30, key=f"s{n}", at=after)) for member in members for n in (1, 2)
    ]
    calls: list[Callable[[], object]] = [*spends, *[partial(expiry.expire_due, at=after, chunk=3)] * 4]
    at_once(calls)

    for member in members:
        state = account(member.pk)
        assert (state.balance, state.spent_total, state.expired_total) == (20, 30, 50)
    assert faults() == []


def test_everything_at_once_leaves_the_books_right(alice: Member, bob: Member) -> None:
    for member in (alice, bob):
        earn(member.pk, 500, key="start")
        spend(member.pk, 50, key="first")
        hold(member.pk, 40, key="h")

    def movements(member: Member) -> list[Callable[[], object]]:
        return [
            *[partial(attempt, partial(spend, member.pk, 90, key=f"s{n}")) for n in range(5)],
            *[partial(earn, member.pk, 30, key=f"e{n}") for n in range(4)],
            partial(refund, member.pk, "first", key="r"),
            partial(take_back, member.pk, "start", 300, key="t"),
            partial(expiry.expire_due, at=NOON),
        ]

    at_once([*movements(alice), *movements(bob)])

    assert faults() == []
