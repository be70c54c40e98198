"""Redeeming: points against stock, all or nothing, once per request."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from core.business_time import now
from core.models import AnsweredRequest
from mall.models import Item, Redemption, RedemptionMove
from mall.serializers import RedemptionOut
from members.models import Member
from members.services.accounts import freeze
from tests.factories import give_points, new_coupon_item, new_goods_item
from tests.mall.steps import REDEMPTIONS, balance, new_address, redeem
from tests.points.book import faults

pytestmark = pytest.mark.django_db
Api = Callable[[Member], APIClient]


def stock_of(item: Item) -> tuple[int, int, int]:
    item.refresh_from_db()
    return item.stock_total, item.stock_left, item.stock_sold


def assert_nothing_happened(client: APIClient, item: Item, *, points: int) -> None:
    total = item.stock_total
    assert balance(client) == points
    assert stock_of(item) == (total, total, 0)
    assert not Redemption.objects.exists()
    assert not RedemptionMove.objects.exists()


def test_points_and_stock_change_hands(alice: Member, api: Api) -> None:
    item = new_coupon_item(codes=5)
    give_points(alice.pk, 1000)
    client = api(alice)

    answer = redeem(client, item, quantity=2)

    body = answer.json()
    assert answer.status_code == 201
    assert body == {
        "no": body["no"],
        "status": "paid",
        "item": {"id": item.pk, "type": "coupon", "title": "Coffee", "picture_url": "", "emoji": ""},
        "quantity": 2,
        "points": 200,
        "cash_fen": 0,
        "created_at": body["created_at"],
    }
    assert balance(client) == 800
    assert stock_of(item) == (5, 3, 2)
    moves = RedemptionMove.objects.values_list("old", "new", "by")
    assert list(moves) == [("placed", "paid", "member")]
    assert faults() == []


def test_what_is_answered_is_what_can_be_read_later(alice: Member, api: Api) -> None:
    item = new_coupon_item()
    give_points(alice.pk, 100)
    client = api(alice)

    placed = redeem(client, item).json()

    read = client.get(f"{REDEMPTIONS}/{placed['no']}").json()
    assert read == placed
    assert set(read) <= set(RedemptionOut().fields)
    assert client.get(REDEMPTIONS).json()["results"] == [placed]


def test_the_statement_names_the_item(alice: Member, api: Api) -> None:
    give_points(alice.pk, 100)
    client = api(alice)

    placed = redeem(client, new_coupon_item(title="Latte")).json()

    line = client.get("/api/v1/points/entries").json()["results"][0]
    assert (line["kind"], line["amount"], line["balance_after"]) == ("spend", -100, 0)
    assert (line["title"], line["source"]) == ("Latte", f"redemption:{placed['no']}")


def test_goods_keep_a_copy_of_the_address(alice: Member, api: Api) -> None:
    item = new_goods_item()
    give_points(alice.pk, 500)
    client = api(alice)
    address_id = new_address(client)

    answer = redeem(client, item, address_id=address_id, note="Blue, please")

    assert answer.status_code == 201
    redemption = Redemption.objects.get()
    assert redemption.note == "Blue, please"
    assert redemption.address == {
        "recipient": "Alice",
        "phone": "13800138000",
        "region": "Shanghai",
        "detail": "1 Nanjing Road",
    }


def test_the_same_key_gets_the_first_answer_byte_for_byte(alice: Member, api: Api) -> None:
    item = new_coupon_item()
    give_points(alice.pk, 1000)
    client = api(alice)

    first = redeem(client, item, key="tap")
    second = redeem(client, item, key="tap")

    assert second.content == first.content
    assert second.status_code == 201
    assert second.headers["Idempotent-Replayed"] == "true"
    assert balance(client) == 900


def test_the_same_key_for_another_wish_is_refused(alice: Member, api: Api) -> None:
    item = new_coupon_item()
    give_points(alice.pk, 1000)
    client = api(alice)
    redeem(client, item, key="tap")

    answer = redeem(client, item, key="tap", quantity=2)

    assert answer.status_code == 422
    assert answer.json()["code"] == "idempotency_key_reused"
    assert balance(client) == 900


def test_a_key_whose_answer_was_purged_still_redeems_only_once(alice: Member, api: Api) -> None:
    item = new_coupon_item()
    give_points(alice.pk, 1000)
    client = api(alice)
    redeem(client, item, key="tap")
    AnsweredRequest.objects.all().delete()

    answer = redeem(client, item, key="tap")

    assert answer.status_code == 409
    assert answer.json()["code"] == "request_key_used"
    assert balance(client) == 900


def test_two_members_may_use_the_same_key(alice: Member, bob: Member, api: Api) -> None:
    item = new_coupon_item()
    for member in (alice, bob):
        give_points(member.pk, 100)
        assert redeem(api(member), item, key="tap").status_code == 201


def test_without_a_key_nothing_is_redeemed(alice: Member, api: Api) -> None:
    item = new_coupon_item()
    give_points(alice.pk, 100)
    client = api(alice)

    answer = client.post(REDEMPTIONS, {"item_id": item.pk}, format="json")

    assert answer.status_code == 400
    assert answer.json()["code"] == "idempotency_key_required"
    assert_nothing_happened(client, item, points=100)


def test_too_few_points_are_refused_with_what_is_missing(alice: Member, api: Api) -> None:
    item = new_coupon_item(price_points=300)
    give_points(alice.pk, 299)
    client = api(alice)

    answer = redeem(client, item, key="tap")

    assert answer.status_code == 402
    body = answer.json()
    assert body["code"] == "insufficient_points"
    assert body["detail"]["missing_points"] == 1
    assert [reason["code"] for reason in body["detail"]["reasons"]] == ["insufficient_points"]
    assert_nothing_happened(client, item, points=299)
    assert redeem(client, item, key="tap").content == answer.content


def test_a_refusal_names_every_reason(alice: Member, api: Api) -> None:
    item = new_coupon_item(codes=1, min_tier_level=1)
    client = api(alice)

    answer = redeem(client, item, quantity=2)

    assert answer.status_code == 409
    body = answer.json()
    assert body["code"] == "sold_out"
    assert [reason["code"] for reason in body["detail"]["reasons"]] == [
        "sold_out",
        "tier_too_low",
        "insufficient_points",
    ]
    assert body["detail"]["reasons"][2]["missing_points"] == 200


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"opens_at": now() + timedelta(hours=1)}, "not_open_yet"),
        ({"closes_at": now() - timedelta(hours=1)}, "closed"),
        ({"min_tier_level": 1}, "tier_too_low"),
        ({"codes": 0}, "sold_out"),
    ],
)
def test_the_item_says_no(alice: Member, api: Api, fields: dict[str, Any], code: str) -> None:
    item = new_coupon_item(**fields)
    give_points(alice.pk, 100)
    client = api(alice)

    answer = redeem(client, item)

    assert answer.status_code == 409
    assert answer.json()["code"] == code
    assert_nothing_happened(client, item, points=100)


def test_the_limit_counts_quantities_and_forgets_what_was_cancelled(alice: Member, api: Api) -> None:
    item = new_coupon_item(per_member_limit=3)
    give_points(alice.pk, 1000)
    client = api(alice)

    assert redeem(client, item, quantity=2).status_code == 201
    refused = redeem(client, item, quantity=2)
    assert (refused.status_code, refused.json()["code"]) == (409, "limit_reached")
    last = redeem(client, item, quantity=1).json()
    assert redeem(client, item).json()["code"] == "limit_reached"
    client.post(f"{REDEMPTIONS}/{last['no']}/cancel", {}, format="json", headers={"Idempotency-Key": "c"})
    assert redeem(client, item).status_code == 201
    assert balance(client) == 700


def test_a_frozen_member_cannot_redeem(alice: Member, api: Api) -> None:
    item = new_coupon_item()
    give_points(alice.pk, 100)
    client = api(alice)
    freeze(member_id=alice.pk, because="test", by="ops", at=now())

    answer = redeem(client, item)

    assert answer.status_code == 403
    assert answer.json()["code"] == "member_frozen"
    assert_nothing_happened(client, item, points=100)


def test_goods_need_an_address_and_the_same_key_may_be_tried_again(alice: Member, api: Api) -> None:
    item = new_goods_item()
    give_points(alice.pk, 500)
    client = api(alice)

    answer = redeem(client, item, key="tap")

    assert answer.status_code == 400
    assert answer.json()["code"] == "address_required"
    assert redeem(client, item, key="tap", address_id=new_address(client)).status_code == 201


def test_another_members_address_is_not_found(alice: Member, bob: Member, api: Api) -> None:
    item = new_goods_item()
    give_points(alice.pk, 500)
    client = api(alice)
    foreign = new_address(api(bob))

    answer = redeem(client, item, address_id=foreign)

    assert answer.status_code == 404
    assert answer.json()["code"] == "address_not_found"
    assert_nothing_happened(client, item, points=500)


def test_an_unlisted_item_is_not_found(alice: Member, api: Api) -> None:
    item = new_coupon_item(is_listed=False)
    give_points(alice.pk, 100)

    answer = redeem(api(alice), item)

    assert answer.status_code == 404
    assert answer.json()["code"] == "item_not_found"


def test_items_have_no_variants_yet(alice: Member, api: Api) -> None:
    item = new_coupon_item()
    give_points(alice.pk, 100)

    answer = redeem(api(alice), item, sku="red")

    assert answer.status_code == 404
    assert answer.json()["code"] == "sku_not_found"


@pytest.mark.parametrize(
    "body",
    [
        {"item_id": 1, "colour": "red"},
        {"quantity": 1},
        {"item_id": "1"},
        {"item_id": True},
        {"item_id": 1.0},
        {"item_id": 0},
        {"item_id": 2**63},
        {"item_id": 1, "quantity": 0},
        {"item_id": 1, "quantity": -1},
        {"item_id": 1, "quantity": 100},
        {"item_id": 1, "quantity": 10**30},
        {"item_id": 1, "quantity": None},
        {"item_id": 1, "note": "x" * 201},
        {"item_id": 1, "note": 5},
        {"item_id": 1, "address_id": "home"},
        [],
        "item",
    ],
    ids=lambda body: json.dumps(body)[:40],
)
def test_a_wrong_body_is_refused(alice: Member, api: Api, body: Any) -> None:
    answer = api(alice).post(REDEMPTIONS, body, format="json", headers={"Idempotency-Key": "tap"})

    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid"
    assert not AnsweredRequest.objects.exists()


def test_the_dearest_wish_there_can_be_does_not_overflow(alice: Member, api: Api) -> None:
    item = new_goods_item(price_points=10_000_000, stock=99)
    client = api(alice)

    answer = redeem(client, item, quantity=99, address_id=new_address(client))

    assert answer.status_code == 402
    assert answer.json()["detail"]["missing_points"] == 990_000_000


def test_redeeming_takes_few_queries(alice: Member, api: Api, django_assert_num_queries: Any) -> None:
    item = new_coupon_item(per_member_limit=5)
    give_points(alice.pk, 1000)
    client = api(alice)
    redeem(client, item)

    # Session; savepoint, key claimed, first answer, savepoint; item, standing; placed, spent, limit, stock, moved, job;
    # savepoint released; answer kept, savepoint released.
    with django_assert_num_queries(16):
        assert redeem(client, item).status_code == 201


def test_redemptions_of_others_are_not_there(alice: Member, bob: Member, api: Api) -> None:
    give_points(alice.pk, 100)
    no = redeem(api(alice), new_coupon_item()).json()["no"]
    client = api(bob)

    assert client.get(REDEMPTIONS).json()["results"] == []
    for answer in (
        client.get(f"{REDEMPTIONS}/{no}"),
        client.post(f"{REDEMPTIONS}/{no}/receipt", {}, format="json"),
        client.post(f"{REDEMPTIONS}/{no}/cancel", {}, format="json", headers={"Idempotency-Key": "c"}),
    ):
        assert answer.status_code == 404
        assert answer.json()["code"] == "redemption_not_found"
    assert Redemption.objects.get().status == "paid"


def test_my_redemptions_can_be_filtered_by_status(alice: Member, api: Api) -> None:
    give_points(alice.pk, 200)
    item = new_coupon_item()
    client = api(alice)
    kept = redeem(client, item).json()["no"]
    dropped = redeem(client, item).json()["no"]
    client.post(f"{REDEMPTIONS}/{dropped}/cancel", {}, format="json", headers={"Idempotency-Key": "c"})

    def numbers(query: str) -> list[str]:
        return [one["no"] for one in client.get(REDEMPTIONS + query).json()["results"]]

    assert numbers("") == [dropped, kept]
    assert numbers("?status=paid") == [kept]
    assert numbers("?status=cancelled") == [dropped]
    assert client.get(f"{REDEMPTIONS}?status=lost").status_code == 400


def test_a_number_nobody_has_is_not_found(alice: Member, api: Api) -> None:
    client = api(alice)
    for no in ("R00000000000000", "x", "%00", "R" * 300, "../items"):
        assert client.get(f"{REDEMPTIONS}/{no}").status_code == 404
