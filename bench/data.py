"""The same members, lots and entries on both sides: in the product's tables and in the lean ones. Loaded by SQL.

Members 1 to N have five lots of 1,000 points, the first to expire in thirty days, the others thirty days apart; one
entry that granted them; and ten points that wait until tomorrow. It all passes the audit. Behind them come members for
single questions: with fifty lots, and one with a history of as many entries as there are members.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from bench.databases import cursor

LIMIT = Path(__file__).parent / "limit.sql"
# Databases: the tables and the programme only; with members.
EMPTY, PRODUCT = "empty", "product"
LOTS = 5
LOT_POINTS = 1_000
DAYS_APART = 30
WIDE_LOTS = 50
WIDE_LOT_POINTS = 10
HELD = 10
MEASURED = "^(points|lean|members)_"
WARM = "^(points_(account|lot|entry)$|lean_)"
INDEX_PARTS = re.compile(r" USING btree \((.*?)\)(?: WITH \(.*?\))?(?: WHERE (.*))?$")
SOURCE = "award:check_in"

PRODUCT_ROWS = """
INSERT INTO members_member (id, no, nickname, avatar_url, status, tier_id, tier_since, growth_value, registered_at,
    invited_with, shared_with)
OVERRIDING SYSTEM VALUE
SELECT m, 1000000000 + m, '', '', 'active', (SELECT id FROM members_tier WHERE level = 0), now(), 0, now(), '', ''
FROM generate_series(1, {last}) m;
INSERT INTO points_account (member_id, balance, pending, debt, earned_total, spent_total, expired_total)
SELECT m, {total}, {held}, 0, {total}, 0, 0 FROM generate_series(1, {n}) m;
INSERT INTO points_lot (id, member_id, expires_on, source, granted, returned, remaining, spent, expired, taken_back,
    is_open)
OVERRIDING SYSTEM VALUE
SELECT (m - 1) * {lots} + l, m, current_date + {days} * l, '{source}', {points}, 0, {points}, 0, 0, 0, true
FROM generate_series(1, {n}) m, generate_series(1, {lots}) l;
INSERT INTO points_entry (member_id, kind, amount, debt_change, balance_after, counterparty, source, title, key,
    lot_ids, lot_points, occurred_at)
SELECT m, 'award', {total}, 0, {total}, '{source}', 'rule:opening', 'Opening', 'opening:' || m,
    ARRAY(SELECT (m - 1) * {lots} + l FROM generate_series(1, {lots}) l), array_fill({points}, ARRAY[{lots}]), now()
FROM generate_series(1, {n}) m;
INSERT INTO points_hold (member_id, key, points, cancelled, status, release_at, expires_on, counterparty, source,
    title, created_at, occurred_at)
SELECT m, 'order:' || m, {held}, 0, 'waiting', now() + interval '1 day', current_date + {days} * 5, '{source}',
    'rule:order', 'Order', now(), now()
FROM generate_series(1, {n}) m;
SELECT setval(pg_get_serial_sequence('points_lot', 'id'), {n} * {lots});
"""
SPECIAL_ROWS = """
INSERT INTO points_account (member_id, balance, pending, debt, earned_total, spent_total, expired_total)
SELECT m, {wide_lots} * {wide_points}, 0, 0, {wide_lots} * {wide_points}, 0, 0
FROM generate_series({n} + 1, {n} + {wide}) m;
INSERT INTO points_lot (member_id, expires_on, source, granted, returned, remaining, spent, expired, taken_back,
    is_open)
SELECT m, current_date + l, '{source}', {wide_points}, 0, {wide_points}, 0, 0, 0, true
FROM generate_series({n} + 1, {n} + {wide}) m, generate_series(1, {wide_lots}) l;
INSERT INTO points_account (member_id, balance, pending, debt, earned_total, spent_total, expired_total)
SELECT m, {many}, 0, 0, {many}, 0, 0 FROM unnest(ARRAY[{old}, {new}]) m;
INSERT INTO points_lot (member_id, expires_on, source, granted, returned, remaining, spent, expired, taken_back,
    is_open)
SELECT m, current_date + {days} * l, '{source}', {many} / {lots}, 0, {many} / {lots}, 0, 0, 0, true
FROM unnest(ARRAY[{old}, {new}]) m, generate_series(1, {lots}) l;
INSERT INTO points_entry (member_id, kind, amount, debt_change, balance_after, counterparty, source, title, key,
    lot_ids, lot_points, occurred_at)
SELECT {old}, 'award', 1, 0, e, '{source}', 'rule:check_in', 'Daily check-in', 'old:' || e, ARRAY[1], ARRAY[1], now()
FROM generate_series(1, {n}) e;
"""
LEAN_ROWS = """
INSERT INTO lean_account SELECT a, {total} FROM generate_series(1, {n}) a;
INSERT INTO lean_lot (account, expires_on, source, remaining)
SELECT a, current_date + {days} * l, 'award', {points} FROM generate_series(1, {n}) a, generate_series(1, {lots}) l;
INSERT INTO lean_entry (account, amount, key) SELECT a, {total}, 'opening:' || a FROM generate_series(1, {n}) a;
INSERT INTO lean_account SELECT a, {wide_lots} * {wide_points} FROM generate_series({n} + 1, {n} + {wide}) a;
INSERT INTO lean_lot (account, expires_on, source, remaining)
SELECT a, current_date + l, 'award', {wide_points}
FROM generate_series({n} + 1, {n} + {wide}) a, generate_series(1, {wide_lots}) l;
INSERT INTO lean_account SELECT a, {many} FROM unnest(ARRAY[{old}, {new}]) a;
INSERT INTO lean_lot (account, expires_on, source, remaining)
SELECT a, current_date + {days} * l, 'award', {many} / {lots}
FROM unnest(ARRAY[{old}, {new}]) a, generate_series(1, {lots}) l;
INSERT INTO lean_entry (account, amount, key) SELECT {old}, 1, 'old:' || e FROM generate_series(1, {n}) e;
"""


@dataclass(frozen=True)
class Size:
    """How many ordinary members there are, and who the special ones are."""

    accounts: int

    @property
    def wide(self) -> int:
        """Return how many members with fifty lots there are: each pays once. They come right behind the others."""
        return max(60, self.accounts // 50)

    @property
    def old(self) -> int:
        """Return the member with as many entries as there are members."""
        return self.accounts + self.wide + 1

    @property
    def new(self) -> int:
        """Return the member who has lots like the old one, and no entries."""
        return self.old + 1

    def fill(self, statement: str) -> str:
        """Return the statement with the figures in it."""
        return statement.format(
            n=self.accounts, last=self.new, wide=self.wide, old=self.old, new=self.new, many=1_000_000_000,
            lots=LOTS, points=LOT_POINTS, total=LOTS * LOT_POINTS, days=DAYS_APART, held=HELD, source=SOURCE,
            wide_lots=WIDE_LOTS, wide_points=WIDE_LOT_POINTS,
        )  # fmt: skip


def load_product(url: str, size: Size) -> None:
    """Fill the product's empty tables. What they hold passes the audit."""
    _load(url, size.fill(PRODUCT_ROWS))


def load_special(url: str, size: Size) -> None:
    """Add the special members, and the lean tables with the same content."""
    _load(url, size.fill(SPECIAL_ROWS))
    _load(url, LIMIT.read_text(encoding="utf-8"))
    _load(url, size.fill(LEAN_ROWS))


def warm(url: str) -> None:
    """Read every page of the measured tables and their indexes: whoever comes first would otherwise pay for it."""
    with cursor(url) as at_database:
        at_database.execute("SELECT tablename, indexdef FROM pg_indexes WHERE tablename ~ %s", [WARM])
        found = at_database.fetchall()
        for table in sorted({table for table, _definition in found}):
            at_database.execute(f"SELECT count(*) FROM {table}")
        at_database.execute("SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off")
        for table, definition in found:
            columns, where = INDEX_PARTS.search(definition).groups(default="true")
            at_database.execute(
                f"SELECT count(*) FROM (SELECT 1 FROM {table} WHERE {where} ORDER BY {columns}) AS page"
            )


def _load(url: str, statements: str) -> None:
    with cursor(url) as at_database:
        at_database.execute(statements)
        # Its work would fall into somebody's measure; statistics are made here once.
        at_database.execute(
            "SELECT format('ALTER TABLE %%I SET (autovacuum_enabled = false)', relname) FROM pg_class"
            " WHERE relkind = 'r' AND relname ~ %s",
            [MEASURED],
        )
        for (switch_off,) in at_database.fetchall():
            at_database.execute(switch_off)
        at_database.execute("VACUUM ANALYZE")
