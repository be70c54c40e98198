"""The preview page in a real browser, against a running server and the WeChat stand-in."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer
from selenium.webdriver import Chrome

from core.business_time import business_day, now, start_of_day
from growth.models import CheckIn
from mall.models import CouponCode, Item, Redemption, RedemptionStatus
from members.models import Identity, Member, Notice
from members.services.addresses import add_address
from members.services.notices import Telling, notify_many
from members.services.profile import update_profile
from points.models import Account
from tests.browser.phone import Phone
from tests.factories import give_points, new_coupon_item, new_goods_item, new_member

LIN = "demo-lin"
HOME = {"recipient": "Lin", "phone": "13800000001", "region": "Hangzhou", "detail": "1 West Lake"}
RunJobs = Callable[[], int]


@pytest.fixture
def phone(browser: Chrome, live_server: LiveServer, wechat_settings: Settings) -> Phone:
    """Return a phone on which the preview can be opened."""
    return Phone(browser, live_server.url)


@pytest.fixture
def lin(phone: Phone) -> Member:
    """Return a demo member with 900 points and nothing else."""
    member = new_member("Lin", openid=LIN)
    give_points(member.pk, 900)
    return member


def balance_of(member: Member) -> int:
    return Account.objects.get(pk=member.pk).balance


def test_from_login_over_check_in_to_a_coupon_and_the_statement(
    phone: Phone, run_jobs: RunJobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEMO_STAFF_PASSWORD", "a-demo-password")
    for command in (["sync_staff_groups"], ["load_programme", "ecommerce"], ["load_demo"]):
        call_command(*command, stdout=StringIO())
    run_jobs()
    lin = Member.objects.get(pk=Identity.objects.get(openid=LIN).member_id)
    coupon = Item.objects.get(price_points=100)
    start = balance_of(lin)

    phone.log_in(LIN)
    phone.wait_for_text("#balance", f"{start:,}")

    phone.tap("#check-in")
    phone.wait_for_text(".toast", "+11")
    run_jobs()
    assert CheckIn.objects.filter(member_id=lin.pk).latest("on").streak == 7
    phone.wait_for_text("#balance", f"{start + 11 + 50:,}")

    phone.go("mall")
    phone.tap(f"a[href='#/item/{coupon.pk}']")
    phone.tap("#redeem")
    assert "null" not in phone.text(".sheet")
    phone.tap("#pay")
    phone.find(".coupon[aria-busy=true]")
    run_jobs()
    shown = phone.text(".coupon code")
    redemption = Redemption.objects.latest("pk")
    assert shown == CouponCode.objects.get(redemption=redemption).code
    assert redemption.status == RedemptionStatus.COMPLETED

    phone.go("statement")
    phone.wait_for_text(".entries .entry", coupon.title)
    assert "−100" in phone.text(".entries .entry")
    phone.tap(".entry-details summary")
    assert phone.text(".breakdown")
    assert balance_of(lin) == start + 11 + 50 - 100
    assert phone.complaints() == []


def test_an_answer_lost_on_the_way_is_asked_for_again_under_the_same_key(phone: Phone, lin: Member) -> None:
    coupon = new_coupon_item(codes=5)
    phone.log_in(LIN)
    phone.script(
        """
        const real = window.fetch;
        window.keys = [];
        window.fetch = async (url, options = {}) => {
          const answer = await real(url, options);
          if (options.method === "POST" && url.endsWith("/mall/redemptions")) {
            window.keys.push(options.headers["Idempotency-Key"]);
            if (window.keys.length < 3) throw new TypeError("connection lost");
          }
          return answer;
        };
        """
    )

    phone.go(f"item/{coupon.pk}")
    phone.tap("#redeem")
    phone.tap("#pay")
    phone.find(".status-head")

    keys = phone.script("return window.keys")
    assert len(keys) == 3
    assert len(set(keys)) == 1
    assert Redemption.objects.count() == 1
    assert balance_of(lin) == 800


def test_an_access_token_that_ran_out_is_renewed_unnoticed(phone: Phone, lin: Member) -> None:
    phone.log_in(LIN)
    phone.script(
        """
        const kept = JSON.parse(sessionStorage.getItem("juli.session"));
        sessionStorage.setItem("juli.session", JSON.stringify({...kept, access: "ran-out"}));
        """
    )

    phone.open()

    phone.wait_for_text("#balance", f"{balance_of(lin):,}")
    assert phone.script("return JSON.parse(sessionStorage.getItem('juli.session')).access") != "ran-out"


def test_goods_go_to_the_chosen_address_and_can_be_called_off(phone: Phone, lin: Member, run_jobs: RunJobs) -> None:
    item = new_goods_item(stock=3)
    add_address(member_id=lin.pk, facts=HOME, at=now())
    phone.log_in(LIN)

    phone.go(f"item/{item.pk}")
    phone.tap("#redeem")
    assert HOME["phone"] in phone.text("#address")
    phone.tap("#pay")
    phone.find(".status-head")
    run_jobs()
    phone.find(".status-fulfilling")
    phone.tap("#cancel")
    phone.tap(".sheet .pair .button:last-child")
    phone.find(".status-cancelled")

    assert balance_of(lin) == 900
    assert Redemption.objects.get().address["phone"] == HOME["phone"]


def test_an_address_can_be_added_while_redeeming(phone: Phone, lin: Member) -> None:
    item = new_goods_item(stock=3)
    phone.log_in(LIN)

    phone.go(f"item/{item.pk}")
    phone.tap("#redeem")
    assert not phone.find("#pay").is_enabled()
    phone.tap("#address")
    for name, value in (HOME | {"phone": "no number"}).items():
        phone.find(f"input[name={name}]").send_keys(value)
    phone.tap("form [type=submit]")
    assert phone.text("input[name=phone] + .field-error")
    phone.find("input[name=phone]").clear()
    phone.find("input[name=phone]").send_keys(HOME["phone"])
    phone.tap("form [type=submit]")
    phone.tap("#pay")
    phone.find(".status-head")

    assert Redemption.objects.get().address == HOME


def test_an_item_out_of_reach_says_why(phone: Phone, lin: Member) -> None:
    opens_at = start_of_day(business_day(now()) + timedelta(days=1)) + timedelta(hours=10)
    item = new_goods_item(price_points=1_000, opens_at=opens_at)
    phone.log_in(LIN)

    phone.go(f"item/{item.pk}")

    reasons = phone.text(".reasons")
    assert "10:00" in reasons
    assert "100" in reasons.replace("10:00", "")
    assert not phone.find("#redeem").is_enabled()


def test_the_statement_goes_on_to_its_end_while_scrolling(phone: Phone, lin: Member) -> None:
    for _entry in range(50):
        give_points(lin.pk, 1)
    phone.log_in(LIN)
    phone.go("statement")
    phone.find(".entries .entry")

    def all_shown() -> bool:
        phone.script("document.querySelector('.body').scrollTop = 1e6")
        return bool(phone.script("return document.querySelectorAll('.entries .entry').length") == 51)

    phone.until(all_shown, "51 entries")


def test_names_are_shown_as_text(phone: Phone, lin: Member) -> None:
    nickname = "<img src=x id=evil>"
    update_profile(member_id=lin.pk, changes={"nickname": nickname}, at=now())

    phone.log_in(LIN)

    assert phone.text(".card-name") == nickname
    assert phone.script("return document.getElementById('evil')") is None


def test_a_notice_shows_as_unread_until_it_is_opened(phone: Phone, lin: Member) -> None:
    notify_many(
        kind="points_expiring",
        tellings=[Telling(lin.pk, "expiring", {"on": "2026-11-30", "points": 293})],
        at=now(),
    )
    phone.log_in(LIN)
    phone.go("me")
    assert phone.text(".badge") == "1"

    phone.go("inbox")
    assert "293" in phone.text(".inbox .is-unread")
    phone.tap(".inbox-notice")

    phone.until(lambda: Notice.objects.get().read_at is not None, "read")
    phone.go("me")
    phone.find(".menu-line")
    assert not phone.script("return document.querySelectorAll('.badge').length")
