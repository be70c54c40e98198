"""Rules as staff edit them."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from growth.models import EarnRule
from growth.services.programme import load_programme

FIELDS = {
    "name": "Daily check-in",
    "behaviour": "check_in",
    "is_active": "on",
    "sort": 10,
    "formula": "fixed",
    "tier_multiplies": "on",
    "pending_days": 0,
    "take_back": "owe",
    "expiry": "never",
}


@pytest.fixture
def boss(db: None) -> Client:
    load_programme(name="ecommerce")
    client = Client()
    client.force_login(User.objects.create_superuser("boss", password="not used"))
    return client


def rule() -> EarnRule:
    return EarnRule.objects.get(code="check_in")


def test_each_save_is_a_new_version(boss: Client) -> None:
    for points in (20, 30):
        boss.post(f"/admin/growth/earnrule/{rule().pk}/change/", FIELDS | {"points": points})

    assert (rule().points, rule().version) == (30, 3)


def test_going_back_to_a_former_version_is_a_version_of_its_own(boss: Client) -> None:
    """Awards name the version that made them: one number must never stand for two sets of terms."""
    for points in (20, 30):
        boss.post(f"/admin/growth/earnrule/{rule().pk}/change/", FIELDS | {"points": points})
    former = rule().history.get(version=1)

    boss.post(f"/admin/growth/earnrule/{rule().pk}/history/{former.history_id}/", FIELDS | {"points": former.points})

    assert (rule().points, rule().version) == (10, 4)
