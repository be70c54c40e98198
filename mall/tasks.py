"""Celery's doors into the mall."""

from typing import Any

from celery import shared_task

from core.business_time import now
from mall.services.forget import forget_closed_members
from mall.services.fulfil import fulfil as fulfil_redemption
from mall.services.fulfil import queue_overdue


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
