"""Celery's doors into members."""

from datetime import timedelta
from typing import Any

from celery import shared_task

from core.business_time import now
from members.services import sessions

# Long enough to ask, after a complaint, where somebody had been logged in.
KEEP_SESSIONS = timedelta(days=30)


@shared_task(name="members.purge_sessions", ignore_result=True)
def purge_sessions(**_later: Any) -> None:
    """Delete sessions that ran out a month ago."""
    sessions.purge_sessions(before=now() - KEEP_SESSIONS)
