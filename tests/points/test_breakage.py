"""Rates of a cohort: so far, final, and expected."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from points.breakage import Cohort

RATE = Decimal("0.90")
OPEN = Cohort(
    expires_month=date(2026, 11, 1),
    on=date(2026, 6, 30),
    earned_from=date(2025, 11, 3),
    earned_until=date(2025, 11, 28),
    granted=1_100,
    taken_back=100,
    spent=600,
    expired=0,
    moved=0,
    remaining=400,
)
OVER = replace(OPEN, on=date(2026, 12, 1), spent=750, expired=250, remaining=0)


def test_rates_so_far() -> None:
    assert (OPEN.redeemed, OPEN.breakage, OPEN.is_final) == (Decimal("0.6"), Decimal(0), False)


def test_a_cohort_is_final_when_its_month_is_over_and_nothing_is_left() -> None:
    assert (OVER.redeemed, OVER.breakage, OVER.is_final) == (Decimal("0.75"), Decimal("0.25"), True)
    assert not replace(OVER, on=date(2026, 11, 30)).is_final
    assert not replace(OVER, remaining=1).is_final


def test_points_that_never_expire_are_never_final() -> None:
    assert not replace(OPEN, expires_month=date(9999, 12, 1), remaining=0).is_final


@pytest.mark.parametrize(
    ("cohort", "breakage"),
    [
        (OPEN, "0.1"),
        # Redeemed beyond the estimate: the estimate gives way.
        (replace(OPEN, spent=950, remaining=50), "0.05"),
        # So much has expired that the estimate cannot be reached any more.
        (replace(OPEN, spent=600, expired=300, remaining=100), "0.3"),
        (OVER, "0.25"),
    ],
)
def test_the_expectation_stays_within_what_is_possible(cohort: Cohort, breakage: str) -> None:
    assert cohort.expected_breakage(RATE) == Decimal(breakage)


def test_nothing_to_expire_has_no_rate() -> None:
    empty = replace(OPEN, spent=-40, remaining=40)

    assert (empty.redeemed, empty.breakage, empty.expected_breakage(RATE)) == (None, None, None)
