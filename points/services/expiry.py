"""Points whose last day is over are taken off the balance."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import structlog
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.business_time import business_day
from core.chain import Done
from points.ledger import expiry

# Measured: chunks of 5,000 to 10,000 lots are as fast as larger ones, which hold their locks for seconds.
CHUNK = 5_000

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Expired:
    """What one run of the expiry job booked."""

    lots: int
    points: int


def expire_due(*, at: datetime, chunk: int = CHUNK) -> Expired:
    """Expire every lot whose last business day is over at `at`. Each chunk commits: killed, it goes on where it was."""
    lots_total = points_total = 0
    on = business_day(at)
    while member_ids := expiry.due(on=on, skip=[], limit=chunk):
        with transaction.atomic():
            lots, points = expiry.expire(member_ids=member_ids, on=on, at=at)
        lots_total += lots
        points_total += points
    log.info("points_expired", lots=lots_total, points=points_total)
    return Expired(lots=lots_total, points=points_total)


class ExpiryStep:
    """The nightly chain's expiry. What it has processed is not due any more, so it needs no cursor."""

    name = "expire"
    title = _("Expire points")
    chunk = CHUNK

    def due(self, *, at: datetime, on: date, after: int, skip: Sequence[int], limit: int) -> list[int]:
        """Return members with points whose last day is before `on`."""
        return expiry.due(on=on, skip=skip, limit=limit)

    def process(self, *, ids: Sequence[int], at: datetime, on: date) -> Done:
        """Expire what is due of these members."""
        lots, points = expiry.expire(member_ids=ids, on=on, at=at)
        return Done(rows=lots, points=points)


STEP = ExpiryStep()
