"""The statements that are measured: an award and a spend, the product's and the lean ones, for one or any account."""

import json

from bench.data import DAYS_APART, LOTS, SOURCE, WIDE_LOT_POINTS, Size
from bench.pgbench import Script, literal

POINTS = 10
BREAKDOWN = {
    "rule": "check_in",
    "version": 1,
    "lines": [
        {"step": "base", "points": 8, "text": "Daily check-in"},
        {"step": "tier", "points": 2, "text": "Silver, 1.2 times"},
    ],
}
KEY = "\\set k random(1, 1000000000000)\n"
DAY = f"\\set d {DAYS_APART} * random(1, {LOTS})\n"


def any_member(size: Size) -> str:
    """Return the lines that pick an ordinary member."""
    return f"\\set a random(1, {size.accounts})\n"


def one_member(member_id: int) -> str:
    """Return the line that always picks the same member."""
    return f"\\set a {member_id}\n"


def lean_earn(member: str) -> Script:
    """Award ten points, leanly."""
    return Script(
        f"{member}{KEY}{DAY}SELECT * FROM lean_earn(:a, {POINTS}, {literal('check_in:')} || :k,"
        " current_date + (:d)::int);"
    )


def our_earn(member: str) -> Script:
    """Award ten points as a check-in does, with what the member reads about it."""
    return Script(
        f"{member}{KEY}{DAY}SELECT * FROM points_earn(:a, {POINTS}, {literal('check_in:')} || :k, {literal(SOURCE)},"
        f" {literal('rule:check_in')}, 'Daily check-in', {literal(json.dumps(BREAKDOWN))}::jsonb,"
        " current_date + (:d)::int, now());"
    )


def lean_spend(member: str, points: int = POINTS) -> Script:
    """Spend points, leanly."""
    return Script(f"{member}{KEY}SELECT * FROM lean_spend(:a, {points}, {literal('redemption:')} || :k, current_date);")


def our_spend(member: str, points: int = POINTS) -> Script:
    """Spend points as a redemption does."""
    return Script(
        f"{member}{KEY}SELECT * FROM points_spend(:a, {points}, {literal('redemption:')} || :k, 'mall',"
        f" {literal('redemption:')} || :k, 'A cup of coffee', current_date, now());"
    )


def over_lots(spend: Script, *, first_member: int) -> Script:
    """Return the spend with a fresh member for each call, from one on."""
    return Script(spend.text, counter=first_member - 1)


def points_of_lots(lots: int) -> int:
    """Return how much must be spent to empty so many lots of a member with fifty."""
    return lots * WIDE_LOT_POINTS
