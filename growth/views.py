"""Check-ins, ways to earn, and partners' reports."""

from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api import PartnerView
from core.business_time import business_day, now
from core.callers import caller_of
from core.idempotency import idempotent_if_keyed
from core.serializers import NothingIn
from growth import selectors
from growth.serializers import (
    MAX_EVENTS,
    CalendarOut,
    CheckInOut,
    EventIn,
    EventsOut,
    MonthQuery,
    TaskOut,
)
from growth.services import check_in
from growth.services.events import Event, report_events
from growth.services.reporting import Reporter


class CheckInsView(APIView):
    """A member's check-ins."""

    @extend_schema(
        summary="A month of check-ins, the streak, the next bonus", parameters=[MonthQuery], responses=CalendarOut
    )
    def get(self, request: Request) -> Response:
        """Answer the calendar of one month."""
        query = MonthQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        at = now()
        month = query.validated_data.get("month")
        first = date.fromisoformat(f"{month}-01") if month else business_day(at)
        return Response(
            selectors.check_in_calendar(member_id=caller_of(request).member_id, month=first, at=at, on=business_day(at))
        )

    @extend_schema(
        summary="Check in for today",
        description="Once per business day; again the same day answers 200 with the same body.",
        request=None,
        responses={201: CheckInOut, 200: CheckInOut},
    )
    # The day itself is the key: a repeat is harmless with or without the header.
    @idempotent_if_keyed
    def post(self, request: Request) -> Response:
        """Check the calling member in."""
        NothingIn(data=request.data).is_valid(raise_exception=True)
        day = check_in.check_in(member_id=caller_of(request).member_id, at=now())
        body = {"on": day.on, "streak": day.streak, "award": day.award}
        return Response(body, status=201 if day.is_new else 200)


class TasksView(APIView):
    """Ways to earn."""

    @extend_schema(summary="The ways to earn, explained", responses=TaskOut(many=True))
    def get(self, request: Request) -> Response:
        """Answer every active rule as a member would read it."""
        at = now()
        return Response(selectors.tasks(member_id=caller_of(request).member_id, at=at, on=business_day(at)))


class EventsView(PartnerView):
    """Partners' reports."""

    @extend_schema(
        summary="Report one event, or up to 1,000",
        description="Each event is taken in on its own: one that is refused does not stop the others.",
        request=PolymorphicProxySerializer(
            component_name="EventsIn", serializers={"event": EventIn}, resource_type_field_name=None
        ),
        responses=EventsOut,
    )
    def post(self, request: Request) -> Response:
        """Take in the events and answer each."""
        principal = caller_of(request)
        reporter = Reporter(
            partner_id=principal.partner_id,
            behaviours=principal.behaviours,
            is_history=principal.may_report_history,
        )
        bodies = _bodies(request.data)
        parsed = [_parse(body) for body in bodies]
        answers = iter(
            report_events(reporter=reporter, events=[event for event in parsed if isinstance(event, Event)], at=now())
        )
        results = [next(answers) if isinstance(event, Event) else event for event in parsed]
        return Response({"results": results})


def _bodies(data: Any) -> list[Any]:
    if not isinstance(data, dict):
        raise serializers.ValidationError({"events": [_("An object is required.")]})
    if "event_id" in data:
        return [data]
    if unknown := set(data) - {"events"}:
        raise serializers.ValidationError({name: [_("Unknown field.")] for name in sorted(unknown)})
    events = data.get("events")
    if not isinstance(events, list) or not 1 <= len(events) <= MAX_EVENTS:
        raise serializers.ValidationError({"events": [_("A list of 1 to 1,000 events is required.")]})
    return events


def _parse(body: Any) -> Event | dict[str, Any]:
    """Return the event, or the answer that says what is wrong with it."""
    form = EventIn(data=body)
    if form.is_valid():
        facts = form.validated_data
        return Event(
            event_id=facts["event_id"],
            behaviour=facts["behaviour"],
            member_ref=facts["member"],
            occurred_at=facts["occurred_at"],
            data=facts["data"],
        )
    event_id = body.get("event_id") if isinstance(body, dict) else None
    return {
        "event_id": event_id if isinstance(event_id, str) else None,
        "status": "error",
        "code": "invalid",
        "message": str(_("The request is not valid.")),
        "fields": form.errors,
    }
