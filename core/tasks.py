"""Celery's doors into core."""

from datetime import timedelta
from typing import Any

from celery import shared_task
from django.conf import settings

from core import idempotency, jobs
from core.business_time import now


@shared_task(name="core.run_job", ignore_result=True)
def run_job(*, job_id: int, **_later: Any) -> None:
    """Run one job of the outbox."""
    jobs.run(job_id=job_id, at=now())


@shared_task(name="core.sweep_outbox", ignore_result=True)
def sweep_outbox(**_later: Any) -> None:
    """Send hints for jobs whose first hint was lost, or whose last try failed."""
    jobs.sweep(at=now())


@shared_task(name="core.purge", ignore_result=True)
def purge(**_later: Any) -> None:
    """Delete finished jobs and old answers."""
    jobs.purge_done(before=now() - timedelta(days=7))
    idempotency.purge(before=now() - timedelta(days=settings.IDEMPOTENCY_KEEP_DAYS))
