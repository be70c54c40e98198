"""The only way a redemption changes its state."""

from datetime import datetime
from typing import Any

from django.db import connection

from core.transactions import require_transaction
from mall.models import NEXT, RedemptionStatus

# Compare-and-set and its log line in one statement. Of two that meet, the second waits for the first, sees the new
# status and changes nothing.
MOVE = """
WITH moved AS (
    UPDATE mall_redemption SET
        status = %(new)s,
        paid_at = CASE WHEN %(new)s = 'paid' THEN %(at)s ELSE paid_at END,
        shipped_at = CASE WHEN %(new)s = 'shipped' THEN %(at)s ELSE shipped_at END,
        completed_at = CASE WHEN %(new)s = 'completed' THEN %(at)s ELSE completed_at END,
        cancelled_at = CASE WHEN %(new)s = 'cancelled' THEN %(at)s ELSE cancelled_at END
    WHERE id = %(redemption_id)s AND status = ANY (%(legal)s)
    RETURNING id, member_id, old.status AS old
)
INSERT INTO mall_redemptionmove (redemption_id, member_id, old, new, by, because, at)
SELECT id, member_id, old, %(new)s, %(by)s, %(because)s, %(at)s FROM moved
"""
COMES_FROM = {new: [str(old) for old, legal in NEXT.items() if new in legal] for new in RedemptionStatus}

BY_MEMBER = "member"
BY_SYSTEM = "system"


def move(*, redemption_id: int, to: RedemptionStatus, by: str, at: datetime, because: str = "") -> bool:
    """Move the redemption to `to` if NEXT allows it from where it is; return whether it moved.

    `by` is BY_MEMBER, BY_SYSTEM or a staff user's name. The row stays locked until the caller's transaction ends.
    """
    require_transaction()
    values: dict[str, Any] = {
        "redemption_id": redemption_id,
        "new": str(to),
        "legal": COMES_FROM[to],
        "by": by,
        "because": because[:200],
        "at": at,
    }
    with connection.cursor() as cursor:
        cursor.execute(MOVE, values)
        return bool(cursor.rowcount)
