"""Fulfilment: codes by job, goods by staff."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from core.business_time import now
from core.models import OutboxJob
from mall.models import CouponCode, Redemption, RedemptionMove
from mall.services.deliver import NotShippable, NotShipped, complete, ship
from mall.services.forget import forget_closed_members
from mall.services.fulfil import fulfil, queue_overdue
from members.models import Member
from members.services.accounts import close_account
from tests.factories import give_points, new_coupon_item, new_goods_item
from tests.mall.steps import REDEMPTIONS, balance, new_address, redeem
from tests.points.book import faults

pytestmark = pytest.mark.django_db
Api = Callable[[Member], APIClient]
RunJobs = Callable[[], int]


def redeemed_goods(member: Member, client: APIClient) -> Redemption:
    give_points(member.pk, 500)
    redeem(client, new_goods_item(), address_id=new_address(client))
    return Redemption.objects.get()


def test_the_job_hands_out_the_codes(alice: Member, bob: Member, api: Api, run_jobs: RunJobs) -> None:
    item = new_coupon_item(codes=["A-1", "B-2", "C-3"])
    give_points(alice.pk, 200)
    client = api(alice)
    no = redeem(client, item, quantity=2).json()["no"]
    assert "codes" not in client.get(f"{REDEMPTIONS}/{no}").json()

    run_jobs()

    body = client.get(f"{REDEMPTIONS}/{no}").json()
    assert (body["status"], body["codes"]) == ("completed", ["A-1", "B-2"])
    assert client.get(REDEMPTIONS).json()["results"] == [body]
    assert list(CouponCode.objects.filter(status="free").values_list("code", flat=True)) == ["C-3"]
    assert api(bob).get(f"{REDEMPTIONS}/{no}").status_code == 404
    assert faults() == []


def test_running_the_job_again_changes_nothing(alice: Member, api: Api, run_jobs: RunJobs) -> None:
    give_points(alice.pk, 100)
    redeem(api(alice), new_coupon_item())
    run_jobs()

    fulfil(redemption_id=Redemption.objects.get().pk, at=now())

    assert CouponCode.objects.filter(status="assigned").count() == 1
    assert RedemptionMove.objects.count() == 2
    assert faults() == []


def test_goods_wait_for_staff(alice: Member, api: Api, run_jobs: RunJobs) -> None:
    client = api(alice)
    redemption = redeemed_goods(alice, client)

    run_jobs()

    assert client.get(f"{REDEMPTIONS}/{redemption.no}").json()["status"] == "fulfilling"


def test_promised_codes_that_are_gone_end_in_everything_given_back(alice: Member, api: Api, run_jobs: RunJobs) -> None:
    item = new_coupon_item(codes=3)
    give_points(alice.pk, 200)
    client = api(alice)
    no = redeem(client, item, quantity=2).json()["no"]
    # Nothing in the product does this; somebody with a database console might.
    CouponCode.objects.filter(item=item).order_by("id")[0].delete()
    CouponCode.objects.filter(item=item).order_by("id")[0].delete()

    run_jobs()

    body = client.get(f"{REDEMPTIONS}/{no}").json()
    assert body["status"] == "cancelled"
    assert body["cancel_reason"]
    assert "codes" not in body
    assert balance(client) == 200
    item.refresh_from_db()
    assert (item.stock_total, item.stock_left, item.stock_sold) == (1, 1, 0)
    assert faults() == []


def test_what_is_overdue_is_asked_for_again(alice: Member, api: Api, run_jobs: RunJobs) -> None:
    give_points(alice.pk, 200)
    item = new_coupon_item()
    client = api(alice)
    late = redeem(client, item).json()["no"]
    OutboxJob.objects.all().delete()
    Redemption.objects.update(paid_at=now() - timedelta(minutes=11))
    redeem(client, item)
    OutboxJob.objects.all().delete()

    assert queue_overdue(at=now()) == 1

    run_jobs()
    assert client.get(f"{REDEMPTIONS}/{late}").json()["status"] == "completed"
    assert queue_overdue(at=now()) == 0


def test_staff_ships_and_the_member_confirms(alice: Member, api: Api, run_jobs: RunJobs) -> None:
    client = api(alice)
    redemption = redeemed_goods(alice, client)
    receipt = f"{REDEMPTIONS}/{redemption.no}/receipt"
    early = client.post(receipt, {}, format="json")
    assert (early.status_code, early.json()["code"]) == (409, "not_shipped")
    run_jobs()

    ship(redemption_id=redemption.pk, carrier="SF", tracking_no="SF123", by="wang", at=now())

    shipped = client.get(f"{REDEMPTIONS}/{redemption.no}").json()
    assert shipped["status"] == "shipped"
    assert (shipped["tracking"]["carrier"], shipped["tracking"]["tracking_no"]) == ("SF", "SF123")
    first, second = (client.post(receipt, {}, format="json") for _tap in range(2))
    assert first.json()["status"] == "completed"
    assert (second.status_code, second.content) == (200, first.content)
    moves = RedemptionMove.objects.order_by("id").values_list("old", "new", "by")
    assert list(moves) == [
        ("placed", "paid", "member"),
        ("paid", "fulfilling", "system"),
        ("fulfilling", "shipped", "wang"),
        ("shipped", "completed", "member"),
    ]


def test_only_what_waits_can_be_shipped_and_only_what_was_shipped_completed(
    alice: Member, api: Api, run_jobs: RunJobs
) -> None:
    redemption = redeemed_goods(alice, api(alice))

    def try_to_ship() -> None:
        ship(redemption_id=redemption.pk, carrier="SF", tracking_no="1", by="wang", at=now())

    with pytest.raises(NotShippable):
        try_to_ship()
    run_jobs()
    with pytest.raises(NotShipped):
        complete(redemption_id=redemption.pk, by="wang", at=now())
    try_to_ship()
    with pytest.raises(NotShippable):
        try_to_ship()
    complete(redemption_id=redemption.pk, by="wang", at=now())
    redemption.refresh_from_db()
    assert redemption.status == "completed"


def test_a_coupon_cannot_be_completed_by_hand(alice: Member, api: Api) -> None:
    give_points(alice.pk, 100)
    client = api(alice)
    no = redeem(client, new_coupon_item()).json()["no"]

    assert client.post(f"{REDEMPTIONS}/{no}/receipt", {}, format="json").status_code == 409
    with pytest.raises(NotShipped):
        complete(redemption_id=Redemption.objects.get().pk, by="wang", at=now())


def test_addresses_of_closed_accounts_are_removed_once_nothing_is_left_to_ship(
    alice: Member, api: Api, run_jobs: RunJobs
) -> None:
    redemption = redeemed_goods(alice, api(alice))
    run_jobs()
    assert forget_closed_members() == 0
    close_account(member_id=alice.pk, because="asked", by="member", at=now())
    assert forget_closed_members() == 0

    ship(redemption_id=redemption.pk, carrier="SF", tracking_no="1", by="wang", at=now())
    complete(redemption_id=redemption.pk, by="wang", at=now())

    assert forget_closed_members() == 1
    redemption.refresh_from_db()
    assert (redemption.address, redemption.note) == (None, "")
    assert forget_closed_members() == 0
