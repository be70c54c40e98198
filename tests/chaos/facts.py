"""What the database holds after all kills, read by plain SQL, and what must be true of it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2

OUTCOMES = """
SELECT b.event_id, b.outcome -> 'award' FROM growth_behaviour b
JOIN members_partner p ON b.origin = 'partner:' || p.id WHERE p.code = 'cdnow'
"""
BOOKED = """
SELECT o.order_no, coalesce(sum(e.amount), 0)::bigint FROM growth_order o
JOIN members_partner p ON p.id = o.partner_id
LEFT JOIN points_entry e ON e.member_id = o.member_id AND e.kind = 'award' AND e.key LIKE 'order:' || o.id || ':%'
WHERE p.code = 'cdnow' GROUP BY o.id
"""
SPENDS = """
SELECT r.no, coalesce(array_agg(e.amount) FILTER (WHERE e.id IS NOT NULL), '{}') FROM mall_redemption r
LEFT JOIN points_entry e ON e.member_id = r.member_id AND e.key = 'redemption:' || r.id GROUP BY r.id
"""
DELIVERED = """
SELECT r.no FROM mall_redemption r JOIN mall_couponcode c ON c.redemption_id = r.id
GROUP BY r.no, r.quantity HAVING count(*) = r.quantity
"""
TAKEN_IN = {"awarded", "pending", "none", "duplicate"}


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Awards by event, points booked by order, spend entries and handed-out codes by redemption."""

    outcomes: Mapping[str, Any]
    booked: Mapping[str, int]
    spends: Mapping[str, list[int]]
    delivered: frozenset[str]


def read(database_url: str) -> Facts:
    """Read everything in one snapshot."""
    connection = psycopg2.connect(database_url.replace("postgres://", "postgresql://", 1))
    try:
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        with connection.cursor() as cursor:

            def rows(query: str) -> list[tuple[Any, ...]]:
                cursor.execute(query)
                return cursor.fetchall()

            return Facts(
                outcomes=dict(rows(OUTCOMES)),
                booked=dict(rows(BOOKED)),
                spends=dict(rows(SPENDS)),
                delivered=frozenset(no for (no,) in rows(DELIVERED)),
            )
    finally:
        connection.close()


def read_journal(path: Path) -> list[dict[str, Any]]:
    """Return the answers a replay wrote down. A line without its end was being written when the replay was killed."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]


def faults(
    facts: Facts, *, answers: Iterable[Mapping[str, Any]], expected: Mapping[str, int], placed: Mapping[str, int]
) -> list[str]:
    """Return what is not as it was answered, or as the file says; an empty list when all is right.

    `answers` are all answers of all replays, `expected` the points of each purchase by the file, `placed` the points
    of each redemption that was promised.
    """
    return [
        *_lost_or_changed(facts, answers),
        *_misbooked(facts, expected),
        *_unpaid(facts, placed),
    ]


def _lost_or_changed(facts: Facts, answers: Iterable[Mapping[str, Any]]) -> list[str]:
    found = []
    for answer in answers:
        event_id = answer["event_id"]
        if answer["status"] not in TAKEN_IN:
            found.append(f"{event_id} was answered {answer['status']}")
        elif event_id not in facts.outcomes:
            found.append(f"{event_id} was answered {answer['status']}, but is lost")
        elif facts.outcomes[event_id] != answer.get("award"):
            found.append(f"{event_id} was answered another award than was kept")
    return found


def _misbooked(facts: Facts, expected: Mapping[str, int]) -> list[str]:
    found = [
        f"purchase {order_no} is worth {points}, but {facts.booked.get(order_no)} are booked"
        for order_no, points in expected.items()
        if facts.booked.get(order_no) != points
    ]
    found += [f"purchase {order_no} is not in the file" for order_no in facts.booked.keys() - expected.keys()]
    if len(facts.outcomes) != 2 * len(expected):
        found.append(f"{len(facts.outcomes)} events were taken in, not {2 * len(expected)}")
    return found


def _unpaid(facts: Facts, placed: Mapping[str, int]) -> list[str]:
    return [
        f"redemption {no} was promised for {points}, its entries are {facts.spends.get(no)}"
        for no, points in placed.items()
        if facts.spends.get(no) != [-points]
    ]
