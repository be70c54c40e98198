"""Celery's doors into points."""

from typing import Any

from celery import shared_task

from core.business_time import now
from points.services import audits, closing, release, sealing


@shared_task(name="points.release_due", ignore_result=True)
def release_due(**_later: Any) -> None:
    """Release awards whose waiting time is over."""
    release.release_due(at=now())


@shared_task(name="points.audit", ignore_result=True)
def audit(**_later: Any) -> None:
    """Check the whole ledger and keep the findings."""
    audits.run_audit(at=now())


@shared_task(name="points.prepare_days", ignore_result=True)
def prepare_days(**_later: Any) -> None:
    """Prepare the days of the book that are over, for finance to close."""
    closing.prepare_days(at=now())


@shared_task(name="points.seal", ignore_result=True)
def seal(**_later: Any) -> None:
    """Seal new entries into the Merkle log and publish the checkpoints."""
    sealing.seal(at=now())
