"""The bytes of an entry: every column, and one way of writing them."""

import json
from hashlib import sha256
from typing import Any

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from members.models import Member
from points import leaf
from points.entry_leaves import leaf_of
from points.models import Entry
from tests.points.book import NOON, earn, spend
from tests.points.transparency.log import as_owner


def test_every_column_of_an_entry_is_in_its_leaf() -> None:
    assert list(leaf.NAMES) == sorted(field.column for field in Entry._meta.local_concrete_fields)


def test_the_table_has_no_column_that_the_model_does_not_know(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT attname FROM pg_attribute WHERE attrelid = 'points_entry'::regclass AND attnum > 0")
        columns = {name for (name,) in cursor.fetchall() if not name.startswith("........")}
    assert columns == set(leaf.NAMES)


def test_the_bytes_of_version_1_are_these() -> None:
    row = {
        "amount": -30,
        "balance_after": 70,
        "breakdown": '{"lines": [1.10]}',
        "counterparty": "mall",
        "created_at": "2026-11-22 04:00:00.000001",
        "debt_change": 0,
        "id": 9007199254740993,
        "key": 'redemption:"1"',
        "kind": "spend",
        "lot_ids": [3, 4],
        "lot_points": [-10, -20],
        "member_id": 7,
        "occurred_at": "2026-11-22 04:00:00",
        "reverses_id": None,
        "source": "签到\n",
        "title": "",
    }

    written = leaf.leaf([row[name] for name in leaf.NAMES])

    assert written.decode() == (
        r'{"amount":-30,"balance_after":70,"breakdown":"{\"lines\": [1.10]}","counterparty":"mall",'
        r'"created_at":"2026-11-22T04:00:00.000001Z","debt_change":0,"id":9007199254740993,'
        r'"key":"redemption:\"1\"","kind":"spend","lot_ids":[3,4],"lot_points":[-10,-20],"member_id":7,'
        r'"occurred_at":"2026-11-22T04:00:00.000000Z","reverses_id":null,"source":"签到\n","title":"","v":1}'
    )


def test_a_real_entry_reads_back_as_it_is(alice: Member) -> None:
    earn(alice.pk, 40, key="a", title="签到", breakdown={"b": [1.5, 2**70, "x"], "a": None})
    spend(alice.pk, 10, key="s")
    entry = Entry.objects.get(key="a")

    content = json.loads(leaf_of(entry.pk))

    assert json.loads(content.pop("breakdown")) == entry.breakdown
    assert content.pop("created_at") == entry.created_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert content.pop("occurred_at") == NOON.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert content.pop("v") == 1
    assert content == {name: getattr(entry, name) for name in content}
    assert json.loads(leaf_of(Entry.objects.get(key="s").pk))["breakdown"] is None


CHANGES = {
    "amount": "amount + 1",
    "balance_after": "balance_after + 1",
    "breakdown": """'{"a": 1.10}'""",
    "counterparty": "counterparty || ' '",
    "created_at": "created_at + interval '1 microsecond'",
    "debt_change": "debt_change + 1",
    "id": "id + 100000",
    "key": "key || 'x'",
    "kind": "'refund'",
    "lot_ids": "lot_ids || 1::bigint",
    "lot_points": "array_append(lot_points[2:], 7)",
    "member_id": "member_id + 1",
    "occurred_at": "'infinity'",
    "reverses_id": "5",
    "source": "source || 'x'",
    "title": "'other'",
}


@pytest.mark.parametrize("column", leaf.NAMES)
def test_a_change_of_any_column_changes_the_leaf(alice: Member, column: str) -> None:
    earn(alice.pk, 40, key="a", breakdown={"a": 1.1})
    entry = Entry.objects.get(key="a")
    before = sha256(leaf_of(entry.pk)).hexdigest()

    as_owner(f"UPDATE points_entry SET {column} = {CHANGES[column]} WHERE id = %s", entry.pk)

    entry_id = entry.pk + 100000 if column == "id" else entry.pk
    assert sha256(leaf_of(entry_id)).hexdigest() != before


def test_moments_that_python_does_not_know_are_told_apart(alice: Member) -> None:
    earn(alice.pk, 40, key="a")
    entry_id = Entry.objects.get(key="a").pk
    seen = set()
    for moment in ("infinity", "-infinity", "0044-03-15 12:00 BC", "0044-03-15 12:00", "20000-01-01"):
        as_owner("UPDATE points_entry SET occurred_at = %s WHERE id = %s", moment, entry_id)
        seen.add(leaf_of(entry_id))
    assert len(seen) == 5


@given(one=st.text(), other=st.text())
def test_what_stands_in_one_column_cannot_look_like_another(one: str, other: str) -> None:
    def written(source: str, title: str) -> Any:
        row = dict.fromkeys(leaf.NAMES, "") | {"source": source, "title": title}
        return json.loads(leaf.leaf([row[name] for name in leaf.NAMES]))

    content = written(one, other)
    assert (content["source"], content["title"]) == (one, other)
