"""One beat at a time: a scheduler that only ticks while it holds an advisory lock in PostgreSQL.

A second beat started by mistake, or kept as a spare, waits and takes over when the first one's connection ends.
"""

from typing import Any

import psycopg2
import structlog
from celery.beat import PersistentScheduler
from django.db import connection

# Any fixed number of our own; shown by pg_locks as the holder's objid.
LOCK_NUMBER = 5_202_601
RETRY_SECONDS = 5.0

log = structlog.get_logger(__name__)


class SingleBeatScheduler(PersistentScheduler):
    """Celery's file-backed scheduler, quiet unless it is the one beat."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._holder: Any = None
        super().__init__(*args, **kwargs)

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send what is due and return the seconds to wait; without the lock send nothing."""
        if not self._holds_lock():
            return RETRY_SECONDS
        return min(float(super().tick(*args, **kwargs)), RETRY_SECONDS)

    def close(self) -> None:
        """Let the lock go, so that a waiting beat takes over at once."""
        if self._holder is not None:
            self._holder.close()
            self._holder = None
        super().close()

    def _holds_lock(self) -> bool:
        try:
            if self._holder is None:
                self._holder = psycopg2.connect(**connection.get_connection_params())
                self._holder.autocommit = True
            with self._holder.cursor() as cursor:
                # Asking again on the same connection would count the lock twice; it is let go with the connection.
                cursor.execute(
                    "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = %s"
                    " AND pid = pg_backend_pid()) OR pg_try_advisory_lock(%s)",
                    [LOCK_NUMBER, LOCK_NUMBER],
                )
                return bool(cursor.fetchone()[0])
        except psycopg2.Error:
            log.warning("beat_without_database")
            self._holder = None
            return False
