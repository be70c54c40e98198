"""Celery's doors into points."""

from typing import Any

from celery import shared_task

from core.business_time import now
from points import services


@shared_task(name="points.expire_due", ignore_result=True)
def expire_due(**_later: Any) -> None:
    """Expire what is due."""
    services.expire_due(at=now())


@shared_task(name="points.audit", ignore_result=True)
def audit(**_later: Any) -> None:
    """Check the whole ledger and keep the findings."""
    services.run_audit(at=now())
