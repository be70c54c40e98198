"""Functions come with a migration, and a ledger of the former shape is carried over whole."""

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import psycopg2
import pytest
from django.conf import settings

from points.migrations import _functions

REPOSITORY = Path(__file__).resolve().parents[2]
SCRATCH = "mall_upgrade"

# One of everything the former shape knew: two lots, an award each, a spend over both, a part of it given back, a hold
# of which a part was cancelled.
FORMER_BOOKS = """
INSERT INTO members_tier (id, code, name, level, growth_threshold, earn_multiplier, benefits)
VALUES (1, 'bronze', 'b', 0, 0, 1, '[]');
INSERT INTO members_member (id, no, status, nickname, avatar_url, invited_with, shared_with, tier_id, tier_since,
    growth_value, registered_at)
VALUES (1, '1000000001', 'active', '', '', '', '', 1, now(), 0, now());
INSERT INTO points_account VALUES (1, 40, 15, 0, 100, 60, 0);
INSERT INTO points_lot (id, member_id, expires_on, source, granted, returned, remaining, spent, expired, taken_back,
    is_open)
VALUES (1, 1, '2027-01-31', 'award:a', 50, 0, 0, 50, 0, 0, false),
    (2, 1, '2027-02-28', 'award:a', 50, 10, 40, 20, 0, 0, true);
INSERT INTO points_entry (id, member_id, kind, amount, debt_change, balance_after, counterparty, source, title, key,
    lot_id, reverses_id, occurred_at)
VALUES (1, 1, 'award', 50, 0, 50, 'award:a', 'r', '', 'a', 1, NULL, now()),
    (2, 1, 'award', 50, 0, 100, 'award:a', 'r', '', 'b', 2, NULL, now()),
    (3, 1, 'spend', -70, 0, 30, 'mall', 's', '', 's', NULL, NULL, now()),
    (4, 1, 'refund', 10, 0, 40, 'mall', 's', '', 'r', NULL, 3, now());
INSERT INTO points_consumption (member_id, entry_id, lot_id, points)
VALUES (1, 3, 1, 50), (1, 3, 2, 20), (1, 4, 2, -10);
INSERT INTO points_hold (member_id, key, points, cancelled, status, release_at, expires_on, counterparty, source, title,
    occurred_at)
VALUES (1, 'h', 20, 5, 'waiting', now(), '2027-01-31', 'award:a', 'r', '', now());
SELECT setval('points_entry_id_seq', 4), setval('points_lot_id_seq', 2);
"""


def test_the_newest_migration_was_written_for_the_functions_as_they_are() -> None:
    names = sorted(path.stem for path in (REPOSITORY / "points" / "migrations").glob("0*.py"))
    digests = [getattr(import_module(f"points.migrations.{name}"), "FUNCTIONS_DIGEST", None) for name in names]

    newest = [digest for digest in digests if digest][-1]
    assert newest == _functions.digest(), "a function was changed: install all of them by a new migration"


@pytest.fixture
def scratch(db: None) -> Iterator[str]:
    """Make an empty database beside the test's own, and return its address."""
    facts = settings.DATABASES["default"]
    address = f"postgres://{facts['USER']}:{facts['PASSWORD']}@{facts['HOST']}:{facts['PORT']}"
    name = f"{SCRATCH}_{os.getpid()}"
    server = psycopg2.connect(f"{address}/postgres".replace("postgres://", "postgresql://"))
    server.autocommit = True
    try:
        with server.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name}")
            yield f"{address}/{name}"
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        server.close()


def _manage(address: str, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=REPOSITORY,
        env=os.environ | {"DATABASE_URL": address, "DJANGO_SETTINGS_MODULE": "config.settings", "LOG_LEVEL": "WARNING"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_books_of_the_former_shape_are_carried_over_and_add_up(scratch: str) -> None:
    _manage(scratch, "migrate", "auth")
    _manage(scratch, "migrate", "members", "0001")
    _manage(scratch, "migrate", "points", "0002")
    with psycopg2.connect(scratch.replace("postgres://", "postgresql://")) as former, former.cursor() as cursor:
        cursor.execute(FORMER_BOOKS)

    _manage(scratch, "migrate")

    assert "Audit clean: 1 accounts, 4 entries" in _manage(scratch, "audit_ledger")
    with psycopg2.connect(scratch.replace("postgres://", "postgresql://")) as later, later.cursor() as cursor:
        cursor.execute("SELECT lot_ids, lot_points FROM points_entry ORDER BY id")
        assert cursor.fetchall() == [([1], [50]), ([2], [50]), ([1, 2], [-50, -20]), ([2], [10])]
