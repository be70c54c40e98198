"""Journals, database and audits held against each other. Pure: here, and only here, is decided what is wrong."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.chaos import promises
from tests.chaos.books import Books, Subject
from tests.chaos.journal import Answer, Deed
from tests.chaos.watcher import Look
from tests.chaos.world import OPENING_POINTS, World


@dataclass(frozen=True)
class Fault:
    """What kind of promise was broken, and how.

    lost: answered, but not there. twice: there more than once. otherwise: there, but not as answered. unasked: there,
    but refused, or never asked for. changed: a repeat got another answer. refused: an answer that nobody deserved.
    unanswered: no answer for as long as the client asked. purse: a member's points are not what the answers add up
    to. job: asked of the worker, and not done once. audit: the books contradict themselves. unwatched: nobody looked.
    """

    kind: str
    what: str


def faults(deeds: Sequence[Deed], books: Books, looks: Sequence[Look], world: World) -> list[Fault]:
    """Return all that is not as it was answered; an empty list when all is right."""
    promised, contradictions = _promised(deeds, world)
    return [
        *(fault for deed in deeds for fault in _faults_of_answers(deed)),
        *contradictions,
        *_faults_of_effects(deeds, promised, books, world),
        *_faults_of_purses(deeds, promised, books, world),
        *_faults_of_jobs(books),
        *_faults_of_audits(looks),
    ]


def _faults_of_answers(deed: Deed) -> Iterable[Fault]:
    wish = deed.wish
    if not deed.answers:
        if not wish.given_up:
            yield Fault("unanswered", f"{wish.kind} {wish.key}: {dict(deed.failures)}")
        return
    if len({_told(answer) for answer in deed.answers}) > 1:
        yield Fault("changed", f"{wish.kind} {wish.key}: {[(one.status, one.body[:200]) for one in deed.answers]}")
    for answer in deed.answers:
        if answer.status not in promises.ANSWERED[wish.kind]:
            yield Fault("refused", f"{wish.kind} {wish.key}: {answer.status} {answer.body[:200]}")
    yield from _faults_of_events(deed)


def _told(answer: Answer) -> tuple[int, str]:
    """Return what a repeat must tell again: every byte, but of an event reported again that it is a duplicate."""
    if '"results"' not in answer.body:
        return answer.status, answer.body
    results = json.loads(answer.body).get("results", [])
    return answer.status, json.dumps([result.get("award") for result in results], sort_keys=True)


def _faults_of_events(deed: Deed) -> Iterable[Fault]:
    if deed.wish.kind != "events":
        return
    results = [result for answer in deed.answers for result in json.loads(answer.body).get("results", [])]
    taken_in = Counter(result["event_id"] for result in results if result["status"] not in {"duplicate", "error"})
    for result in results:
        if result["status"] == "error":
            yield Fault("refused", f"event {result['event_id']}: {result.get('code')}")
    for event_id, times in taken_in.items():
        if times > 1:
            yield Fault("twice", f"event {event_id} was taken in {times} times")


def _promised(deeds: Iterable[Deed], world: World) -> tuple[dict[Subject, promises.Promise], list[Fault]]:
    """Return what was promised by subject: many check-ins of a day are one; and what contradicts itself."""
    promised: dict[Subject, promises.Promise] = {}
    found = []
    for deed in deeds:
        for answer in deed.answers[:1]:
            if answer.status not in promises.ANSWERED[deed.wish.kind]:
                continue
            for promise in promises.of(deed.wish, answer, world):
                first = promised.setdefault(promise.subject, promise)
                if first.value != promise.value:
                    found.append(Fault("changed", f"{promise.subject}: {first.value}, then {promise.value}"))
    return promised, found


def _faults_of_effects(
    deeds: Sequence[Deed], promised: dict[Subject, promises.Promise], books: Books, world: World
) -> Iterable[Fault]:
    unheard = {subject for deed in deeds if not deed.answers for subject in promises.possible(deed.wish, world)}
    for subject, promise in promised.items():
        effects = books.effects.get(subject, [])
        if not effects:
            yield Fault("lost", f"{subject} was promised {promise.value}")
        elif len(effects) > 1:
            yield Fault("twice", f"{subject} was promised {promise.value}, there is {effects}")
        elif effects != [promise.value]:
            yield Fault("otherwise", f"{subject} was promised {promise.value}, there is {effects}")
    for subject in books.effects.keys() - promised.keys():
        effects = books.effects[subject]
        if subject not in unheard:
            yield Fault("unasked", f"{subject} is there: {effects}")
        elif len(effects) > 1:
            yield Fault("twice", f"{subject} was never answered, there is {effects}")


def _faults_of_purses(
    deeds: Sequence[Deed], promised: dict[Subject, promises.Promise], books: Books, world: World
) -> Iterable[Fault]:
    """Add up all answers, and what was done without one: whatever is lost or double shows, under which key ever."""
    moved: dict[str, int] = defaultdict(int)
    for member_no, points in _moves(deeds, promised, books, world):
        moved[member_no] += points
    for member in world.members:
        expected, found = OPENING_POINTS + moved[member.no], books.purses.get(member.no)
        if found != expected:
            yield Fault("purse", f"member {member.no} should have {expected}, has {found}")


def _moves(
    deeds: Sequence[Deed], promised: dict[Subject, promises.Promise], books: Books, world: World
) -> Iterable[tuple[str, int]]:
    for promise in promised.values():
        yield from promise.moves
    counted = set(promised)
    for deed in deeds:
        if deed.answers:
            continue
        for subject in promises.possible(deed.wish, world):
            values: list[Any] = books.effects.get(subject, []) if subject not in counted else []
            counted.add(subject)
            for value in values:
                yield from promises.moves_of_lost(deed.wish, subject, value, world)


def _faults_of_jobs(books: Books) -> Iterable[Fault]:
    for name, count in books.open_jobs.items():
        yield Fault("job", f"{count} jobs {name} were never done")
    for no in books.unfulfilled:
        yield Fault("job", f"redemption {no} was not fulfilled once")


def _faults_of_audits(looks: Sequence[Look]) -> Iterable[Fault]:
    found = Counter(text for look in looks for text in look.faults)
    for text, times in found.items():
        yield Fault("audit", f"{text} (seen {times} times)")
    if not looks or looks[-1].away:
        yield Fault("unwatched", f"of {len(looks)} audits, the last one found no database")
