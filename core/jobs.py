"""Jobs by name, after commit, through an outbox in PostgreSQL.

The job's row commits together with the effect that asked for it, so it can be neither lost nor run for a
transaction that was rolled back. The message on the broker is only a hint to look at the row: if worker, broker
or both die, the sweeper sends the hint again. A job runs inside one transaction with its row locked, so its
effect in the database happens exactly once however many hints arrive.
"""

import json
from datetime import datetime, timedelta
from typing import Any

import structlog
from celery import current_app
from django.db import connection, transaction
from kombu.exceptions import OperationalError

from core.models import OutboxJob
from core.transactions import require_transaction

# How long the hint sent at commit may take before the sweeper sends another.
SWEEP_GRACE = timedelta(seconds=30)
MAX_ATTEMPTS = 12
SWEEP_BATCH = 1000

log = structlog.get_logger(__name__)


def after_commit(name: str, **arguments: Any) -> None:
    """Ask for the Celery task `name` to be run with `arguments` (JSON values) once the transaction has committed."""
    require_transaction()
    with connection.cursor() as cursor:
        # Part of hot requests. Written out it costs a third of the same insert by ORM (0.06 and 0.20 ms).
        cursor.execute(
            "INSERT INTO core_outboxjob (name, arguments, attempts, last_error) VALUES (%s, %s::jsonb, 0, '')"
            " RETURNING id",
            [name, json.dumps(arguments)],
        )
        job_id: int = cursor.fetchone()[0]
    transaction.on_commit(lambda: _send_hint(job_id))


def run(*, job_id: int, at: datetime) -> bool:
    """Run one job of the outbox; return False when it is done already, or being run by another worker.

    A failing job is put back with a growing delay, and given up (visible in admin) after MAX_ATTEMPTS.
    """
    if not _count_attempt(job_id=job_id, at=at):
        return False
    try:
        with transaction.atomic():
            job = _open_jobs().select_for_update(skip_locked=True).filter(pk=job_id).first()
            if job is None:
                return False
            current_app.tasks[job.name].run(**job.arguments)
            OutboxJob.objects.filter(pk=job_id).update(done_at=at)
    except Exception as error:
        log.exception("job_failed", job_id=job_id)
        _put_back(job_id=job_id, error=error, at=at)
        return False
    return True


def sweep(*, at: datetime) -> int:
    """Send a hint for every open job that is due; return how many. The oldest go first."""
    with transaction.atomic():
        due = _open_jobs().filter(due_at__lte=at - SWEEP_GRACE).order_by("due_at").values_list("pk", flat=True)
        job_ids = list(due.select_for_update(skip_locked=True)[:SWEEP_BATCH])
        # Moved on, so that a slow worker's queue is not filled with the same hints at every sweep.
        OutboxJob.objects.filter(pk__in=job_ids).update(due_at=at)
    for job_id in job_ids:
        _send_hint(job_id)
    return len(job_ids)


def run_open_jobs(*, at: datetime) -> int:
    """Run every open job here and now, and those they ask for; return how many ran. For commands and tests."""
    ran = 0
    while job_ids := list(_open_jobs().filter(due_at__lte=at).order_by("pk").values_list("pk", flat=True)):
        ran += sum(run(job_id=job_id, at=at) for job_id in job_ids)
    return ran


def unfinished(*, name: str) -> list[dict[str, Any]]:
    """Return the arguments of the task's jobs that still wait or were given up."""
    return list(OutboxJob.objects.filter(name=name, done_at__isnull=True).values_list("arguments", flat=True))


def retry(*, job_ids: list[int], at: datetime) -> int:
    """Open given-up jobs again; return how many."""
    given_up = OutboxJob.objects.filter(pk__in=job_ids, failed_at__isnull=False)
    return given_up.update(failed_at=None, attempts=0, due_at=at - SWEEP_GRACE)


def purge_done(*, before: datetime) -> int:
    """Delete jobs done before the given moment; return how many."""
    return OutboxJob.objects.filter(done_at__lt=before).delete()[0]


def _open_jobs() -> Any:
    return OutboxJob.objects.filter(done_at__isnull=True, failed_at__isnull=True)


def _count_attempt(*, job_id: int, at: datetime) -> bool:
    """Count the attempt before it is made: a job that kills its worker must not be tried for ever."""
    with transaction.atomic():
        job = _open_jobs().select_for_update(skip_locked=True).filter(pk=job_id).first()
        if job is None:
            return False
        if job.attempts >= MAX_ATTEMPTS:
            job.failed_at = at
        else:
            job.attempts += 1
        job.save(update_fields=["attempts", "failed_at"])
        return job.failed_at is None


def _put_back(*, job_id: int, error: Exception, at: datetime) -> None:
    with transaction.atomic():
        job = _open_jobs().select_for_update().filter(pk=job_id).first()
        if job is None:
            return
        # The first line only: PostgreSQL's further ones hold the values of the row it refused.
        job.last_error = f"{type(error).__name__}: {error}".splitlines()[0][:500]
        job.due_at = at + timedelta(seconds=min(2**job.attempts, 3600))
        job.failed_at = at if job.attempts >= MAX_ATTEMPTS else None
        job.save(update_fields=["attempts", "last_error", "due_at", "failed_at"])


def _send_hint(job_id: int) -> None:
    try:
        current_app.tasks["core.run_job"].apply_async(kwargs={"job_id": job_id}, retry=False)
    except OperationalError:
        # The broker is away. The row stays open, so the sweeper will send the hint when it is back.
        log.warning("job_hint_not_sent", job_id=job_id)
