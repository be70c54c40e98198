"""Reading growth: rules, calendar, ways to earn."""

from calendar import monthrange
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection

from growth import rules
from growth.models import BehaviourCode, CheckIn, EarnRule

TERM_FIELDS = list(rules.Terms.__dataclass_fields__)
# Part of every award. Written out it costs a third of the same query by ORM. The columns are our own field names.
ACTIVE_RULES = (
    f"SELECT {', '.join(TERM_FIELDS)} FROM growth_earnrule"  # noqa: S608
    " WHERE is_active AND behaviour = ANY (%s) ORDER BY sort, code"
)


def active_rules(*, behaviours: list[str], at: datetime | None = None) -> list[rules.Terms]:
    """Return the active rules for any of the behaviours, in staff's order; with `at`, only those in force then."""
    with connection.cursor() as cursor:
        cursor.execute(ACTIVE_RULES, [list(behaviours)])
        terms = [rules.Terms(*row) for row in cursor.fetchall()]
    return [term for term in terms if at is None or term.applies_at(at)]


def terms_of(rule: EarnRule) -> rules.Terms:
    """Return the rule's row as the plain values that growth.rules works on."""
    return rules.Terms(**{name: getattr(rule, name) for name in TERM_FIELDS})


def check_in_calendar(*, member_id: int, month: date, at: datetime, on: date) -> dict[str, Any]:
    """Return API.md's calendar of the month that `month` falls in, seen on the business day `on`."""
    first = month.replace(day=1)
    last = month.replace(day=monthrange(month.year, month.month)[1])
    days = CheckIn.objects.filter(member_id=member_id, on__range=(first, last)).order_by("on")
    streak, today = _streak(member_id, on)
    streak_rules = active_rules(behaviours=[BehaviourCode.CHECK_IN_STREAK], at=at)
    return {
        "days": list(days.values_list("on", flat=True)),
        "streak": streak,
        "today": today,
        "next_bonus": rules.next_bonus(streak_rules, streak=streak),
    }


def tasks(*, member_id: int, at: datetime, on: date) -> list[dict[str, Any]]:
    """Return the ways to earn, each explained; `done_today` is null where a day does not matter."""
    _streak_days, today = _streak(member_id, on)
    return [
        {
            "code": terms.code,
            "behaviour": terms.behaviour,
            "title": terms.name,
            "description": terms.description,
            "explanation": rules.explain(terms),
            "points": terms.points,
            "pending_days": terms.pending_days,
            "done_today": today if terms.behaviour == BehaviourCode.CHECK_IN else None,
        }
        for terms in active_rules(behaviours=list(BehaviourCode.values), at=at)
    ]


def _streak(member_id: int, on: date) -> tuple[int, bool]:
    """Return the streak as it stands on the day, and whether today is part of it."""
    rows = CheckIn.objects.filter(member_id=member_id, on__gte=on - timedelta(days=1), on__lte=on)
    latest = rows.order_by("-on").values_list("on", "streak").first()
    return (latest[1], latest[0] == on) if latest else (0, False)
