"""What an answer promises, and what a wish may do at all: the effects that the database must, or may, hold."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.chaos.books import Subject
from tests.chaos.journal import Answer, Wish
from tests.chaos.world import World

# What each kind may be answered. Everything else is a fault: no client asks for what it has no right to.
ANSWERED = {
    "check_in": {200, 201},
    "redeem": {201, 402, 409},
    "cancel": {200, 409},
    "transfer": {201, 402, 409},
    "events": {200},
}
REFUSED = 400
BUSINESS_ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class Promise:
    """One effect: what it is of, what it moves, and by how much it changes which members' purses."""

    subject: Subject
    value: Any
    moves: tuple[tuple[str, int], ...] = ()


def of(wish: Wish, answer: Answer, world: World) -> list[Promise]:
    """Return all that the answer promises; nothing when it refuses."""
    if answer.status >= REFUSED:
        return []
    body = json.loads(answer.body)
    if wish.kind == "events":
        pairs = zip(wish.body["events"], body["results"], strict=True)
        return [promise for event, result in pairs for promise in _of_event(event, result)]
    member = _member_no(wish, world)
    if wish.kind == "check_in":
        points = body["award"]["points"]
        return [Promise(("check-in", f"{member} {body['on']}"), points, ((member, points),))]
    if wish.kind == "redeem":
        paid = {"no": body["no"], "points": -body["points"]}
        return [Promise(("redemption", wish.key), paid, ((member, -body["points"]),))]
    if wish.kind == "cancel":
        return [Promise(("cancellation", body["no"]), body["points"], ((member, body["points"]),))]
    points, taker = wish.body["points"], wish.body["to_member_no"]
    given = {"no": body["no"], "sent": -points, "received": points}
    return [Promise(("transfer", wish.key), given, ((member, -points), (taker, points)))]


def possible(wish: Wish, world: World) -> list[Subject]:
    """Return all that the wish may have done, should its answer have been lost."""
    if wish.kind == "events":
        return [subject for event in wish.body["events"] for subject in _possible_of_event(event)]
    if wish.kind == "check_in":
        asked = datetime.fromisoformat(wish.asked_at).astimezone(BUSINESS_ZONE)
        days = {asked.date(), (asked + timedelta(minutes=5)).date()}
        return [("check-in", f"{_member_no(wish, world)} {day}") for day in sorted(days)]
    if wish.kind == "cancel":
        return [("cancellation", wish.path.split("/")[-2])]
    return [("redemption" if wish.kind == "redeem" else "transfer", wish.key)]


def moves_of_lost(wish: Wish, subject: Subject, value: Any, world: World) -> tuple[tuple[str, int], ...]:
    """Return what an effect nobody was answered has moved, by the value found in the database."""
    kind, _of_which = subject
    if kind == "event":
        (event,) = (event for event in wish.body["events"] if ("event", event["event_id"]) == subject)
        return _moves_of_event(event, value)
    if kind not in {"redemption", "cancellation", "check-in", "transfer"}:
        return ()
    member = _member_no(wish, world)
    if kind == "transfer":
        return (member, value["sent"]), (wish.body["to_member_no"], value["received"])
    return ((member, value["points"] if kind == "redemption" else value),)


def _of_event(event: dict[str, Any], result: dict[str, Any]) -> Iterator[Promise]:
    award = result.get("award")
    points = award["points"] if award else None
    yield Promise(("event", event["event_id"]), award, _moves_of_event(event, award))
    for subject in _possible_of_event(event)[1:]:
        if subject[0] == "refund":
            yield Promise(subject, event["data"]["refund_fen"])
        elif subject[0] != "release" or points:
            yield Promise(subject, points)


def _possible_of_event(event: dict[str, Any]) -> list[Subject]:
    data = event["data"]
    subjects = {
        "order_paid": ("order", data.get("order_no")),
        "order_completed": ("release", data.get("order_no")),
        "order_refunded": ("refund", f"{data.get('order_no')} {data.get('refund_no')}"),
        "review_posted": ("review", data.get("review_id")),
    }
    return [("event", event["event_id"]), subjects[event["behaviour"]]]


def _moves_of_event(event: dict[str, Any], award: dict[str, Any] | None) -> tuple[tuple[str, int], ...]:
    # A completion only turns waiting points into others.
    if award is None or event["behaviour"] == "order_completed":
        return ()
    return ((event["member"]["no"], award["points"]),)


def _member_no(wish: Wish, world: World) -> str:
    assert wish.member is not None
    return world.members[wish.member].no
