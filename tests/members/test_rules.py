"""What is decided without database and clock."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from members.rules import a_year_after, birthday_is_possible, is_ladder, is_printable
from members.signatures import is_equal, is_fresh, signature


@pytest.mark.parametrize("text", ["", "李雷", "a b", "👩‍👩‍👧", "Ünïcödé", "عربي"])
def test_ordinary_writing_is_printable(text: str) -> None:
    assert is_printable(text)


@pytest.mark.parametrize("text", ["\x00", "a\n", "\x7f", "\x9b", "\u2029", "\ud800", "\u2067a", "a\u200f"])
def test_control_characters_and_direction_marks_are_not(text: str) -> None:
    assert not is_printable(text)


@pytest.mark.parametrize(
    ("on", "later"),
    [
        (date(2026, 1, 1), date(2027, 1, 1)),
        (date(2028, 2, 29), date(2029, 3, 1)),
        (date(2027, 2, 28), date(2028, 2, 28)),
    ],
)
def test_a_year_later_is_the_same_day(on: date, later: date) -> None:
    assert a_year_after(on) == later


@given(st.dates(min_value=date(1900, 1, 1), max_value=date(2200, 1, 1)))
def test_a_year_is_365_or_366_days(on: date) -> None:
    assert (a_year_after(on) - on).days in (365, 366)


def test_birthdays_lie_between_1900_and_today() -> None:
    today = date(2026, 11, 22)

    assert birthday_is_possible(date(1900, 1, 1), today=today)
    assert birthday_is_possible(today, today=today)
    assert not birthday_is_possible(date(1899, 12, 31), today=today)
    assert not birthday_is_possible(date(2026, 11, 23), today=today)


@pytest.mark.parametrize(
    ("steps", "verdict"),
    [
        ([(0, 0)], True),
        ([(2, 50), (0, 0), (1, 10)], True),
        ([], False),
        ([(0, 1)], False),
        ([(0, 0), (1, 0)], False),
        ([(0, 0), (1, 10), (1, 20)], False),
        ([(0, 0), (1, 20), (2, 10)], False),
    ],
)
def test_a_ladder_starts_at_zero_and_rises(steps: list[tuple[int, int]], verdict: bool) -> None:
    assert is_ladder(steps) is verdict


def test_the_signature_is_the_documented_one() -> None:
    # Computed with: printf '1700000000\nPOST\n/api/v1/events?a=1\n%s' "$(printf '{}' | sha256sum | cut -d' ' -f1)"
    #   | openssl dgst -sha256 -hmac secret
    expected = "4ee86a0dfb4265cb8b56ac4d854844c927c2a8cf72bdf251d72fcffd07a47e55"

    assert signature(secret="secret", timestamp="1700000000", method="POST", path="/api/v1/events?a=1", body=b"{}") == (
        expected
    )


def test_signatures_of_any_text_can_be_compared() -> None:
    assert is_equal("abc", "abc")
    assert not is_equal("ábc", "abc")
    assert not is_equal("", "abc")


def test_freshness_reaches_five_minutes_both_ways() -> None:
    assert is_fresh("1000", unix_now=1300)
    assert is_fresh("1000", unix_now=700)
    assert not is_fresh("1000", unix_now=1301)
    assert not is_fresh("1000", unix_now=699)
    assert not is_fresh("01e3", unix_now=1000)
