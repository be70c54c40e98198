"""Growth value, and the tier that follows from it."""

from datetime import datetime

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
