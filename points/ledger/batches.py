"""The same award to many members at once."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import connection

from core.transactions import require_transaction
from points.ledger import accounts


def earn_many(
    *,
    member_ids: Sequence[int],
    points: int,
    key: str,
    counterparty: str,
    source: str,
    title: str,
    breakdown: Mapping[str, Any] | None,
    expires_on: date,
    at: datetime,
) -> list[int]:
    """Do for each member what `movements.earn` does, in a few statements; return who got the points now.

    Who has an entry under `key` is left alone. Up to some thousand members at a time: their accounts stay locked
    until the caller commits.
    """
    require_transaction()
    accounts.require_positive(points)
    encoded = json.dumps(breakdown) if breakdown is not None else None
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT points_earn_many(%s, %s, %s, %s, %s, %s, %s::jsonb, %s, %s)",
            [sorted(set(member_ids)), points, key, counterparty, source, title, encoded, expires_on, at],
        )
        return [member_id for (member_id,) in cursor.fetchall()]
