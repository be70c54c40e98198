"""Growth value, and the tier that follows from it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from members.models import Member, TierChange
from members.selectors import MemberNotFound

# RETURNING sees the row as this very update left it, even after waiting for another one. A join in FROM would not:
# it keeps the tier that was read before the wait, and the update would then be lost.
ADD = """
UPDATE members_member AS member SET growth_value = GREATEST(member.growth_value + %(points)s, 0)
WHERE member.id = %(member_id)s
RETURNING member.growth_value, member.tier_id, (
    SELECT tier.id FROM members_tier AS tier
    WHERE tier.growth_threshold <= member.growth_value
      AND tier.level > (SELECT held.level FROM members_tier AS held WHERE held.id = member.tier_id)
    ORDER BY tier.level DESC LIMIT 1)
"""


# For many members at once: first the values, which locks the rows, then the tiers by what the rows hold now.
ADD_MANY = """
WITH gained AS (
    SELECT member_id, sum(points) AS points FROM unnest(%(member_ids)s::bigint[], %(points)s::bigint[])
    AS gain (member_id, points) GROUP BY member_id
), locked AS (
    SELECT id FROM members_member WHERE id = ANY (%(member_ids)s) ORDER BY id FOR NO KEY UPDATE
)
UPDATE members_member AS member SET growth_value = GREATEST(member.growth_value + gained.points, 0)
FROM gained JOIN locked ON locked.id = gained.member_id WHERE member.id = gained.member_id
"""
RAISE_TIERS = """
WITH earned AS (
    SELECT member.id, member.tier_id AS old_id, member.growth_value, (
        SELECT tier.id FROM members_tier AS tier
        WHERE tier.growth_threshold <= member.growth_value AND tier.level > held.level
        ORDER BY tier.level DESC LIMIT 1) AS new_id
    FROM members_member AS member JOIN members_tier AS held ON held.id = member.tier_id
    WHERE member.id = ANY (%(member_ids)s)
), raised AS (
    UPDATE members_member AS member SET tier_id = earned.new_id, tier_since = %(at)s
    FROM earned WHERE member.id = earned.id AND earned.new_id IS NOT NULL
)
INSERT INTO members_tierchange (member_id, old_id, new_id, growth_value, because, at)
SELECT id, old_id, new_id, growth_value, %(because)s, %(at)s FROM earned WHERE new_id IS NOT NULL
"""


def add_growth_many(*, gains: Sequence[tuple[int, int]], reason: str, at: datetime) -> None:
    """Add points to the growth values of many members: (member id, points) each; a member may come more than once.

    Like `add_growth` for each of them, in two statements.
    """
    values: dict[str, Any] = {
        "member_ids": [member_id for member_id, _points in gains],
        "points": [points for _member_id, points in gains],
        "because": reason[:200],
        "at": at,
    }
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        cursor.execute(ADD_MANY, values)
        cursor.execute(RAISE_TIERS, values)


def add_growth(*, member_id: int, points: int, reason: str, at: datetime) -> None:
    """Add `points` (negative when an award is taken back) to the growth value and raise the tier at once if earned.

    The value never falls below 0 and the tier never falls here; `reason` is logged with a rise. Takes the member's
    row lock until the caller's transaction ends. Raises MemberNotFound.
    """
    # Mostly part of a larger use case; a savepoint of its own would cost hot requests two statements.
    with transaction.atomic(savepoint=False):
        growth_value, tier_id, earned_tier_id = _add(member_id=member_id, points=points)
        if earned_tier_id is None:
            return
        Member.objects.filter(pk=member_id).update(tier_id=earned_tier_id, tier_since=at)
        TierChange.objects.create(
            member_id=member_id,
            old_id=tier_id,
            new_id=earned_tier_id,
            growth_value=growth_value,
            because=reason[:200],
            at=at,
        )


def _add(*, member_id: int, points: int) -> tuple[int, int, int | None]:
    with connection.cursor() as cursor:
        cursor.execute(ADD, {"member_id": member_id, "points": points})
        row: tuple[int, int, int | None] | None = cursor.fetchone()
    if row is None:
        raise MemberNotFound
    return row
