"""The nightly look at everybody's tier."""

from datetime import UTC, date, datetime

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from core import chain
from core.business_time import now
from core.models import ChainRun
from members.models import Member, Tier, TierChange
from members.services.accounts import close_account, freeze
from members.services.growth import add_growth
from members.services.tier_evaluation import STEP, TierEvaluation
from tests.factories import new_member
from tests.races.together import at_once

AT = datetime(2026, 11, 22, 16, 10, tzinfo=UTC)
ON = date(2026, 11, 23)


def evaluate(step: TierEvaluation = STEP) -> ChainRun:
    return chain.run(steps=[step], on=ON, at=AT)


def tier_of(member: Member) -> str:
    return str(Member.objects.values_list("tier__code", flat=True).get(pk=member.pk))


@pytest.fixture
def lowered(alice: Member, bob: Member) -> None:
    """Silver and gold are to be had for less than Alice has; Bob has nothing."""
    add_growth(member_id=alice.pk, points=700, reason="award", at=now())
    Tier.objects.filter(code="silver").update(growth_threshold=300)
    Tier.objects.filter(code="gold").update(growth_threshold=600)


def test_a_lowered_threshold_raises_those_who_reach_it_to_the_highest_they_reach(
    lowered: None, alice: Member, bob: Member
) -> None:
    run = evaluate()

    assert (tier_of(alice), tier_of(bob)) == ("gold", "bronze")
    [change] = TierChange.objects.select_related("old", "new")
    assert (change.member_id, change.old.code, change.new.code) == (alice.pk, "bronze", "gold")
    assert (change.growth_value, change.at) == (700, AT)
    assert change.because
    assert Member.objects.get(pk=alice.pk).tier_since == AT
    assert run.steps.get().rows == 1


def test_a_raised_threshold_takes_no_tier_away(alice: Member) -> None:
    add_growth(member_id=alice.pk, points=1_000, reason="award", at=now())
    Tier.objects.filter(code="silver").update(growth_threshold=4_000)

    evaluate()

    assert tier_of(alice) == "silver"


def test_a_frozen_member_rises_and_a_closed_one_is_left_alone(lowered: None, alice: Member, bob: Member) -> None:
    Member.objects.filter(pk=bob.pk).update(growth_value=700)
    freeze(member_id=alice.pk, because="looked at", by="staff", at=now())
    close_account(member_id=bob.pk, because="asked", by="member", at=now())

    evaluate()

    assert (tier_of(alice), tier_of(bob)) == ("gold", "bronze")


def test_it_goes_over_all_members_in_chunks_with_few_statements(db: None) -> None:
    members = [new_member(f"m{number}") for number in range(7)]
    Member.objects.update(growth_value=5_000)
    step = TierEvaluation()
    step.chunk = 3

    run = evaluate(step)

    assert {tier_of(member) for member in members} == {"gold"}
    assert list(run.steps.get().chunks.order_by("number").values_list("rows", flat=True)) == [3, 3, 1]
    with CaptureQueriesContext(connection) as captured, transaction.atomic():
        STEP.process(ids=[member.pk for member in members], at=AT, on=ON)
    assert len([query for query in captured if "members_" in query["sql"]]) == 2


def test_nothing_is_due_when_everybody_has_what_they_earned(alice: Member) -> None:
    add_growth(member_id=alice.pk, points=30_000, reason="award", at=now())

    assert STEP.due(at=AT, on=ON, after=0, skip=[], limit=10) == []


def test_the_cursor_and_the_set_aside_are_kept_out(lowered: None, alice: Member, bob: Member) -> None:
    Member.objects.filter(pk=bob.pk).update(growth_value=700)

    def due(after: int, skip: list[int]) -> list[int]:
        return STEP.due(at=AT, on=ON, after=after, skip=skip, limit=10)

    assert due(0, []) == [alice.pk, bob.pk]
    assert due(alice.pk, []) == [bob.pk]
    assert due(0, [bob.pk]) == [alice.pk]
    assert STEP.due(at=AT, on=ON, after=0, skip=[], limit=1) == [alice.pk]


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_a_rise_by_growth_that_comes_in_between_is_not_logged_twice() -> None:
    members = [new_member(f"m{number}") for number in range(30)]
    Member.objects.update(growth_value=999)
    Tier.objects.filter(code="silver").update(growth_threshold=900)

    def award(which: list[Member]) -> None:
        for member in which:
            add_growth(member_id=member.pk, points=10, reason="award", at=now())

    def evaluate_all() -> None:
        evaluate()

    at_once([lambda: award(members), lambda: award(members[::-1]), evaluate_all])

    assert {tier_of(member) for member in members} == {"silver"}
    assert TierChange.objects.count() == 30
