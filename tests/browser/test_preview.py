"""The preview page in a real browser, against a running server and the WeChat stand-in."""

from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import call_command
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer
from selenium.webdriver import Chrome

from growth.models import CheckIn
from mall.models import CouponCode, Item, Redemption, RedemptionStatus
from members.models import Identity, Member
from members.services.profile import update_profile
from points.models import Account, Entry
from tests.browser.phone import Phone

COUPON_PRICE = 100
RunJobs = Callable[[], int]


@pytest.fixture
def phone(
    browser: Chrome, live_server: LiveServer, wechat_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Phone:
    """Return a phone on which the preview of a loaded demo can be opened."""
    monkeypatch.setenv("DEMO_STAFF_PASSWORD", "a-demo-password")
    for command in (["sync_staff_groups"], ["load_programme", "ecommerce"], ["load_demo"]):
        call_command(*command, stdout=StringIO())
    return Phone(browser, live_server.url)


@pytest.fixture
def lin(phone: Phone) -> Member:
    """Return the demo member most tests are."""
    return Member.objects.get(pk=Identity.objects.get(openid="demo-lin").member_id)


@pytest.fixture
def coupon(phone: Phone) -> Item:
    return Item.objects.get(price_points=COUPON_PRICE)


def balance_of(member: Member) -> int:
    return Account.objects.get(pk=member.pk).balance


def test_from_login_over_check_in_to_a_coupon_and_the_statement(
    phone: Phone, lin: Member, coupon: Item, run_jobs: RunJobs
) -> None:
    run_jobs()
    start = balance_of(lin)

    phone.log_in("demo-lin")
    phone.wait_for_text("#balance", f"{start:,}")

    phone.tap("#check-in")
    phone.wait_for_text(".toast", "+11")
    run_jobs()
    assert CheckIn.objects.filter(member_id=lin.pk).latest("on").streak == 7
    phone.wait_for_text("#balance", f"{start + 11 + 50:,}")

    phone.go("mall")
    phone.tap(f"a[href='#/item/{coupon.pk}']")
    phone.tap("#redeem")
    phone.tap("#pay")
    phone.find(".coupon[aria-busy=true]")
    run_jobs()
    shown = phone.text(".coupon code")
    redemption = Redemption.objects.latest("pk")
    assert shown == CouponCode.objects.get(redemption=redemption).code
    assert redemption.status == RedemptionStatus.COMPLETED

    phone.go("statement")
    phone.wait_for_text(".entries .entry", coupon.title)
    assert f"−{COUPON_PRICE}" in phone.text(".entries .entry")
    phone.tap(".entry-details summary")
    assert phone.text(".breakdown")
    assert balance_of(lin) == start + 11 + 50 - COUPON_PRICE
    assert phone.complaints() == []


def test_an_answer_lost_on_the_way_is_asked_for_again_under_the_same_key(
    phone: Phone, lin: Member, coupon: Item
) -> None:
    before = Redemption.objects.count()
    phone.log_in("demo-lin")
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
    assert Redemption.objects.count() == before + 1


def test_an_access_token_that_ran_out_is_renewed_unnoticed(phone: Phone, lin: Member) -> None:
    phone.log_in("demo-lin")
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
    item = Item.objects.get(price_points=2_000)
    start = balance_of(lin)
    phone.log_in("demo-lin")

    phone.go(f"item/{item.pk}")
    phone.tap("#redeem")
    assert "13800000001" in phone.text("#address")
    phone.tap("#pay")
    phone.find(".status-head")
    run_jobs()
    phone.find(".status-fulfilling")
    phone.tap("#cancel")
    phone.tap(".sheet .pair .button:last-child")
    phone.find(".status-cancelled")

    assert balance_of(lin) == start
    assert Redemption.objects.latest("pk").address["phone"] == "13800000001"


def test_an_item_out_of_reach_says_why(phone: Phone) -> None:
    phone.log_in("demo-chen")
    item = Item.objects.get(opens_at__isnull=False)

    phone.go(f"item/{item.pk}")

    reasons = phone.text(".reasons")
    assert "10:00" in reasons
    assert "780" in reasons
    assert not phone.find("#redeem").is_enabled()


def test_the_statement_goes_on_to_its_end_while_scrolling(phone: Phone, lin: Member) -> None:
    count = Entry.objects.filter(member_id=lin.pk).count()
    phone.log_in("demo-lin")
    phone.go("statement")
    phone.find(".entries .entry")

    def all_shown() -> bool:
        phone.script("document.querySelector('.body').scrollTop = 1e6")
        return bool(phone.script("return document.querySelectorAll('.entries .entry').length") == count)

    phone.until(all_shown, f"{count} entries")
    assert count > 40


def test_names_are_shown_as_text(phone: Phone, lin: Member) -> None:
    nickname = "<img src=x id=evil>"
    update_profile(member_id=lin.pk, changes={"nickname": nickname}, at=lin.registered_at)

    phone.log_in("demo-lin")

    assert phone.text(".card-name") == nickname
    assert phone.script("return document.getElementById('evil')") is None
