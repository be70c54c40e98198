"""Celery's doors into growth."""

from datetime import date
from typing import Any

from celery import shared_task

from core.business_time import now
from growth.services import check_in


@shared_task(name="growth.pay_streak_bonus", ignore_result=True)
def pay_streak_bonus(*, member_id: int, on: str, **_later: Any) -> None:
    """Pay the bonus of the streak that a check-in reached."""
    check_in.pay_streak_bonus(member_id=member_id, on=date.fromisoformat(on), at=now())
