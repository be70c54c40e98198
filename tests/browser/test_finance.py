"""A finance user closes a day in a real browser."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from pytest_django.live_server_helper import LiveServer
from selenium.webdriver import Chrome

from config.groups import sync_groups
from core.business_time import start_of_day
from points.models import DayClose
from points.services.closing import prepare_days
from tests.browser.phone import Phone
from tests.factories import new_member
from tests.points.book import earn
from tests.points.days import DAY1, DAY2, booked_at, noon

PASSWORD = "a-finance-password"


@pytest.fixture
def lead(transactional_db: None) -> User:
    sync_groups()
    user = User.objects.create_user("finance", password=PASSWORD, is_staff=True)
    user.groups.add(Group.objects.get(name="finance"))
    return user


def test_finance_logs_in_and_closes_a_day(browser: Chrome, live_server: LiveServer, lead: User) -> None:
    with booked_at(noon(DAY1)) as at:
        earn(new_member("Alice").pk, 1_234, key="a", by="award:order_paid", at=at)
    prepare_days(at=start_of_day(DAY2) + timedelta(hours=1))
    page = Phone(browser, live_server.url)

    browser.get(f"{live_server.url}/admin/login/?next=/admin/finance/%3Fmonth=2024-03")
    page.find("input[name=username]").send_keys("finance")
    page.find("input[name=password]").send_keys(PASSWORD)
    page.tap("form [type=submit]")
    page.wait_for_text("#days", "1,234")
    drawn = "return [...document.querySelectorAll('canvas.chart')].filter((one) => Chart.getChart(one)).length"
    page.until(lambda: page.script(drawn) == 3, "three pictures")
    page.tap(f"#days a[href$='{DAY1}/'].inline-flex")
    page.tap("button[name=close]")
    page.find("#days .book-state-closed")

    assert DayClose.objects.get().closed_by == lead
    assert [line for line in page.complaints() if "favicon" not in line] == []
