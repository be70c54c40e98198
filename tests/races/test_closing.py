"""A day is prepared only when nothing can be booked for it any more. Real connections, and midnight just now."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import psycopg2
import pytest
from django.db import connection

from core import business_time
from core.business_time import business_day, now
from points.models import DayClose
from points.services import closing
from tests.factories import new_member
from tests.points.book import earn
from tests.races.together import at_once

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

EARN = "SELECT points_earn(%s, 70, 'open', 'award:test', '', '', NULL, '2030-01-31', now())"


@pytest.fixture
def session() -> Iterator[Any]:
    """Return a connection of somebody else, with nothing begun."""
    other = psycopg2.connect(**connection.get_connection_params())
    yield other
    other.rollback()
    other.close()


def let_a_day_end_now(monkeypatch: pytest.MonkeyPatch) -> date:
    """Move the business to a zone where midnight was a moment ago; return the day that has ended."""
    passed = now() - datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    offset = -passed + (timedelta(days=1) if passed > timedelta(hours=12) else timedelta(0))
    monkeypatch.setattr(business_time, "SHANGHAI", timezone(offset))
    monkeypatch.setattr(closing, "SETTLE", timedelta(0))
    return business_day(now()) - timedelta(days=1)


def awarded(on: date) -> int:
    return DayClose.objects.get(on=on).awarded


def test_a_day_waits_for_a_transaction_that_began_in_it(session: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    alice = new_member("Alice")
    earn(alice.pk, 5, key="before")
    with session.cursor() as cursor:
        cursor.execute(EARN, [new_member("Bob").pk])
    on = let_a_day_end_now(monkeypatch)

    assert closing.prepare_days(at=now()) == []
    session.commit()

    assert closing.prepare_days(at=now()) == [on]
    assert (awarded(on), DayClose.objects.get(on=on).ties_out) == (75, True)


def test_control_without_waiting_the_entry_is_missed_and_the_day_cannot_be_closed(
    session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    earn(new_member("Alice").pk, 5, key="before")
    with session.cursor() as cursor:
        cursor.execute(EARN, [new_member("Bob").pk])
    on = let_a_day_end_now(monkeypatch)
    monkeypatch.setattr(closing.closing, "running_since_before", lambda _ends_at: 0)

    assert closing.prepare_days(at=now()) == [on]
    session.commit()

    assert awarded(on) == 5
    assert not closing.check_day(on=on).ties_out
    assert closing.prepare_again(on=on, at=now()) == [on]
    assert (awarded(on), closing.check_day(on=on).ties_out) == (75, True)


def test_a_transaction_that_has_begun_but_done_nothing_counts(session: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    earn(new_member("Alice").pk, 5, key="before")
    with session.cursor() as cursor:
        cursor.execute("SELECT 1")
    on = let_a_day_end_now(monkeypatch)

    assert closing.prepare_days(at=now()) == []
    session.rollback()
    assert closing.prepare_days(at=now()) == [on]


def test_a_transaction_that_began_after_the_day_does_not_hold_it_up(
    session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    earn(new_member("Alice").pk, 5, key="before")
    bob = new_member("Bob")
    on = let_a_day_end_now(monkeypatch)
    with session.cursor() as cursor:
        cursor.execute(EARN, [bob.pk])

    assert closing.prepare_days(at=now()) == [on]
    session.commit()
    assert (awarded(on), closing.check_day(on=on).ties_out) == (5, True)


def test_a_prepared_transaction_counts(session: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    earn(new_member("Alice").pk, 5, key="before")
    with session.cursor() as cursor:
        cursor.execute(EARN, [new_member("Bob").pk])
        cursor.execute("PREPARE TRANSACTION 'forgotten'")
    session.commit()
    on = let_a_day_end_now(monkeypatch)

    assert closing.prepare_days(at=now()) == []
    session.autocommit = True
    with session.cursor() as cursor:
        cursor.execute("COMMIT PREPARED 'forgotten'")

    assert closing.prepare_days(at=now()) == [on]
    assert awarded(on) == 75


def test_preparers_that_meet_prepare_each_day_once(monkeypatch: pytest.MonkeyPatch) -> None:
    earn(new_member("Alice").pk, 5, key="before")
    on = let_a_day_end_now(monkeypatch)
    ended = now()

    prepared = at_once([lambda: closing.prepare_days(at=ended) for _one in range(4)])

    assert sorted(prepared) == [[], [], [], [on]]


def test_a_day_prepared_while_points_move_ties_out(monkeypatch: pytest.MonkeyPatch) -> None:
    members = [new_member(f"M{number}").pk for number in range(4)]
    earn(members[0], 5, key="before")
    on = let_a_day_end_now(monkeypatch)

    def moves(member_id: int) -> list[date]:
        for number in range(40):
            earn(member_id, 1, key=f"later:{number}")
        return []

    def checks() -> list[date]:
        prepared = closing.prepare_days(at=now())
        assert all(closing.check_day(on=on).ties_out for _time in range(20))
        return prepared

    assert [on] in at_once([checks, *(lambda one=one: moves(one) for one in members)])
