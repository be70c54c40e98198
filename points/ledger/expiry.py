"""Points whose last day is over."""

from collections.abc import Sequence
from datetime import date, datetime

from django.db import connection

from core.transactions import require_transaction


def due(*, on: date, skip: Sequence[int], limit: int) -> list[int]:
    """Return members, none of `skip`, of the `limit` open lots that expired first before the business day `on`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT member_id FROM ("
            " SELECT member_id FROM points_lot WHERE is_open AND expires_on < %s"
            " AND member_id <> ALL (%s::bigint[]) ORDER BY expires_on, member_id LIMIT %s) AS due ORDER BY member_id",
            [on, list(skip), limit],
        )
        return [member_id for (member_id,) in cursor.fetchall()]


def expire(*, member_ids: Sequence[int], on: date, at: datetime) -> tuple[int, int]:
    """Expire every lot of these members whose last day is before `on`; return (lots, points). Set-based."""
    require_transaction()
    with connection.cursor() as cursor:
        cursor.execute("SELECT lots, points FROM points_expire(%s, %s, %s)", [list(member_ids), on, at])
        lots, points = cursor.fetchone()
    return lots, points
