"""Growth value and the tier that follows from it at once."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError
from rest_framework.test import APIClient

from core.business_time import now
from members import selectors
from members.models import Member, Tier, TierChange
from members.services.growth import add_growth, add_growth_many
from members.services.tiers import load_tiers

pytestmark = pytest.mark.django_db
TIER = "/api/v1/members/me/tier"


def grow(member: Member, points: int, reason: str = "award") -> Member:
    add_growth(member_id=member.pk, points=points, reason=reason, at=now())
    return Member.objects.select_related("tier").get(pk=member.pk)


def ladder(**changes: Any) -> list[dict[str, Any]]:
    steps = [("low", 0, 0), ("high", 1, 100)]
    facts = {"earn_multiplier": "1.00", "benefits": []}
    return [
        {"code": code, "name": code, "level": level, "growth_threshold": threshold} | facts | changes
        for code, level, threshold in steps
    ]


@pytest.mark.parametrize(
    ("points", "code"),
    [
        (0, "bronze"),
        (999, "bronze"),
        (1_000, "silver"),
        (4_999, "silver"),
        (5_000, "gold"),
        (19_999, "gold"),
        (20_000, "platinum"),
        (10**12, "platinum"),
    ],
)
def test_the_tier_is_the_highest_whose_line_is_reached(alice: Member, points: int, code: str) -> None:
    assert grow(alice, points).tier.code == code


def test_a_rise_is_logged_with_why(alice: Member) -> None:
    grow(alice, 900)
    assert not TierChange.objects.exists()

    at = now()
    add_growth(member_id=alice.pk, points=4_500, reason="order 2026-1", at=at)

    change = TierChange.objects.select_related("old", "new").get(member=alice)
    assert (change.old.code, change.new.code, change.growth_value) == ("bronze", "gold", 5_400)
    assert (change.because, change.at) == ("order 2026-1", at)
    assert Member.objects.get(pk=alice.pk).tier_since == at


def test_growth_within_a_tier_logs_nothing(alice: Member) -> None:
    grow(alice, 1_000)
    since = grow(alice, 10).tier_since

    assert TierChange.objects.count() == 1
    assert since == TierChange.objects.get().at


def test_what_is_taken_back_lowers_the_value_but_not_the_tier(alice: Member) -> None:
    grow(alice, 1_200)

    member = grow(alice, -400)

    assert (member.growth_value, member.tier.code) == (800, "silver")


def test_the_value_does_not_fall_below_zero(alice: Member) -> None:
    grow(alice, 10)

    assert grow(alice, -50).growth_value == 0


def test_nobody_else_grows(alice: Member, bob: Member) -> None:
    grow(alice, 5_000)

    bob.refresh_from_db()
    assert (bob.growth_value, bob.tier.code) == (0, "bronze")


def test_growth_of_nobody_is_refused(alice: Member) -> None:
    with pytest.raises(selectors.MemberNotFound):
        add_growth(member_id=alice.pk + 1000, points=1, reason="award", at=now())


def test_the_member_sees_tier_growth_and_what_is_missing(alice: Member, api: Callable[[Member], APIClient]) -> None:
    grow(alice, 1_300)

    body = api(alice).get(TIER).json()

    silver = Tier.objects.get(code="silver")
    assert body == {
        "tier": {"code": "silver", "name": silver.name},
        "growth_value": 1_300,
        "next": {"tier": {"code": "gold", "name": Tier.objects.get(code="gold").name}, "missing": 3_700},
        "retention": None,
        "benefits": silver.benefits,
    }


def test_at_the_top_there_is_no_next(alice: Member, api: Callable[[Member], APIClient]) -> None:
    grow(alice, 50_000)

    assert api(alice).get(TIER).json()["next"] is None


def test_standing_says_what_rules_need(alice: Member) -> None:
    grow(alice, 5_000)

    assert selectors.standing(member_id=alice.pk) == selectors.Standing(
        member_id=alice.pk,
        no=alice.no,
        status="active",
        tier_code="gold",
        tier_name=Tier.objects.get(code="gold").name,
        tier_level=2,
        earn_multiplier=Decimal("1.20"),
        growth_value=5_000,
    )


def test_loading_again_leaves_what_staff_changed(alice: Member) -> None:
    assert load_tiers(tiers=[]) == 0
    Tier.objects.filter(code="silver").update(name="Silver by staff")
    facts = {"code": "silver", "name": "S", "level": 1, "growth_threshold": 2, "earn_multiplier": "9", "benefits": []}

    assert load_tiers(tiers=[facts]) == 0
    assert Tier.objects.get(code="silver").name == "Silver by staff"

    assert load_tiers(tiers=[facts], reset=True) == 0
    assert Tier.objects.get(code="silver").growth_threshold == 2


def test_every_change_of_a_tier_leaves_a_former_version() -> None:
    load_tiers(tiers=ladder())
    load_tiers(tiers=ladder(name="renamed"), reset=True)

    assert list(Tier.objects.get(code="high").history.order_by("history_id").values_list("name", flat=True)) == [
        "high",
        "renamed",
    ]


@pytest.mark.parametrize("threshold", [0, 50])
def test_tiers_that_form_no_ladder_are_refused(threshold: int) -> None:
    broken = [*ladder(), ladder(code="top", level=2, growth_threshold=threshold)[0]]

    with pytest.raises(ValueError, match="growth value"):
        load_tiers(tiers=broken)
    assert not Tier.objects.exists()


def test_the_lowest_tier_asks_for_nothing_even_by_hand() -> None:
    with pytest.raises(IntegrityError, match="tier_lowest_needs_no_growth"):
        Tier.objects.create(code="x", name="x", level=0, growth_threshold=5, earn_multiplier=1)


def test_many_gains_at_once_raise_each_member_as_one_by_one_would(alice: Member, bob: Member) -> None:
    add_growth(member_id=bob.pk, points=900, reason="before", at=now())

    add_growth_many(
        gains=[(alice.pk, 4_000), (bob.pk, 60), (alice.pk, 1_000), (bob.pk, 39)], reason="released", at=now()
    )

    alice.refresh_from_db()
    bob.refresh_from_db()
    assert (alice.growth_value, alice.tier.code) == (5_000, "gold")
    assert (bob.growth_value, bob.tier.code) == (999, "bronze")
    [change] = TierChange.objects.all()
    assert (change.member_id, change.old.code, change.new.code, change.because) == (
        alice.pk, "bronze", "gold", "released"
    )  # fmt: skip
    add_growth_many(gains=[], reason="nothing", at=now())
    add_growth_many(gains=[(bob.pk, 1)], reason="released", at=now())
    assert Member.objects.get(pk=bob.pk).tier.code == "silver"
