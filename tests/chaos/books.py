"""What the database holds: every effect by what asked for it, read by plain SQL in one snapshot."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg2

from tests.chaos.world import PARTNER

# What an effect is of, and of which: ("redemption", its key), ("release", an order's number).
Subject = tuple[str, str]

# (kind, subject, value) of each effect. One subject with two rows happened twice; the value is what was moved.
EFFECTS: tuple[str, ...] = (
    """
    SELECT 'redemption', r.request_key, jsonb_build_object('no', r.no, 'points', e.amount)
    FROM mall_redemption r LEFT JOIN points_entry e
        ON e.member_id = r.member_id AND e.key = 'redemption:' || r.id AND e.kind = 'spend'
    """,
    """
    SELECT 'cancellation', r.no, to_jsonb(e.amount) FROM mall_redemption r LEFT JOIN points_entry e
        ON e.member_id = r.member_id AND e.key = 'redemption:' || r.id || ':refund'
    WHERE r.status = 'cancelled' OR e.id IS NOT NULL
    """,
    """
    SELECT 'transfer', t.request_key, jsonb_build_object('no', t.no, 'sent', o.amount, 'received', i.amount)
    FROM points_transfer t
    LEFT JOIN points_entry o ON o.member_id = t.member_id AND o.key = 'transfer:' || t.id AND o.kind = 'transfer_out'
    LEFT JOIN points_entry i ON i.member_id = t.to_member_id AND i.key = 'transfer:' || t.id AND i.kind = 'transfer_in'
    """,
    """
    SELECT 'check-in', m.no || ' ' || c.on, to_jsonb(e.amount) FROM growth_checkin c
    JOIN members_member m ON m.id = c.member_id
    LEFT JOIN points_entry e ON e.member_id = c.member_id AND e.key = 'check_in:' || c.on
    """,
    """
    SELECT 'event', b.event_id, coalesce(b.outcome -> 'award', 'null') FROM growth_behaviour b
    JOIN members_partner p ON b.origin = 'partner:' || p.id WHERE p.code = %(partner)s
    """,
    """
    SELECT 'order', o.order_no, to_jsonb(h.points) FROM growth_order o
    LEFT JOIN points_hold h ON h.member_id = o.member_id AND h.key LIKE 'order:' || o.id || ':%%'
    """,
    """
    SELECT 'release', o.order_no, to_jsonb(e.amount) FROM growth_order o
    JOIN points_entry e ON e.member_id = o.member_id AND e.key LIKE 'order:' || o.id || ':%%' AND e.kind = 'award'
    """,
    """
    SELECT 'refund', o.order_no || ' ' || f.refund_no, to_jsonb(f.refund_fen)
    FROM growth_orderrefund f JOIN growth_order o ON o.id = f.order_id
    """,
    """
    SELECT 'review', v.review_id, to_jsonb(e.amount) FROM growth_review v
    LEFT JOIN points_entry e ON e.member_id = v.member_id AND e.key LIKE 'review:' || v.id || ':%%'
    """,
)
# What a member has, waits for and owes, in one number that no release, expiry of a wait or repayment changes.
PURSES = """
SELECT m.no, a.balance + a.pending - a.debt FROM points_account a JOIN members_member m ON m.id = a.member_id
"""
OPEN_JOBS = "SELECT name, count(*) FROM core_outboxjob WHERE done_at IS NULL GROUP BY name"
# Redemptions whose job has not had its effect exactly once: a code for each piece, or one move to the shipping queue.
UNFULFILLED = """
SELECT r.no FROM mall_redemption r JOIN mall_item i ON i.id = r.item_id
WHERE r.status <> 'cancelled' AND (
    (SELECT count(*) FROM mall_couponcode c WHERE c.redemption_id = r.id)
        <> CASE i.kind WHEN 'coupon' THEN r.quantity ELSE 0 END
    OR (SELECT count(*) FROM mall_redemptionmove v WHERE v.redemption_id = r.id AND v.old = 'paid') <> 1
)
"""


@dataclass(frozen=True, kw_only=True)
class Books:
    """Effects by subject, net points by member number, and the names of what no worker has (rightly) done."""

    effects: Mapping[Subject, list[Any]]
    purses: Mapping[str, int]
    open_jobs: Mapping[str, int]
    unfulfilled: list[str]


def read(database_url: str) -> Books:
    """Read everything in one snapshot."""
    with _snapshot(database_url) as cursor:
        effects: dict[Subject, list[Any]] = defaultdict(list)
        for query in EFFECTS:
            for kind, subject, value in _rows(cursor, query):
                effects[kind, subject].append(value)
        return Books(
            effects=dict(effects),
            purses=dict(_rows(cursor, PURSES)),
            open_jobs=dict(_rows(cursor, OPEN_JOBS)),
            unfulfilled=[no for (no,) in _rows(cursor, UNFULFILLED)],
        )


def open_jobs(database_url: str) -> int:
    """Return how many jobs are not done yet."""
    with _snapshot(database_url) as cursor:
        return sum(count for _name, count in _rows(cursor, OPEN_JOBS))


def _rows(cursor: Any, query: str) -> Iterable[Any]:
    cursor.execute(query, {"partner": PARTNER})
    rows: Iterable[Any] = cursor.fetchall()
    return rows


@contextmanager
def _snapshot(database_url: str) -> Iterator[Any]:
    connection = psycopg2.connect(database_url.replace("postgres://", "postgresql://", 1))
    try:
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()
