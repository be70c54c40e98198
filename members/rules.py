"""What can be decided without database and clock."""

import unicodedata
from collections.abc import Sequence
from datetime import date
from itertools import pairwise

EARLIEST_BIRTHDAY = date(1900, 1, 1)

# Control characters, lone surrogates, line and paragraph separators.
UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})
# Marks that turn the writing direction: with them a name can pretend to be another, or upset a whole page.
DIRECTION_MARKS = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

# Characters that take part in text and show nothing by themselves: spaces, joiners, accents; and letters without ink.
INKLESS = frozenset({"Cf", "Zs", "Mn", "Me", "Mc"})
BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")


def is_printable(text: str) -> bool:
    """Return whether `text` is one line that shows as it is stored. Emoji joiners are fine."""
    return not any(mark in DIRECTION_MARKS or unicodedata.category(mark) in UNPRINTABLE for mark in text)


def is_visible(text: str) -> bool:
    """Return whether `text` shows anything: a name of zero-width characters would be no name."""
    return any(mark not in BLANK_LETTERS and unicodedata.category(mark) not in INKLESS for mark in text)


def birthday_is_possible(birthday: date, *, today: date) -> bool:
    """Return whether a living person may have been born on that day."""
    return EARLIEST_BIRTHDAY <= birthday <= today


def a_year_after(on: date) -> date:
    """Return the same day a year later; 29 February becomes 1 March."""
    try:
        return on.replace(year=on.year + 1)
    except ValueError:
        return date(on.year + 1, 3, 1)


def is_ladder(steps: Sequence[tuple[int, int]]) -> bool:
    """Return whether (level, growth threshold) pairs form a ladder: one step at 0, each higher one needs more."""
    ordered = sorted(steps)
    rises = all(low[0] < high[0] and low[1] < high[1] for low, high in pairwise(ordered))
    return bool(ordered) and ordered[0][1] == 0 and rises
