"""The default programme: loaded once, and never over what staff changed."""

import pytest
from django.core.management import CommandError, call_command

from growth.models import EarnRule
from growth.services.programme import UnknownProgramme, load_programme
from members.models import Tier
from points.models import LedgerPolicy

pytestmark = pytest.mark.django_db


def test_it_brings_tiers_policy_and_rules(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("load_programme", "ecommerce")

    assert "4 tiers and 5 rules created" in capsys.readouterr().out
    assert list(Tier.objects.order_by("level").values_list("growth_threshold", flat=True)) == [0, 1_000, 5_000, 20_000]
    assert LedgerPolicy.objects.get().grace_days == 30
    points = dict(EarnRule.objects.values_list("code", "points"))
    assert points == {"check_in": 10, "streak_7": 50, "streak_30": 200, "purchase": 2, "review": 5}


def test_loading_again_leaves_what_staff_changed() -> None:
    load_programme(name="ecommerce")
    EarnRule.objects.filter(code="check_in").update(points=99)
    LedgerPolicy.objects.update(grace_days=7)

    loaded = load_programme(name="ecommerce")

    assert (loaded.tiers, loaded.rules) == (0, 0)
    assert EarnRule.objects.get(code="check_in").points == 99
    assert LedgerPolicy.objects.get().grace_days == 7


def test_resetting_writes_the_defaults_over_it_as_a_new_version() -> None:
    load_programme(name="ecommerce")
    EarnRule.objects.filter(code="check_in").update(points=99)
    LedgerPolicy.objects.update(grace_days=7)

    load_programme(name="ecommerce", reset=True)

    rule = EarnRule.objects.get(code="check_in")
    assert (rule.points, rule.version) == (10, 2)
    assert LedgerPolicy.objects.get().grace_days == 30


def test_an_unknown_programme_is_refused() -> None:
    with pytest.raises(UnknownProgramme):
        load_programme(name="nonsense")
    with pytest.raises(CommandError, match="invalid choice"):
        call_command("load_programme", "nonsense")
    assert not EarnRule.objects.exists()
