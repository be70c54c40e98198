"""What sealing relies on: whoever writes an entry has a transaction id before it takes an entry id."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.utils import InternalError

from members.models import Member
from points.ledger import batches, expiry, holds, movements, transfers
from points.models import Entry, EntryKind
from tests.factories import new_member
from tests.points.book import LATER, NOON, SOON, earn, hold, refund, spend, take_back

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]

# A trigger of the statement fires before the first row's id is taken.
GUARD = """
CREATE FUNCTION refuse_without_transaction_id() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_current_xact_id_if_assigned() IS NULL THEN
        RAISE EXCEPTION 'an entry id would be taken before a transaction id';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER transaction_id_first BEFORE INSERT ON points_entry
FOR EACH STATEMENT EXECUTE FUNCTION refuse_without_transaction_id();
"""


@pytest.fixture
def members() -> list[Member]:
    return [new_member("One"), new_member("Two")]


@pytest.fixture(autouse=True)
def guard(members: list[Member]) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(GUARD)
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP FUNCTION refuse_without_transaction_id() CASCADE")


def test_every_movement_has_a_transaction_id_before_an_entry_id(members: list[Member]) -> None:
    one, two = (member.pk for member in members)
    facts = {"key": "x", "source": "test", "at": NOON}
    earn(one, 500, key="award")
    spend(one, 100, key="spend")
    refund(one, "spend", key="refund", points=40)
    take_back(one, "award", 500, key="take back")
    earn(one, 100, key="repays")
    earn(two, 100, key="soon", on=SOON)
    for number in range(2):
        hold(two, 10, key=f"hold {number}")
    with transaction.atomic():
        holds.release(member_id=two, key="hold 0", at=NOON)
    with transaction.atomic():
        holds.release_due(member_ids=[two], at=NOON + timedelta(days=1))
    with transaction.atomic():
        batches.earn_many(
            member_ids=[one, two],
            points=50,
            counterparty="award:test",
            title="",
            breakdown=None,
            expires_on=LATER,
            **facts,
        )
    with transaction.atomic():
        movements.adjust(member_id=two, points=5, key="adjust", source="test", title="", expires_on=LATER, at=NOON)
    with transaction.atomic():
        transfers.transfer(
            from_member_id=two, to_member_id=one, points=5, key="give", source="test", titles=("", ""), at=NOON
        )
    with transaction.atomic():
        expiry.expire(member_ids=[two], on=SOON + timedelta(days=1), at=NOON)

    assert set(Entry.objects.values_list("kind", flat=True)) == set(EntryKind.values)


def test_control_an_insert_that_locks_nothing_is_noticed(members: list[Member]) -> None:
    with pytest.raises(InternalError, match="before a transaction id"):
        Entry.objects.create(
            member=members[0],
            kind=EntryKind.AWARD,
            amount=1,
            balance_after=1,
            counterparty="award:test",
            source="test",
            key="naked",
            lot_ids=[],
            lot_points=[],
            occurred_at=NOON,
        )
