"""Codes and stock: imported, voided, topped up, and always in step."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from rest_framework.test import APIClient

from core.business_time import now
from mall.models import CouponCode, Item, Redemption, RedemptionStatus
from mall.selectors import ItemNotFound
from mall.services import codes, stock
from mall.services.moves import move
from members.models import Member
from points import audit
from points.ledger import movements
from tests.factories import give_points, new_coupon_item, new_goods_item
from tests.mall.steps import redeem
from tests.points.book import faults

pytestmark = pytest.mark.django_db
Api = Callable[[Member], APIClient]


def counters(item: Item) -> tuple[int, int, int]:
    item.refresh_from_db()
    return item.stock_total, item.stock_left, item.stock_sold


def test_an_import_counts_new_repeated_and_unusable_rows() -> None:
    item = new_coupon_item(codes=["KNOWN"])

    report = codes.import_codes(
        item_id=item.pk, rows=[" NEW-1 ", "", "NEW-2", "NEW-1", "KNOWN", "two words", "x" * 101, "a\x00b"], at=now()
    )

    assert report == codes.ImportReport(added=2, repeated=2, invalid=(6, 7, 8))
    assert counters(item) == (3, 3, 0)
    assert set(CouponCode.objects.values_list("code", flat=True)) == {"KNOWN", "NEW-1", "NEW-2"}
    assert faults() == []


def test_importing_the_same_file_again_adds_nothing() -> None:
    item = new_coupon_item(codes=0)
    rows = [f"CODE-{number}" for number in range(25_000)]

    first = codes.import_codes(item_id=item.pk, rows=rows, at=now())
    second = codes.import_codes(item_id=item.pk, rows=rows, at=now())

    assert (first.added, first.repeated) == (25_000, 0)
    assert (second.added, second.repeated) == (0, 25_000)
    assert counters(item) == (25_000, 25_000, 0)


def test_two_items_may_have_the_same_code() -> None:
    new_coupon_item(codes=["SAME"])

    assert new_coupon_item(codes=["SAME"]).stock_left == 1


def test_only_coupons_have_codes() -> None:
    with pytest.raises(codes.NotACoupon):
        codes.import_codes(item_id=new_goods_item().pk, rows=["A"], at=now())
    with pytest.raises(ItemNotFound):
        codes.import_codes(item_id=0, rows=["A"], at=now())
    assert not CouponCode.objects.exists()


def test_a_voided_code_leaves_the_stock() -> None:
    item = new_coupon_item(codes=["A", "B"])
    first = CouponCode.objects.get(code="A")

    codes.void_code(code_id=first.pk)

    assert counters(item) == (1, 1, 0)
    with pytest.raises(codes.CodeNotFree):
        codes.void_code(code_id=first.pk)
    assert counters(item) == (1, 1, 0)
    assert faults() == []


def test_a_code_that_is_promised_cannot_be_voided(alice: Member, api: Api, run_jobs: Callable[[], int]) -> None:
    item = new_coupon_item(codes=["A", "B"])
    give_points(alice.pk, 100)
    redeem(api(alice), item)
    first, second = CouponCode.objects.order_by("id")
    codes.void_code(code_id=second.pk)

    with pytest.raises(codes.CodePromised):
        codes.void_code(code_id=first.pk)

    run_jobs()
    first.refresh_from_db()
    assert first.status == "assigned"
    assert counters(item) == (1, 0, 1)
    assert faults() == []


def test_goods_are_topped_up_and_never_fall_below_what_is_sold(alice: Member) -> None:
    item = new_goods_item(stock=5)
    with transaction.atomic():
        assert stock.take(item_id=item.pk, quantity=3)

    stock.add_goods(item_id=item.pk, delta=4)
    assert counters(item) == (9, 6, 3)
    stock.add_goods(item_id=item.pk, delta=-6)
    assert counters(item) == (3, 0, 3)
    with pytest.raises(stock.StockTooLow):
        stock.add_goods(item_id=item.pk, delta=-1)
    with pytest.raises(stock.StockTooHigh):
        stock.add_goods(item_id=item.pk, delta=1_000_000_000)
    with pytest.raises(stock.NotGoods):
        stock.add_goods(item_id=new_coupon_item().pk, delta=1)
    assert counters(item) == (3, 0, 3)


def test_saving_an_item_does_not_undo_what_was_redeemed_meanwhile() -> None:
    item = new_goods_item(stock=5)
    form = Item.objects.get(pk=item.pk)
    with transaction.atomic():
        stock.take(item_id=item.pk, quantity=2)

    form.title = "Bigger mug"
    form.save()

    item.refresh_from_db()
    assert item.title == "Bigger mug"
    assert counters(item) == (5, 3, 2)
    assert Item.history.filter(id=item.pk).latest().title == "Bigger mug"


@pytest.mark.parametrize(
    "change",
    [
        {"stock_left": -1, "stock_total": -1},
        {"stock_left": 4},
        {"price_points": 0},
        {"price_points": 10_000_001},
        {"market_price_fen": -1},
        {"per_member_limit": 0},
    ],
)
def test_the_database_refuses_impossible_items(change: dict[str, Any]) -> None:
    item = new_goods_item(stock=5)

    with pytest.raises(IntegrityError), transaction.atomic():
        Item.objects.filter(pk=item.pk).update(**change)


def test_an_illegal_move_moves_nothing(alice: Member, api: Api) -> None:
    give_points(alice.pk, 100)
    redeem(api(alice), new_coupon_item())
    redemption = Redemption.objects.get()

    with transaction.atomic():
        for illegal in (RedemptionStatus.PLACED, RedemptionStatus.PAID, RedemptionStatus.SHIPPED):
            assert not move(redemption_id=redemption.pk, to=illegal, by="test", at=now())

    redemption.refresh_from_db()
    assert redemption.status == "paid"


def test_faults_are_found_and_named(alice: Member, api: Api, run_jobs: Callable[[], int]) -> None:
    give_points(alice.pk, 300)
    item = new_coupon_item(codes=5)
    client = api(alice)
    for _tap in range(2):
        redeem(client, item)
    first, second = Redemption.objects.order_by("id")
    fulfilled = CouponCode.objects.order_by("id")[0]
    run_jobs()
    assert faults() == []

    Item.objects.filter(pk=item.pk).update(stock_sold=3, stock_left=2)
    CouponCode.objects.filter(pk=fulfilled.pk).update(status="free", redemption=None, assigned_at=None)
    Redemption.objects.filter(pk=first.pk).update(points=90)
    Redemption.objects.filter(pk=second.pk).update(status="cancelled")
    with transaction.atomic():
        movements.spend(
            member_id=alice.pk, points=1, key="redemption:0", counterparty="mall", source="", title="", at=now()
        )

    found = {(one.invariant, one.subject, one.expected, one.actual) for one in audit.check().findings}
    assert found == {
        ("i05_sold_is_redeemed", f"item {item.pk}", 1, 3),
        ("i05_left_is_free_codes", f"item {item.pk}", 4, 2),
        ("x5_coupons_have_their_codes", f"redemption {first.pk}", 1, 0),
        ("x5_coupons_have_their_codes", f"redemption {second.pk}", 0, 1),
        ("i06_redemptions_are_paid_once", f"redemption:{first.pk}", -90, -100),
        ("i06_redemptions_are_paid_once", f"redemption:{second.pk}:refund", 100, 0),
        ("i06_redemptions_are_paid_once", "redemption:0", 0, -1),
    }
