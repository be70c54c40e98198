"""Partners report what members did: one event at a time, each once, each in a transaction of its own."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import OperationalError, connection, transaction
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from core.rows import insert_once
from growth import rules, selectors
from growth.models import Behaviour, BehaviourCode
from growth.rules import PLAIN
from growth.services import orders, reviews
from growth.services.reporting import Report, Reporter, Result, Status
from members.selectors import MemberNotFound, resolve_members, standing
from members.services.standing import require_active

# How old a live event may be, and how far a partner's clock may run ahead of ours.
MAX_AGE = timedelta(days=30)
MAX_AHEAD = timedelta(minutes=5)

# Freezing must not shelter an award: what takes points back is booked for a frozen member too.
TAKING_BACK = frozenset({BehaviourCode.ORDER_REFUNDED})

HANDLERS: dict[str, Callable[[Report], Result]] = {
    BehaviourCode.ORDER_PAID: orders.order_paid,
    BehaviourCode.ORDER_COMPLETED: orders.order_completed,
    BehaviourCode.ORDER_REFUNDED: orders.order_refunded,
    BehaviourCode.REVIEW_POSTED: reviews.review_posted,
}


class BehaviourNotAllowed(DomainError):
    code = "behaviour_not_allowed"
    status = 403
    message = _("This key may not report this behaviour.")


class EventTooOld(DomainError):
    code = "event_too_old"
    status = 409
    message = _("The event is older than this key may report.")


class EventInFuture(DomainError):
    code = "event_in_future"
    status = 409
    message = _("The event lies in the future.")


class EventIdReused(DomainError):
    code = "event_id_reused"
    status = 422
    message = _("This event id was used for another event.")


@dataclass(frozen=True, kw_only=True)
class Event:
    """One event as it was reported. `member_ref` is {"no": …}, {"openid": …} or {"unionid": …}."""

    event_id: str
    behaviour: str
    member_ref: Mapping[str, str]
    occurred_at: datetime
    data: Mapping[str, Any]

    def fingerprint(self) -> str:
        """Return what identifies the event's content, to tell a repeat from a contradiction."""
        facts = [self.behaviour, dict(self.member_ref), self.occurred_at.isoformat(), dict(self.data)]
        return hashlib.sha256(json.dumps(facts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def report_events(*, reporter: Reporter, events: Sequence[Event], at: datetime) -> list[dict[str, Any]]:
    """Take in the events in order and return one answer each; an event that is refused does not stop the others."""
    member_ids = resolve_members(refs=[event.member_ref for event in events])
    # Rules are read once, for all times the events may have happened at: `Report.rules_for` looks at the time.
    terms = selectors.active_rules(behaviours=list(BehaviourCode.values))
    return [
        _answer(reporter=reporter, event=event, member_id=member_id, terms=terms, at=at)
        for event, member_id in zip(events, member_ids, strict=True)
    ]


def _answer(
    *, reporter: Reporter, event: Event, member_id: int | None, terms: list[rules.Terms], at: datetime
) -> dict[str, Any]:
    try:
        with transaction.atomic():
            result = _take_in(reporter=reporter, event=event, member_id=member_id, terms=terms, at=at)
    except DomainError as refusal:
        result = Result(status=Status.ERROR, code=refusal.code, message=str(refusal.message))
    except OperationalError:
        if not connection.is_usable():
            raise
        # A lock that took too long, or a deadlock: this event can be sent again, the others are answered.
        result = Result(status=Status.ERROR, code="unavailable", message=str(_("Please try again in a moment.")))
    return result.answer(event.event_id)


def _take_in(
    *, reporter: Reporter, event: Event, member_id: int | None, terms: list[rules.Terms], at: datetime
) -> Result:
    if member_id is None:
        return _first_answer(reporter, event)
    # The row first: it makes the event happen once, and a repeat is answered even if it would be refused today.
    behaviour = _row(reporter, event, member_id=member_id)
    if not insert_once(behaviour):
        return _first_answer(reporter, event)
    _require_right(reporter, event, at=at)
    standing_of = standing if event.behaviour in TAKING_BACK else require_active
    member = standing_of(member_id=member_id)
    report = Report(
        reporter=reporter,
        member_id=member_id,
        data=event.data,
        occurred_at=event.occurred_at,
        at=at,
        tier_name=member.tier_name,
        tier_multiplier=PLAIN if reporter.is_history else member.earn_multiplier,
        terms=terms,
    )
    result = HANDLERS[event.behaviour](report)
    Behaviour.objects.filter(pk=behaviour.pk).update(outcome={"status": result.status, "award": result.award})
    return result


def _first_answer(reporter: Reporter, event: Event) -> Result:
    first = Behaviour.objects.filter(origin=reporter.origin, event_id=event.event_id).first()
    if first is None:
        raise MemberNotFound
    if first.fingerprint != event.fingerprint():
        raise EventIdReused
    return Result(status=Status.DUPLICATE, award=(first.outcome or {}).get("award"))


def _require_right(reporter: Reporter, event: Event, *, at: datetime) -> None:
    if reporter.behaviours and event.behaviour not in reporter.behaviours:
        raise BehaviourNotAllowed
    if event.occurred_at > at + MAX_AHEAD:
        raise EventInFuture
    if event.occurred_at < at - MAX_AGE and not reporter.is_history:
        raise EventTooOld(detail={"max_days": MAX_AGE.days})


def _row(reporter: Reporter, event: Event, *, member_id: int) -> Behaviour:
    return Behaviour(
        member_id=member_id,
        code=event.behaviour,
        origin=reporter.origin,
        event_id=event.event_id,
        fingerprint=event.fingerprint(),
        occurred_at=event.occurred_at,
        data=dict(event.data),
    )
