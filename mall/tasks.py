"""Celery's doors into the mall."""

from typing import Any

import structlog
from celery import shared_task

from core.business_time import now
from mall.selectors import stock_faults
from mall.services.forget import forget_closed_members
from mall.services.fulfil import fulfil as fulfil_redemption
from mall.services.fulfil import queue_overdue

log = structlog.get_logger(__name__)


@shared_task(name="mall.fulfil", ignore_result=True)
def fulfil(*, redemption_id: int, **_later: Any) -> None:
    """Hand out a redemption's codes, or queue its goods for shipping."""
    fulfil_redemption(redemption_id=redemption_id, at=now())


@shared_task(name="mall.sweep_unfulfilled", ignore_result=True)
def sweep_unfulfilled(**_later: Any) -> None:
    """Ask again for what was paid long ago and is still not fulfilled."""
    queue_overdue(at=now())


@shared_task(name="mall.forget_closed_members", ignore_result=True)
def forget_closed(**_later: Any) -> None:
    """Remove addresses and notes of members who closed their account."""
    forget_closed_members()


@shared_task(name="mall.audit", ignore_result=True)
def audit(**_later: Any) -> None:
    """Check that stock, codes, redemptions and the ledger agree; faults go to the log as an error."""
    if faults := stock_faults():
        log.error("mall_audit_found_faults", faults=len(faults), first=str(faults[0]))
