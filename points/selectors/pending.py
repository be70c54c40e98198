"""Reading points that wait."""

from typing import Any

from django.db.models import F, QuerySet

from points.models import Hold, HoldStatus


def waiting(*, member_id: int) -> QuerySet[Hold, dict[str, Any]]:
    """Return what still waits of the member's awards; the caller orders and pages them."""
    holds: Any = Hold.objects.filter(member_id=member_id, status=HoldStatus.WAITING)
    found: QuerySet[Hold, dict[str, Any]] = holds.annotate(left=F("points") - F("cancelled")).values(
        "id", "left", "source", "title", "breakdown", "occurred_at", "release_at", "expires_on"
    )
    return found
