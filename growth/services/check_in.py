"""A member checks in: once a business day, with a streak."""

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from core import jobs
from core.business_time import business_day
from growth import rules, selectors
from growth.models import BehaviourCode, CheckIn
from growth.services import awarding
from members.services.standing import require_active


@dataclass(frozen=True)
class CheckedIn:
    """The day's check-in; `is_new` is False when it had been done before."""

    on: date
    streak: int
    award: dict[str, Any]
    is_new: bool


def check_in(*, member_id: int, at: datetime) -> CheckedIn:
    """Check the member in for the business day of `at` and award it; again the same day returns the first answer.

    The streak's bonus is paid by a job, because it is not part of the day's cap. Raises members.MemberFrozen.
    """
    on = business_day(at)
    with transaction.atomic():
        standing = require_active(member_id=member_id)
        terms = selectors.active_rules(behaviours=[BehaviourCode.CHECK_IN, BehaviourCode.CHECK_IN_STREAK], at=at)
        # A day has one check-in, so nothing of its cap can be used up yet.
        facts = rules.Facts(tier_name=standing.tier_name, tier_multiplier=standing.earn_multiplier)
        awards = [(term, rules.award(term, facts)) for term in terms if term.behaviour == BehaviourCode.CHECK_IN]
        day = _insert(member_id=member_id, on=on, award=_summary(awards))
        if day is None:
            return _first(member_id=member_id, on=on)
        for term, award in awards:
            awarding.grant(
                member_id=member_id, terms=term, award=award, key=f"{term.code}:{on}", earned_at=at, clock_on=on
            )
        if any(rules.streak_award(term, streak=day.streak) for term in terms):
            jobs.after_commit("growth.pay_streak_bonus", member_id=member_id, on=on.isoformat())
        return day


def pay_streak_bonus(*, member_id: int, on: date, at: datetime) -> int:
    """Pay what the member's streak earned on the day; return the points. Repeats find the same keys and pay nothing."""
    with transaction.atomic():
        day = CheckIn.objects.get(member_id=member_id, on=on)
        paid = 0
        for terms in selectors.active_rules(behaviours=[BehaviourCode.CHECK_IN_STREAK], at=day.created_at):
            award = rules.streak_award(terms, streak=day.streak)
            if award is None:
                continue
            granted = awarding.grant(
                member_id=member_id, terms=terms, award=award, key=f"{terms.code}:{on}", earned_at=at, clock_on=on
            )
            paid += granted.points if granted else 0
        return paid


def _insert(*, member_id: int, on: date, award: dict[str, Any]) -> CheckedIn | None:
    """Insert the day with its streak; None when it is there already. The award is as stored, and so as repeated."""
    with connection.cursor() as cursor:
        cursor.execute(
            'INSERT INTO growth_checkin (member_id, "on", streak, award) SELECT %s, %s,'
            ' 1 + coalesce((SELECT streak FROM growth_checkin WHERE member_id = %s AND "on" = %s), 0), %s'
            ' ON CONFLICT (member_id, "on") DO NOTHING RETURNING streak, award',
            [member_id, on, member_id, on - timedelta(days=1), json.dumps(award)],
        )
        row = cursor.fetchone()
    return CheckedIn(on=on, streak=row[0], award=json.loads(row[1]), is_new=True) if row else None


def _first(*, member_id: int, on: date) -> CheckedIn:
    day = CheckIn.objects.get(member_id=member_id, on=on)
    return CheckedIn(on=on, streak=day.streak, award=day.award, is_new=False)


def _summary(awards: list[tuple[rules.Terms, rules.Award]]) -> dict[str, Any]:
    return {
        "points": sum(award.points for _terms, award in awards),
        "breakdown": [award.breakdown | {"title": terms.name, "points": award.points} for terms, award in awards],
    }
