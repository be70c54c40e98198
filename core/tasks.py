"""Celery's doors into core."""

from datetime import date, timedelta
from typing import Any

from celery import shared_task
from django.conf import settings

from core import chain, idempotency, jobs
from core.business_time import business_day, now

KEEP_RUNS = timedelta(days=400)


@shared_task(name="core.run_job", ignore_result=True)
def run_job(*, job_id: int, **_later: Any) -> None:
    """Run one job of the outbox."""
    jobs.run(job_id=job_id, at=now())


@shared_task(name="core.sweep_outbox", ignore_result=True)
def sweep_outbox(**_later: Any) -> None:
    """Send hints for jobs whose first hint was lost, or whose last try failed."""
    jobs.sweep(at=now())


@shared_task(name="core.run_nightly", ignore_result=True)
def run_nightly(*, on: str | None = None, retry: bool = False, **_later: Any) -> None:
    """Run what is left of a day's nightly chain (today's by default); with `retry` also what had been set aside.

    The broker delivers a task again that takes long; so another worker at work is left alone.
    """
    at = now()
    steps = chain.nightly_steps()
    run = chain.run(steps=steps, on=date.fromisoformat(on) if on else business_day(at), at=at, wait=False)
    if retry:
        chain.retry_set_aside(run_id=run.pk, steps=steps, at=at)


@shared_task(name="core.resume_nightly", ignore_result=True)
def resume_nightly(*, on: str, **_later: Any) -> None:
    """Send word to run a day's chain again, since a job is one transaction and the chain's chunks are one each."""
    run_nightly.apply_async(kwargs={"on": on, "retry": True}, retry=False)


@shared_task(name="core.purge", ignore_result=True)
def purge(**_later: Any) -> None:
    """Delete finished jobs, old answers and the nightly runs of former years."""
    jobs.purge_done(before=now() - timedelta(days=7))
    idempotency.purge(before=now() - timedelta(days=settings.IDEMPOTENCY_KEEP_DAYS))
    chain.purge(before=now() - KEEP_RUNS)
