"""Staff correct a balance: with a reason, and above a threshold with a second person."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.business_time import business_day, end_of_month
from core.errors import DomainError
from core.rows import insert_once
from members.selectors import standing
from members.services.growth import add_growth
from members.services.standing import MemberClosed
from points.ledger import accounts, movements
from points.models import Adjustment, AdjustmentStatus, LedgerPolicy
from points.selectors.adjustments import adjusted_alone


class AdjustmentDecided(DomainError):
    code = "adjustment_decided"
    status = 409
    message = _("This adjustment has been decided already.")


class OwnAdjustment(DomainError):
    code = "own_adjustment"
    status = 403
    message = _("Somebody else than who asked for it must decide.")


class AdjustmentDayPast(DomainError):
    code = "adjustment_day_past"
    status = 400
    message = _("Points cannot be given that have expired already.")


class AdjustmentKeyReused(DomainError):
    code = "adjustment_key_reused"
    status = 409
    message = _("This form was sent before with something else in it. Open it anew.")


@dataclass(frozen=True, kw_only=True)
class Request:
    """What staff ask for: `points` to give (positive) or take (negative). `key` makes a repeated form one request."""

    member_id: int
    points: int
    reason: str
    note: str
    title: str
    expires_on: date | None
    counts_for_growth: bool
    key: str


def request_adjustment(*, request: Request, staff_id: int, at: datetime) -> Adjustment:
    """Book an adjustment at once, or let it wait for a second person; return it, or the first one of the same key.

    One person may move so many points per member and business day as the ledger policy says, both ways added up, so
    that a large adjustment cannot be made of small ones. Raises InsufficientPoints, AdjustmentDayPast, MemberClosed.
    """
    policy = LedgerPolicy.objects.get()
    on = business_day(at)
    if request.points > 0 and request.expires_on and request.expires_on < on:
        raise AdjustmentDayPast
    with transaction.atomic():
        _lock_open(request.member_id)
        used = adjusted_alone(member_id=request.member_id, staff_id=staff_id, on=on)
        alone = used + abs(request.points) <= policy.adjustment_threshold
        adjustment = Adjustment(
            member_id=request.member_id,
            points=request.points,
            reason=request.reason,
            note=request.note,
            title=request.title,
            expires_on=request.expires_on or end_of_month(on, months_later=policy.adjustment_months),
            counts_for_growth=request.counts_for_growth,
            request_key=request.key,
            needs_approval=not alone,
            requested_by_id=staff_id,
            requested_on=on,
            requested_at=at,
        )
        if not insert_once(adjustment):
            return _first_under_key(request, staff_id=staff_id)
        if alone:
            _book(adjustment, at=at)
    return adjustment


def approve_adjustment(*, adjustment_id: int, staff_id: int, note: str = "", at: datetime) -> Adjustment:
    """Book what somebody else asked for.

    Raises AdjustmentDecided, OwnAdjustment, InsufficientPoints, AdjustmentDayPast, MemberClosed; it waits on then.
    """
    with transaction.atomic():
        adjustment = _decide(adjustment_id, staff_id=staff_id, note=note, at=at)
        _lock_open(adjustment.member_id)
        if adjustment.points > 0 and adjustment.expires_on and adjustment.expires_on < business_day(at):
            raise AdjustmentDayPast
        _book(adjustment, at=at)
    return adjustment


def reject_adjustment(*, adjustment_id: int, staff_id: int, note: str = "", at: datetime) -> Adjustment:
    """Refuse what is waiting; who asked for it may also withdraw it. Raises AdjustmentDecided."""
    with transaction.atomic():
        adjustment = _waiting(adjustment_id)
        own = adjustment.requested_by_id == staff_id
        adjustment.status = AdjustmentStatus.WITHDRAWN if own else AdjustmentStatus.REJECTED
        adjustment.decided_by_id, adjustment.decided_at, adjustment.decision_note = staff_id, at, note
        adjustment.save()
    return adjustment


def _lock_open(member_id: int) -> None:
    """Lock the member's account, so that two requests of one person see each other; frozen members may be corrected."""
    accounts.lock_or_open(member_id)
    if standing(member_id=member_id).status == "closed":
        raise MemberClosed


def _first_under_key(request: Request, *, staff_id: int) -> Adjustment:
    """Return what the form made when it was first sent. One that was changed since, or taken over, is another wish."""
    first = Adjustment.objects.get(request_key=request.key)
    if (first.member_id, first.points, first.requested_by_id) != (request.member_id, request.points, staff_id):
        raise AdjustmentKeyReused
    return first


def _waiting(adjustment_id: int) -> Adjustment:
    adjustment = Adjustment.objects.select_for_update().get(pk=adjustment_id)
    if adjustment.status != AdjustmentStatus.WAITING:
        raise AdjustmentDecided
    return adjustment


def _decide(adjustment_id: int, *, staff_id: int, note: str, at: datetime) -> Adjustment:
    adjustment = _waiting(adjustment_id)
    if adjustment.requested_by_id == staff_id:
        raise OwnAdjustment
    adjustment.decided_by_id, adjustment.decided_at, adjustment.decision_note = staff_id, at, note
    return adjustment


def _book(adjustment: Adjustment, *, at: datetime) -> None:
    adjustment.status = AdjustmentStatus.BOOKED
    adjustment.save()
    movements.adjust(
        member_id=adjustment.member_id,
        points=adjustment.points,
        key=f"adjustment:{adjustment.pk}",
        source=f"adjustment:{adjustment.reason}",
        title=adjustment.title,
        expires_on=adjustment.expires_on or business_day(at),
        at=at,
    )
    if adjustment.counts_for_growth:
        add_growth(
            member_id=adjustment.member_id,
            points=adjustment.points,
            reason=f"adjustment:{adjustment.pk}",
            at=at,
        )
