"""The shelf: what is shown, in which order, and whether the member may redeem it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from core.business_time import now
from mall.models import Category, Item
from mall.serializers import ItemOut
from members.models import Member
from tests.factories import give_points, new_coupon_item, new_goods_item
from tests.mall.steps import redeem

pytestmark = pytest.mark.django_db
ITEMS = "/api/v1/mall/items"
Api = Callable[[Member], APIClient]


def titles(client: APIClient, query: str = "") -> list[str]:
    answer = client.get(ITEMS + query)
    assert answer.status_code == 200, answer.content
    return [item["title"] for item in answer.json()["results"]]


def test_it_shows_an_item(alice: Member, api: Api) -> None:
    category = Category.objects.create(name="Drinks")
    item = new_coupon_item(codes=3, category=category, emoji="☕", market_price_fen=1500)
    give_points(alice.pk, 100)

    body = api(alice).get(f"{ITEMS}/{item.pk}").json()

    assert body == {
        "id": item.pk,
        "type": "coupon",
        "title": "Coffee",
        "description": "",
        "picture_url": "",
        "emoji": "☕",
        "category": {"id": category.pk, "name": "Drinks"},
        "price_points": 100,
        "price_fen": 0,
        "market_price_fen": 1500,
        "stock_left": 3,
        "per_member_limit": None,
        "min_tier_level": 0,
        "opens_at": None,
        "closes_at": None,
        "redeemable": {"ok": True, "reasons": []},
    }
    assert set(body) == set(ItemOut().fields)


def test_it_says_how_many_points_are_missing(alice: Member, api: Api) -> None:
    item = new_coupon_item(price_points=300)
    give_points(alice.pk, 180)

    redeemable = api(alice).get(f"{ITEMS}/{item.pk}").json()["redeemable"]

    assert redeemable["ok"] is False
    assert [(reason["code"], reason["missing_points"]) for reason in redeemable["reasons"]] == [
        ("insufficient_points", 120)
    ]


def test_it_lists_every_reason_at_once(alice: Member, api: Api) -> None:
    opens_at = now().replace(microsecond=0) + timedelta(days=1)
    new_goods_item(stock=0, min_tier_level=2, opens_at=opens_at)

    (item,) = api(alice).get(ITEMS).json()["results"]

    reasons = item["redeemable"]["reasons"]
    assert [reason["code"] for reason in reasons] == [
        "not_open_yet",
        "sold_out",
        "tier_too_low",
        "insufficient_points",
    ]
    assert reasons[0]["available_at"] == opens_at.isoformat().replace("+00:00", "Z")


def test_a_member_who_reached_the_limit_is_told_so(alice: Member, api: Api) -> None:
    item = new_coupon_item(per_member_limit=1)
    give_points(alice.pk, 1000)
    client = api(alice)
    redeem(client, item)

    redeemable = client.get(f"{ITEMS}/{item.pk}").json()["redeemable"]

    assert [reason["code"] for reason in redeemable["reasons"]] == ["limit_reached"]


def test_it_filters_by_category_and_type(alice: Member, api: Api) -> None:
    drinks = Category.objects.create(name="Drinks")
    new_coupon_item(title="Tea", category=drinks)
    new_goods_item(title="Cup", category=drinks)
    new_coupon_item(title="Film")
    client = api(alice)

    assert titles(client, f"?category={drinks.pk}&ordering=newest") == ["Cup", "Tea"]
    assert titles(client, f"?category={drinks.pk}&type=goods") == ["Cup"]
    assert titles(client, "?type=coupon&ordering=newest") == ["Film", "Tea"]


def test_it_filters_by_what_the_member_can_pay(alice: Member, api: Api) -> None:
    new_coupon_item(title="Cheap", price_points=100)
    new_coupon_item(title="Dear", price_points=101)
    give_points(alice.pk, 100)
    client = api(alice)

    assert titles(client, "?affordable=true") == ["Cheap"]
    assert titles(client, "?affordable=false") == ["Dear"]


def test_it_orders_by_price_and_age_and_as_staff_sorted(alice: Member, api: Api) -> None:
    new_coupon_item(title="first", price_points=300, sort=2)
    new_coupon_item(title="second", price_points=100, sort=1)
    new_coupon_item(title="third", price_points=200, sort=2)
    client = api(alice)

    assert titles(client) == ["second", "third", "first"]
    assert titles(client, "?ordering=price_points") == ["second", "third", "first"]
    assert titles(client, "?ordering=-price_points") == ["first", "third", "second"]
    assert titles(client, "?ordering=newest") == ["third", "second", "first"]


def test_pages_cover_items_of_one_price_without_gap_or_repeat(alice: Member, api: Api) -> None:
    wanted = {new_coupon_item(title=f"item {number}", codes=0).title for number in range(5)}
    client = api(alice)

    seen, cursor = [], ""
    while cursor is not None:
        page = client.get(f"{ITEMS}?ordering=price_points&page_size=2&cursor={cursor}").json()
        seen += [item["title"] for item in page["results"]]
        cursor = page["next"]

    assert len(seen) == 5
    assert set(seen) == wanted


def test_the_number_of_queries_does_not_grow_with_the_page(alice: Member, api: Api) -> None:
    category = Category.objects.create(name="Drinks")
    give_points(alice.pk, 1000)
    client = api(alice)
    counts = []
    for _item in range(2):
        new_coupon_item(category=category, per_member_limit=3)
        new_goods_item(category=category)
        client.get(ITEMS)
        with CaptureQueriesContext(connection) as queries:
            client.get(ITEMS)
        counts.append(len(queries))

    # Session, items, standing, balance, points due to expire, what the member redeemed.
    assert counts == [6, 6]


@pytest.mark.parametrize(
    "query",
    [
        "?ordering=title",
        "?type=car",
        "?category=drinks",
        "?category=-1",
        "?affordable=perhaps",
        "?page_size=101",
        "?x=1",
    ],
)
def test_wrong_parameters_are_refused(alice: Member, api: Api, query: str) -> None:
    answer = api(alice).get(ITEMS + query)

    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid"


def test_categories_come_in_their_order(alice: Member, api: Api) -> None:
    second = Category.objects.create(name="Second", sort=2)
    first = Category.objects.create(name="First", sort=1)

    assert api(alice).get("/api/v1/mall/categories").json() == [
        {"id": first.pk, "name": "First"},
        {"id": second.pk, "name": "Second"},
    ]


def test_an_unlisted_item_is_only_there_for_those_who_redeemed_it(alice: Member, bob: Member, api: Api) -> None:
    item = new_coupon_item()
    give_points(alice.pk, 100)
    redeem(api(alice), item)
    Item.objects.filter(pk=item.pk).update(is_listed=False)

    mine = api(alice).get(f"{ITEMS}/{item.pk}")
    foreign = api(bob).get(f"{ITEMS}/{item.pk}")

    assert mine.status_code == 200
    assert mine.json()["redeemable"]["reasons"][0]["code"] == "not_listed"
    assert foreign.status_code == 404
    assert foreign.json()["code"] == "item_not_found"
    assert titles(api(alice)) == []


def test_an_item_nobody_has_is_not_found(alice: Member, api: Api) -> None:
    assert api(alice).get(f"{ITEMS}/999999999999999999").status_code == 404
    assert api(alice).get(f"{ITEMS}/{'9' * 30}").status_code == 404


def test_without_a_token_there_is_no_shelf(anyone: APIClient, db: None) -> None:
    assert anyone.get(ITEMS).status_code == 401
