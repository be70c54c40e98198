"""Points whose waiting time is over become spendable."""

from datetime import datetime

import structlog
from django.db import transaction

from members.services.growth import add_growth_many
from points import ledger

RELEASE_CHUNK = 1_000

log = structlog.get_logger(__name__)


def release_due(*, at: datetime, chunk: int = RELEASE_CHUNK) -> int:
    """Release every award due at `at`, raise growth values, and return how many. Each chunk commits on its own."""
    total = 0
    while True:
        with transaction.atomic():
            released = ledger.release_due_chunk(at=at, limit=chunk)
            add_growth_many(gains=released, reason="released", at=at)
        if not released:
            log.info("holds_released", holds=total)
            return total
        total += len(released)
