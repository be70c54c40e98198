"""The published example to the last figure, and what must hold for any purchase."""

import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from points import ifrs15

# KPMG, Revenue: IFRS 15 handbook, Examples 10A and 10B; and the same by the formula without their rounding.
VECTORS = json.loads((Path(__file__).parent / "vectors" / "ifrs15.json").read_text(encoding="utf-8"))
A, B = VECTORS["10A"], VECTORS["10B"]
CENTS = Decimal("0.01")


def periods(*states: tuple[int, int], allocated: int | Decimal) -> Sequence[ifrs15.Recognition]:
    return ifrs15.recognise(
        allocated_fen=Decimal(allocated), periods=[(redeemed, Decimal(expected)) for redeemed, expected in states]
    )


def test_example_10a_as_published() -> None:
    year2, year3 = A["year2"], A["year3"]

    done = periods(
        (year2["redeemed"], year2["exp"]),
        (year3["redeemed_cum"], year3["exp"]),
        allocated=A["alloc_points_rounded"],
    )

    assert [one.revenue for one in done] == [year2["rev"], year3["rev"]] == [4175, 3552]
    assert done[-1].liability == A["alloc_points_rounded"] - 4175 - 3552


def test_example_10b_as_published_catches_up_with_fewer_expected() -> None:
    year2, year3 = A["year2"], B["year3"]

    done = periods(
        (year2["redeemed"], year2["exp"]),
        (year3["redeemed_cum"], year3["exp"]),
        allocated=A["alloc_points_rounded"],
    )

    assert done[-1].revenue == year3["rev"] == 4140


def test_the_example_allocates_about_what_it_rounds_to() -> None:
    split = ifrs15.allocate(
        price_fen=A["price"],
        goods_fen=A["price"],
        points=A["points"],
        point_fen=Decimal(1),
        redemption_rate=Decimal(str(A["exp_redeem"])),
    )

    assert round(split.points, -3) == A["alloc_points_rounded"] == 9000


def test_95_percent_without_rounding() -> None:
    expected = VECTORS["formula_95pct_no_rounding"]
    split = ifrs15.allocate(
        price_fen=100_000, goods_fen=100_000, points=10_000, point_fen=Decimal(1), redemption_rate=Decimal("0.95")
    )
    year1 = ifrs15.revenue_to_date(allocated_fen=split.points, redeemed=4500, expected=Decimal(9500))
    year2 = ifrs15.revenue_to_date(allocated_fen=split.points, redeemed=8500, expected=Decimal(9700))

    assert float(split.goods.quantize(Decimal("0.1"))) == expected["products"]
    assert float(split.points.quantize(Decimal("0.1"))) == expected["points"]
    assert float(year1.quantize(CENTS)) == expected["year1_rev_4500_of_9500"]
    assert float((year2 - year1).quantize(CENTS)) == expected["year2_rev_8500_of_9700"]


money = st.integers(min_value=0, max_value=10**12)
rates = st.decimals(min_value=0, max_value=1, places=4)


@given(price=money, goods=st.integers(min_value=1, max_value=10**12), points=money, rate=rates)
def test_an_allocation_adds_up_to_the_price(price: int, goods: int, points: int, rate: Decimal) -> None:
    split = ifrs15.allocate(
        price_fen=price, goods_fen=goods, points=points, point_fen=Decimal("1.25"), redemption_rate=rate
    )

    assert abs(split.goods + split.points - price) < CENTS
    assert 0 <= split.points <= price


@given(
    allocated=st.decimals(min_value=0, max_value=10**9, places=2),
    steps=st.lists(st.tuples(st.integers(0, 1000), st.integers(1, 20_000)), min_size=1, max_size=12),
)
def test_periods_never_recognise_more_than_was_allocated(allocated: Decimal, steps: list[tuple[int, int]]) -> None:
    redeemed, states = 0, []
    for more, expected in steps:
        redeemed += more
        states.append((redeemed, max(expected, redeemed)))
    done = periods(*states, (redeemed, redeemed), allocated=allocated)

    assert all(0 <= one.liability <= ifrs15.to_fen(allocated) for one in done)
    assert [sum(one.revenue for one in done[: n + 1]) for n in range(len(done))] == [
        one.revenue_to_date for one in done
    ]
    assert done[-1].liability == 0


@pytest.mark.parametrize(
    ("price", "goods", "points", "rate"), [(-1, 1, 1, "1"), (1, 1, -1, "1"), (1, 1, 1, "1.1"), (5, 0, 0, "1")]
)
def test_figures_that_say_nothing_are_refused(price: int, goods: int, points: int, rate: str) -> None:
    with pytest.raises(ValueError, match=r"negative|nothing"):
        ifrs15.allocate(
            price_fen=price, goods_fen=goods, points=points, point_fen=Decimal(1), redemption_rate=Decimal(rate)
        )


def test_negative_points_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        ifrs15.revenue_to_date(allocated_fen=Decimal(1), redeemed=-1, expected=Decimal(1))


def test_a_liability_is_rounded_once() -> None:
    assert ifrs15.liability_fen(points=1_005, point_fen=Decimal("1.5"), redemption_rate=Decimal("0.9")) == 1_357


def test_a_portfolio_is_the_sum_of_its_parts() -> None:
    parts = [(Decimal("100.4"), 50, Decimal(100)), (Decimal("100.4"), 100, Decimal(100))]

    assert ifrs15.portfolio(parts=parts) == ifrs15.Portfolio(allocated=201, recognised=151, liability=50)
