"""Points that waited become spendable: on their day, or when a person decides; or they are cancelled.

Growth value rises here and not when points are promised: only what can be spent counts.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import structlog
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.business_time import business_day
from core.chain import Done
from core.errors import DomainError
from members.services.growth import add_growth, add_growth_many
from points.ledger import accounts, holds
from points.models import Hold, HoldChange, HoldStatus, LedgerPolicy

CHUNK = 2_000

log = structlog.get_logger(__name__)


class HoldEnded(DomainError):
    code = "hold_ended"
    status = 409
    message = _("These points do not wait any more.")


class ReasonMissing(DomainError):
    code = "reason_missing"
    status = 400
    message = _("Say why: the reason is kept.")


def release_due(*, at: datetime, chunk: int = CHUNK) -> int:
    """Release every award due at `at`, raise growth values, and return how many. Each chunk commits on its own."""
    total = 0
    while member_ids := holds.due(at=at, skip=[], limit=chunk):
        with transaction.atomic():
            total += len(_release(member_ids, at=at))
    log.info("holds_released", holds=total)
    return total


def release_now(*, hold_id: int, staff_id: int, reason: str, at: datetime) -> int:
    """Release a waiting award before its day, as staff decide, and return its points.

    Its life counts as planned, but is the policy's days of grace at least: points that were held for long can be
    spent all the same. Raises HoldEnded, ReasonMissing.
    """
    with transaction.atomic():
        waiting = _waiting(hold_id, reason)
        grace = business_day(at) + timedelta(days=LedgerPolicy.objects.get().grace_days)
        expires_on = max(waiting.expires_on, grace)
        posting = holds.release(member_id=waiting.member_id, key=waiting.key, expires_on=expires_on, at=at)
        if posting is None:
            raise HoldEnded
        HoldChange.objects.create(
            member_id=waiting.member_id,
            hold=waiting,
            key=f"staff:release:{hold_id}",
            cancelled=0,
            released=posting.amount,
            reason=reason,
            staff_id=staff_id,
            occurred_at=at,
        )
        add_growth(member_id=waiting.member_id, points=posting.amount, reason="released", at=at)
    return posting.amount


def cancel_now(*, hold_id: int, staff_id: int, reason: str, at: datetime) -> int:
    """Cancel a waiting award, as staff decide, and return the points that will not come. Raises as `release_now`."""
    with transaction.atomic():
        waiting = _waiting(hold_id, reason)
        return holds.cancel(
            member_id=waiting.member_id,
            key=waiting.key,
            change_key=f"staff:cancel:{hold_id}",
            reason=reason,
            staff_id=staff_id,
            at=at,
        )


class ReleaseStep:
    """The nightly chain's release. What it has processed is not due any more, so it needs no cursor."""

    name = "release"
    title = _("Release pending points")
    chunk = CHUNK

    def due(self, *, at: datetime, on: date, after: int, skip: Sequence[int], limit: int) -> list[int]:
        """Return members with awards whose waiting time is over."""
        return holds.due(at=at, skip=skip, limit=limit)

    def process(self, *, ids: Sequence[int], at: datetime, on: date) -> Done:
        """Release what is due of these members."""
        released = _release(ids, at=at)
        return Done(rows=len(released), points=sum(points for _member_id, points in released))


STEP = ReleaseStep()


def _release(member_ids: Sequence[int], *, at: datetime) -> list[tuple[int, int]]:
    released = holds.release_due(member_ids=member_ids, at=at)
    add_growth_many(gains=released, reason="released", at=at)
    return released


def _waiting(hold_id: int, reason: str) -> Hold:
    """Return the hold, with its account locked. The account comes first, as in every movement."""
    if not reason.strip():
        raise ReasonMissing
    found = Hold.objects.get(pk=hold_id)
    accounts.lock(found.member_id)
    waiting = Hold.objects.filter(pk=hold_id, status=HoldStatus.WAITING).first()
    if waiting is None:
        raise HoldEnded
    return waiting
