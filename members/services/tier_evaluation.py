"""Tiers looked at for everybody, every night.

Growth raises a tier at once (members/services/growth.py). What no growth tells of is found here: a threshold that
staff lowered, a tier put in between, values loaded by hand.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.chain import Done
from core.transactions import require_transaction
from members.services.growth import RAISE_TIERS

DUE = """
SELECT member.id FROM members_member AS member JOIN (
    SELECT held.id, min(higher.growth_threshold) AS line
    FROM members_tier AS held JOIN members_tier AS higher ON higher.level > held.level GROUP BY held.id
) AS ladder ON ladder.id = member.tier_id
WHERE member.id > %(after)s AND member.growth_value >= ladder.line AND member.status <> 'closed'
  AND member.id <> ALL (%(skip)s::bigint[])
ORDER BY member.id LIMIT %(limit)s
"""
# Ordered as add_growth_many does it, and a statement of its own: the tiers are then judged by what the rows hold.
LOCK = "SELECT 1 FROM members_member WHERE id = ANY (%(member_ids)s) ORDER BY id FOR NO KEY UPDATE"


class TierEvaluation:
    """The nightly chain's step. Raises only; each rise is logged as a TierChange."""

    name = "tiers"
    title = _("Tier evaluation")
    chunk = 10_000

    def due(self, *, at: datetime, on: date, after: int, skip: Sequence[int], limit: int) -> list[int]:
        """Return members above `after` whose growth value is enough for a higher tier than they hold."""
        with connection.cursor() as cursor:
            cursor.execute(DUE, {"after": after, "skip": list(skip), "limit": limit})
            return [member_id for (member_id,) in cursor.fetchall()]

    def process(self, *, ids: Sequence[int], at: datetime, on: date) -> Done:
        """Raise these members to the highest tier they qualify for. Two statements, however many they are."""
        require_transaction()
        values: dict[str, Any] = {"member_ids": list(ids), "because": gettext("nightly evaluation"), "at": at}
        with connection.cursor() as cursor:
            cursor.execute(LOCK, values)
            cursor.execute(RAISE_TIERS, values)
            return Done(rows=cursor.rowcount)


STEP = TierEvaluation()
