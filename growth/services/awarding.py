"""From a rule and its facts to points on the ledger: the part every earning use case shares."""

from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from core.business_time import business_day
from core.transactions import require_transaction
from growth import rules
from growth.services.reporting import Report, Result, Status
from members.services.growth import add_growth
from points.ledger import holds, movements
from points.selectors import expiry_day


@dataclass(frozen=True, kw_only=True)
class Granted:
    """One rule's award as it was posted, or as it waits until `release_at`. `key` is its entry's key."""

    key: str
    points: int
    title: str
    rule: str
    pending: bool
    release_at: str | None
    expires_on: str
    expiry: str
    expiry_number: int | None
    fixed_expiry: str | None
    take_back: str
    breakdown: dict[str, Any]

    def facts(self) -> dict[str, Any]:
        """Return plain JSON values, to be kept with the order."""
        return asdict(self)


def grant(
    *, member_id: int, terms: rules.Terms, award: rules.Award, key: str, earned_at: datetime, clock_on: date | None
) -> Granted | None:
    """Post the award, or hold it for the rule's pending days; return None when it is worth nothing.

    `clock_on` is the business day from which the points' life counts; None: the day they can be spent.
    Growth value rises when points can be spent, not while they wait.
    """
    require_transaction()
    if award.points <= 0:
        return None
    release_at = earned_at + timedelta(days=terms.pending_days)
    pending = terms.pending_days > 0
    last_day = expiry_day(
        kind=terms.expiry,
        number=terms.expiry_number,
        fixed_on=terms.expires_on,
        earned_on=clock_on or business_day(release_at),
    )
    posting: dict[str, Any] = {
        "member_id": member_id,
        "points": award.points,
        "key": key,
        "counterparty": f"award:{terms.behaviour}",
        "source": f"rule:{terms.code}",
        "title": terms.name,
        "breakdown": award.breakdown,
        "expires_on": last_day,
        "at": earned_at,
    }
    if pending:
        holds.hold(**posting, release_at=release_at)
    elif not movements.earn(**posting).repeated:
        add_growth(member_id=member_id, points=award.points, reason=f"rule:{terms.code}", at=earned_at)
    return Granted(
        key=key,
        points=award.points,
        title=terms.name,
        rule=terms.code,
        pending=pending,
        release_at=release_at.isoformat() if pending else None,
        expires_on=last_day.isoformat(),
        expiry=terms.expiry,
        expiry_number=terms.expiry_number,
        fixed_expiry=terms.expires_on.isoformat() if terms.expires_on else None,
        take_back=terms.take_back,
        breakdown=award.breakdown,
    )


def award_report(report: Report, *, behaviour: str, subject: str, amount_fen: int = 0) -> list[Granted]:
    """Award a report by every rule for the behaviour, within daily caps; `subject` ("order:7") keys the awards."""
    on = business_day(report.occurred_at)
    granted = []
    for terms in report.rules_for(behaviour):
        facts = rules.Facts(
            amount_fen=amount_fen,
            earned_today=_reserve_daily(member_id=report.member_id, terms=terms, on=on),
            tier_name=report.tier_name,
            tier_multiplier=report.tier_multiplier,
        )
        award = rules.award(terms, facts)
        _count_daily(member_id=report.member_id, terms=terms, on=on, points=award.points)
        posted = grant(
            member_id=report.member_id,
            terms=terms,
            award=award,
            key=f"{subject}:{terms.code}",
            earned_at=report.occurred_at,
            clock_on=on if report.is_history else None,
        )
        granted += [posted] if posted else []
    return granted


def result(granted: list[Granted]) -> Result:
    """Return the answer to a report that was awarded so."""
    if not granted:
        return Result(status=Status.NONE)
    pending = any(award.pending for award in granted)
    return Result(status=Status.PENDING if pending else Status.AWARDED, award=answer(granted))


def answer(granted: list[Granted]) -> dict[str, Any]:
    """Return the API's `award`: all points, whether and until when they wait, and why they are what they are."""
    waits = [award.release_at for award in granted if award.release_at]
    return {
        "points": sum(award.points for award in granted),
        "pending": bool(waits),
        "available_at": max(waits) if waits else None,
        "expires_on": min(award.expires_on for award in granted),
        "breakdown": [award.breakdown | {"title": award.title, "points": award.points} for award in granted],
    }


def _reserve_daily(*, member_id: int, terms: rules.Terms, on: date) -> int:
    """Lock and return the points a capped rule has given the member on the day; 0 for rules without a cap."""
    if terms.daily_cap is None:
        return 0
    with connection.cursor() as cursor:
        # DO UPDATE with no change: the row is locked until commit whether it was there or not.
        cursor.execute(
            'INSERT INTO growth_dailytally (member_id, rule_code, "on", points) VALUES (%s, %s, %s, 0)'
            ' ON CONFLICT (member_id, rule_code, "on") DO UPDATE SET points = growth_dailytally.points'
            " RETURNING points",
            [member_id, terms.code, on],
        )
        return int(cursor.fetchone()[0])


def _count_daily(*, member_id: int, terms: rules.Terms, on: date, points: int) -> None:
    """Add what a capped rule gave to the tally that `_reserve_daily` locked."""
    if terms.daily_cap is None or points <= 0:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            'UPDATE growth_dailytally SET points = points + %s WHERE member_id = %s AND rule_code = %s AND "on" = %s',
            [points, member_id, terms.code, on],
        )
