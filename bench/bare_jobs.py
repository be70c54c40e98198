"""The jobs' writes as bare SQL: the same rows into the same tables, in chunks that commit, and nothing else.

No locks ahead, no look for what is due, no repeats, nobody who owes, one lot a member: it knows the data. Members are
taken by ranges of ids, which is the cheapest way there is.
"""

import json
import time
from datetime import date, timedelta
from typing import Any

from bench.databases import cursor
from bench.movements import BREAKDOWN, POINTS

AWARD = {"key": "campaign:1", "counterparty": "award:campaign", "source": "campaign:1", "title": "A gift for all"}

ENTRY = """
INSERT INTO points_entry (member_id, kind, amount, debt_change, balance_after, counterparty, source, title, key,
    lot_ids, lot_points, breakdown, occurred_at)
"""
STATEMENTS = {
    "expire": f"""
WITH closed AS (
    UPDATE points_lot SET expired = expired + remaining, remaining = 0, is_open = false
    WHERE member_id BETWEEN %(first)s AND %(last)s AND is_open AND expires_on < %(on)s
    RETURNING id, member_id, expired AS points
), debited AS (
    UPDATE points_account a SET balance = a.balance - c.points, expired_total = a.expired_total + c.points
    FROM closed c WHERE a.member_id = c.member_id RETURNING a.member_id, a.balance
)
{ENTRY}
SELECT c.member_id, 'expire', -c.points, 0, d.balance, 'expiry', 'lot:' || c.id, '', 'expire:' || c.id || ':0',
    ARRAY[c.id], ARRAY[-c.points], NULL::jsonb, now()
FROM closed c JOIN debited d USING (member_id)
""",
    "release": f"""
WITH due AS (
    UPDATE points_hold SET status = 'released', ended_at = now()
    WHERE member_id BETWEEN %(first)s AND %(last)s AND status = 'waiting' AND release_at <= %(on)s
    RETURNING member_id, points, key, counterparty, source, title, breakdown, expires_on, occurred_at
), filled AS (
    INSERT INTO points_lot AS l
        (member_id, expires_on, source, granted, returned, remaining, spent, expired, taken_back, is_open)
    SELECT member_id, expires_on, counterparty, points, 0, points, 0, 0, 0, true FROM due
    ON CONFLICT (member_id, expires_on, source) DO UPDATE
    SET granted = l.granted + EXCLUDED.granted, remaining = l.remaining + EXCLUDED.granted, is_open = true
    RETURNING id, member_id
), credited AS (
    UPDATE points_account a SET balance = a.balance + d.points, earned_total = a.earned_total + d.points,
        pending = a.pending - d.points
    FROM due d WHERE a.member_id = d.member_id RETURNING a.member_id, a.balance
), grown AS (
    UPDATE members_member m SET growth_value = m.growth_value + d.points FROM due d WHERE m.id = d.member_id
)
{ENTRY}
SELECT d.member_id, 'award', d.points, 0, c.balance, d.counterparty, d.source, d.title, d.key, ARRAY[f.id],
    ARRAY[d.points], d.breakdown, d.occurred_at
FROM due d JOIN credited c USING (member_id) JOIN filled f USING (member_id)
""",
    "award": f"""
WITH credited AS (
    UPDATE points_account SET balance = balance + %(points)s, earned_total = earned_total + %(points)s
    WHERE member_id BETWEEN %(first)s AND %(last)s RETURNING member_id, balance
), filled AS (
    INSERT INTO points_lot
        (member_id, expires_on, source, granted, returned, remaining, spent, expired, taken_back, is_open)
    SELECT member_id, %(expires_on)s, %(counterparty)s, %(points)s, 0, %(points)s, 0, 0, 0, true FROM credited
    RETURNING id, member_id
)
{ENTRY}
SELECT c.member_id, 'award', %(points)s, 0, c.balance, %(counterparty)s, %(source)s, %(title)s, %(key)s, ARRAY[f.id],
    ARRAY[%(points)s::bigint], %(breakdown)s::jsonb, now()
FROM credited c JOIN filled f USING (member_id)
""",
}


def run(job: str, url: str, *, on: date, chunk: int, accounts: int) -> tuple[int, float]:
    """Write in chunks of so many members; return (rows, seconds)."""
    values: dict[str, Any] = {
        **AWARD,
        "on": on,
        "points": POINTS,
        "expires_on": on + timedelta(days=90),
        "breakdown": json.dumps(BREAKDOWN),
    }
    rows, started = 0, time.perf_counter()
    with cursor(url) as at_database:
        for first in range(1, accounts + 1, chunk):
            at_database.execute(STATEMENTS[job], values | {"first": first, "last": first + chunk - 1})
            rows += at_database.rowcount
    return rows, time.perf_counter() - started
