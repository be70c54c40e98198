"""The demo is a past that really happened, once."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.staticfiles import finders
from django.core.management import CommandError, call_command
from django.db import InternalError, transaction
from pytest_django import Settings
from rest_framework.test import APIClient

from config.demo.data import demo
from config.demo.past import BOOK_DAYS, OPEN_DAYS
from config.demo.staff import load_staff
from config.groups import sync_groups
from core.models import ChainRun, OutboxJob, SetAside
from growth.models import Behaviour, CheckIn, Order
from mall.models import CouponCode, Item, Redemption
from members.models import Address, Identity, Member, Partner, PartnerKey
from points import audit
from points.models import Account, DayClose, Entry, Hold, Lot

TABLES = [
    User, Partner, PartnerKey, Member, Identity, Address, Account, Entry, Hold, Lot, Behaviour, CheckIn, Order,
    Item, CouponCode, Redemption, OutboxJob,
]  # fmt: skip

Loader = Callable[[], str]
ApiOf = Callable[[Member], APIClient]


def everything() -> dict[str, list[dict[str, Any]]]:
    """Return all rows the demo consists of."""
    return {table.__name__: list(table.objects.order_by("pk").values()) for table in TABLES}


def member(openid: str) -> Member:
    return Member.objects.get(pk=Identity.objects.get(openid=openid).member_id)


def test_the_past_really_happened_and_the_books_balance(load_demo: Loader, run_jobs: Callable[[], int]) -> None:
    load_demo()
    run_jobs()

    assert audit.check().findings == []
    assert Entry.objects.count() > 150
    states = {"fulfilling", "shipped", "completed", "cancelled"}
    assert set(Redemption.objects.values_list("status", flat=True)) == states
    placed = list(Redemption.objects.order_by("pk").values_list("placed_at", flat=True))
    assert placed == sorted(placed)


def test_loading_again_changes_nothing_not_even_what_staff_changed(load_demo: Loader) -> None:
    load_demo()
    Item.objects.filter(title=demo()["items"][0]["title"]).update(price_points=77)
    before = everything()

    assert "0 staff users, 0 members and 0 items created" in load_demo()

    assert everything() == before
    assert not PartnerKey.objects.exists()


def test_the_members_differ_and_one_can_try_everything(
    load_demo: Loader, api: ApiOf, run_jobs: Callable[[], int]
) -> None:
    load_demo()
    run_jobs()
    client = api(member("demo-lin"))

    tiers = {name: member(name).tier.code for name in ("demo-chen", "demo-lin", "demo-su", "demo-zhou")}
    assert tiers == {"demo-chen": "bronze", "demo-lin": "silver", "demo-su": "gold", "demo-zhou": "platinum"}

    balance = client.get("/api/v1/points/balance").json()
    assert balance["balance"] > 2_000
    assert balance["pending"] > 0
    assert balance["expiring"][0]["points"] > 100

    streak = client.get("/api/v1/growth/check-ins").json()
    assert (streak["streak"], streak["today"], streak["next_bonus"]["days"]) == (6, False, 1)
    client.post("/api/v1/growth/check-ins", {}, format="json")
    run_jobs()
    latest = client.get("/api/v1/points/entries?page_size=2").json()["results"]
    assert {line["source"] for line in latest} == {"rule:check_in", "rule:streak_7"}

    items = api(member("demo-chen")).get("/api/v1/mall/items?page_size=100").json()["results"]
    met = {reason["code"] for item in items for reason in item["redeemable"]["reasons"]}
    assert met == {"sold_out", "not_open_yet", "tier_too_low", "insufficient_points"}
    assert {100, 500, 2_000} <= {item["price_points"] for item in items}


def test_every_item_has_its_picture() -> None:
    missing = [item["code"] for item in demo()["items"] if not finders.find(f"demo/pictures/{item['code']}.svg")]

    assert missing == []


def test_staff_get_their_group_and_the_password_of_the_day(db: None) -> None:
    sync_groups()
    load_staff(password="the-first-password")
    first = {user.username: user.password for user in User.objects.all()}
    load_staff(password="the-first-password")
    assert {user.username: user.password for user in User.objects.all()} == first

    load_staff(password="another-password")

    users = {user.username: user for user in User.objects.all()}
    assert set(users) == {"admin", "ops", "finance", "risk", "support"}
    assert all(user.check_password("another-password") for user in users.values())
    assert [name for name, user in users.items() if user.is_superuser] == ["admin"]
    assert {name: [group.name for group in user.groups.all()] for name, user in users.items() if name != "admin"} == {
        name: [name] for name in ("ops", "finance", "risk", "support")
    }


def test_it_refuses_outside_demo_mode(load_demo: Loader, settings: Settings) -> None:
    settings.DEMO_MODE = False

    with pytest.raises(CommandError, match="DEMO_MODE"):
        load_demo()

    assert not User.objects.exists()
    assert not Member.objects.exists()


def test_it_refuses_without_a_password(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEMO_STAFF_PASSWORD", raising=False)

    with pytest.raises(CommandError, match="DEMO_STAFF_PASSWORD"):
        call_command("load_demo")

    assert not User.objects.exists()


def test_the_nights_of_the_last_month_have_run_and_left_nothing_aside(load_demo: Loader) -> None:
    load_demo()

    assert ChainRun.objects.filter(finished_at__isnull=False).count() == ChainRun.objects.count() == 31
    assert not SetAside.objects.exists()


def test_the_last_weeks_days_wait_for_finance_and_all_before_are_closed(load_demo: Loader) -> None:
    load_demo()

    days = list(DayClose.objects.order_by("on"))
    assert all(day.ties_out for day in days)
    closed = [day.closed_at is not None for day in days]
    assert closed == [True] * (BOOK_DAYS - OPEN_DAYS) + [False] * OPEN_DAYS
    # Put aside while the demo was made, and back in its place.
    with pytest.raises(InternalError), transaction.atomic():
        Entry.objects.update(amount=1)
