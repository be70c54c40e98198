"""Cancelling: points back to the lots that paid, pieces back to stock, once."""

from collections.abc import Callable
from datetime import date

import pytest
from django.db import transaction
from rest_framework.test import APIClient

from core.business_time import now
from mall.models import Redemption, RedemptionMove
from mall.services.cancel import NotCancellable, cancel_by_staff
from mall.services.deliver import ship
from members.models import Member
from points.ledger import movements
from tests.factories import give_points, new_coupon_item, new_goods_item
from tests.mall.steps import REDEMPTIONS, balance, cancel, new_address, redeem
from tests.points.book import faults

pytestmark = pytest.mark.django_db
Api = Callable[[Member], APIClient]


def test_points_and_stock_come_back(alice: Member, api: Api) -> None:
    item = new_coupon_item(codes=5)
    give_points(alice.pk, 500)
    client = api(alice)
    no = redeem(client, item, quantity=2).json()["no"]

    answer = cancel(client, no)

    assert answer.status_code == 200
    assert answer.json()["status"] == "cancelled"
    assert balance(client) == 500
    item.refresh_from_db()
    assert (item.stock_total, item.stock_left, item.stock_sold) == (5, 5, 0)
    line = client.get("/api/v1/points/entries").json()["results"][0]
    assert (line["kind"], line["amount"], line["title"]) == ("refund", 200, "Coffee")
    assert faults() == []


def test_points_keep_the_day_they_expire(alice: Member, api: Api) -> None:
    with transaction.atomic():
        for points, day in ((70, date(2099, 1, 31)), (80, date(2099, 2, 28))):
            movements.earn(
                member_id=alice.pk,
                points=points,
                key=f"gift:{day}",
                counterparty="award:gift",
                source="gift",
                title="Gift",
                breakdown=None,
                expires_on=day,
                at=now(),
            )
    client = api(alice)
    before = client.get("/api/v1/points/balance").json()["expiring"]

    cancel(client, redeem(client, new_coupon_item()).json()["no"])

    assert client.get("/api/v1/points/balance").json()["expiring"] == before
    assert before == [{"on": "2099-01-31", "points": 70}, {"on": "2099-02-28", "points": 80}]


def test_a_second_cancellation_is_refused(alice: Member, api: Api) -> None:
    give_points(alice.pk, 500)
    client = api(alice)
    no = redeem(client, new_coupon_item()).json()["no"]
    first = cancel(client, no, key="first")

    second = cancel(client, no, key="second")

    assert (second.status_code, second.json()["code"]) == (409, "not_cancellable")
    assert cancel(client, no, key="first").content == first.content
    assert balance(client) == 500


def test_a_code_that_was_handed_out_cannot_be_given_back(alice: Member, api: Api, run_jobs: Callable[[], int]) -> None:
    give_points(alice.pk, 500)
    client = api(alice)
    no = redeem(client, new_coupon_item()).json()["no"]
    run_jobs()

    answer = cancel(client, no)

    assert (answer.status_code, answer.json()["code"]) == (409, "not_cancellable")
    assert balance(client) == 400


def test_goods_can_be_cancelled_until_they_are_shipped(alice: Member, api: Api, run_jobs: Callable[[], int]) -> None:
    item = new_goods_item(stock=2)
    give_points(alice.pk, 1000)
    client = api(alice)
    address_id = new_address(client)
    waiting, shipped = (redeem(client, item, address_id=address_id).json()["no"] for _tap in range(2))
    run_jobs()
    ship(redemption_id=Redemption.objects.get(no=shipped).pk, carrier="SF", tracking_no="1", by="ops", at=now())

    assert cancel(client, waiting).status_code == 200
    assert cancel(client, shipped).status_code == 409
    assert balance(client) == 500
    assert faults() == []


def test_staff_cancels_for_a_reason_the_member_can_read(alice: Member, api: Api) -> None:
    give_points(alice.pk, 100)
    client = api(alice)
    no = redeem(client, new_coupon_item()).json()["no"]
    redemption = Redemption.objects.get()

    cancel_by_staff(redemption_id=redemption.pk, because="Supplier is late", by="wang", at=now())

    assert client.get(f"{REDEMPTIONS}/{no}").json()["cancel_reason"] == "Supplier is late"
    move = RedemptionMove.objects.latest("id")
    assert (move.old, move.new, move.by, move.because) == ("paid", "cancelled", "wang", "Supplier is late")
    with pytest.raises(NotCancellable):
        cancel_by_staff(redemption_id=redemption.pk, because="again", by="wang", at=now())
    assert balance(client) == 100


def test_an_unknown_field_is_refused(alice: Member, api: Api) -> None:
    give_points(alice.pk, 100)
    client = api(alice)
    no = redeem(client, new_coupon_item()).json()["no"]

    answer = client.post(f"{REDEMPTIONS}/{no}/cancel", {"why": "x"}, format="json", headers={"Idempotency-Key": "c"})

    assert answer.status_code == 400
    assert Redemption.objects.get().status == "paid"
