"""From what a member did to what they are awarded. Pure: no database, no clock.

    award = floor(base x tier multiplier) + flat bonus, then the daily cap

`base` stays an exact fraction until that one rounding, so 2 points per yuan of 29.73 yuan are 59, not 58.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext as _

from growth.models import Formula

PLAIN = Decimal("1.00")


@dataclass(frozen=True)
class Terms:
    """An earn rule as plain values; the fields are those of models.EarnRule."""

    code: str
    version: int
    name: str
    description: str
    behaviour: str
    formula: str
    points: int
    per_fen: int | None
    bonus_from_fen: int | None
    bonus_points: int | None
    streak_days: int | None
    tier_multiplies: bool
    daily_cap: int | None
    pending_days: int
    take_back: str
    expiry: str
    expiry_number: int | None
    expires_on: date | None
    starts_at: datetime | None
    ends_at: datetime | None

    def applies_at(self, at: datetime) -> bool:
        """Return whether a behaviour at `at` falls into the rule's time."""
        return (self.starts_at is None or self.starts_at <= at) and (self.ends_at is None or at < self.ends_at)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the rule needs to know about the behaviour. `earned_today`: points this rule gave this member today."""

    amount_fen: int = 0
    tier_name: str = ""
    tier_multiplier: Decimal = PLAIN
    earned_today: int = 0


@dataclass(frozen=True)
class Award:
    """Points, and the account of how they came about that the member reads."""

    points: int
    breakdown: dict[str, Any]


def award(terms: Terms, facts: Facts) -> Award:
    """Return what the rule gives for the facts, with each step as a line: {"step", "text", "points"}."""
    base = _base(terms, facts.amount_fen)
    multiplier = facts.tier_multiplier if terms.tier_multiplies else PLAIN
    plain = int(base)
    multiplied = int(base * Fraction(multiplier))
    lines = [_line("base", _base_text(terms, facts.amount_fen), plain)]
    if multiplied != plain:
        text = _("%(tier)s members: × %(multiplier)s") % {"tier": facts.tier_name, "multiplier": multiplier.normalize()}
        lines.append(_line("tier", text, multiplied - plain))
    points = multiplied
    if terms.bonus_points and terms.bonus_from_fen is not None and facts.amount_fen >= terms.bonus_from_fen:
        points += terms.bonus_points
        text = _("orders from %(yuan)s yuan") % {"yuan": yuan(terms.bonus_from_fen)}
        lines.append(_line("bonus", text, terms.bonus_points))
    if terms.daily_cap is not None and points > (room := max(terms.daily_cap - facts.earned_today, 0)):
        text = _("at most %(cap)d points a day") % {"cap": terms.daily_cap}
        lines.append(_line("daily_cap", text, room - points))
        points = room
    return Award(points, {"rule": terms.code, "version": terms.version, "lines": lines})


def streak_award(terms: Terms, *, streak: int) -> Award | None:
    """Return the bonus a streak rule gives on the day the streak reaches `streak` days, or None."""
    if not terms.streak_days or streak % terms.streak_days:
        return None
    text = _("%(days)d days in a row") % {"days": streak}
    lines = [_line("streak", text, terms.points)]
    return Award(terms.points, {"rule": terms.code, "version": terms.version, "lines": lines})


def next_bonus(rules: list[Terms], *, streak: int) -> dict[str, int] | None:
    """Return the nearest streak bonus ahead: {"days" still to go, "points" then, "streak" then}."""
    waits = [(terms.streak_days - streak % terms.streak_days, terms.points) for terms in rules if terms.streak_days]
    if not waits:
        return None
    days = min(wait for wait, _points in waits)
    return {"days": days, "points": sum(points for wait, points in waits if wait == days), "streak": streak + days}


def share_to_take_back(*, awarded: int, amount_fen: int, refunded_before_fen: int, refunded_fen: int) -> int:
    """Return the points a refund takes back: proportional to money, so that all refunds together take exactly all.

    Each step rounds the running total down, in the member's favour, until the order is refunded in full.
    """
    after = awarded * (refunded_before_fen + refunded_fen) // amount_fen
    return after - awarded * refunded_before_fen // amount_fen


def explain(terms: Terms) -> str:
    """Return the rule in one sentence, for the member's list of ways to earn."""
    if terms.formula == Formula.PER_AMOUNT and terms.per_fen:
        text = _("%(points)d points per %(yuan)s yuan") % {"points": terms.points, "yuan": yuan(terms.per_fen)}
        if terms.bonus_points and terms.bonus_from_fen is not None:
            text += _(", %(points)d more from %(yuan)s yuan") % {
                "points": terms.bonus_points,
                "yuan": yuan(terms.bonus_from_fen),
            }
        return text
    if terms.formula == Formula.STREAK:
        return _("%(points)d points every %(days)d days in a row") % {"points": terms.points, "days": terms.streak_days}
    return _("%(points)d points each time") % {"points": terms.points}


def yuan(fen: int) -> str:
    """Return fen as yuan, without zeros nobody reads: 100 -> "1", 2933 -> "29.33"."""
    whole, rest = divmod(fen, 100)
    return f"{whole}.{rest:02d}".rstrip("0").rstrip(".") if rest else str(whole)


def _base(terms: Terms, amount_fen: int) -> Fraction:
    if terms.formula == Formula.PER_AMOUNT and terms.per_fen:
        return Fraction(terms.points * amount_fen, terms.per_fen)
    return Fraction(terms.points)


def _base_text(terms: Terms, amount_fen: int) -> str:
    if terms.formula == Formula.PER_AMOUNT and terms.per_fen:
        return _("%(paid)s yuan at %(points)d points per %(yuan)s yuan") % {
            "paid": yuan(amount_fen),
            "points": terms.points,
            "yuan": yuan(terms.per_fen),
        }
    return terms.name


def _line(step: str, text: str, points: int) -> dict[str, Any]:
    return {"step": step, "text": text, "points": points}
