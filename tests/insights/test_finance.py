"""Finance's pages: what they show, to whom, the button that closes a day, and the files."""

import io
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.db import connection
from django.http import StreamingHttpResponse
from django.test import Client
from openpyxl import load_workbook

from config.groups import sync_groups
from core.business_time import start_of_day
from growth.models import Order
from insights.finance import pages
from insights.finance.exports import harmless
from members.models import Member
from members.services.partners import load_partner
from points.models import DayClose
from points.services.closing import prepare_days
from tests.points.book import earn, spend
from tests.points.days import DAY1, DAY2, DAY3, booked_at, noon

MARCH = DAY1.replace(year=2025, day=31)
PAGE = "/admin/finance/?month=2024-03"
DAY_PAGE = f"/admin/finance/days/{DAY1}/"


def client_of(group: str) -> Client:
    sync_groups()
    user = User.objects.create_user(group, is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def finance(db: None) -> Client:
    return client_of("finance")


@pytest.fixture
def days(alice: Member) -> None:
    """Two prepared days: 1,000 deferred and 500 unclassified points earned, 200 spent."""
    with booked_at(noon(DAY1)) as at:
        earn(alice.pk, 1_000, key="a", on=MARCH, by="award:order_paid", at=at)
        earn(alice.pk, 500, key="b", on=MARCH, by="award:lottery", at=at)
    with booked_at(noon(DAY2)) as at:
        spend(alice.pk, 200, key="s", at=at)
    prepare_days(at=start_of_day(DAY3) + timedelta(hours=1))


def text_of(answer: Any) -> str:
    content = answer.getvalue() if isinstance(answer, StreamingHttpResponse) else answer.content
    return bytes(content).decode()


def test_the_month_shows_figures_days_pictures_and_what_is_not_classified(finance: Client, days: None) -> None:
    page = finance.get(PAGE)

    shown = page.context
    assert [(row.on, row.cells[0], row.cells[-1], row.state) for row in shown["days"]] == [
        (DAY2, 1_500, 1_300, "prepared"),
        (DAY1, 0, 1_500, "prepared"),
    ]
    assert [row.closes_next for row in shown["days"]] == [False, True]
    assert [(card["points"], card["yuan"]) for card in shown["cards"][:3]] == [
        (1_300, "¥13.00"), (shown["shown"].deferred, "¥8.00"), (500, "¥5.00")
    ]  # fmt: skip
    assert shown["unclassified"] == ["award:lottery"]
    assert text_of(page).count('class="chart"') == 3
    assert shown["contract"] is None


def test_purchases_give_the_contract_liability(finance: Client, days: None, alice: Member) -> None:
    partner_id = load_partner(code="shop", name="Shop")
    Order.objects.create(
        member_id=alice.pk,
        partner_id=partner_id,
        order_no="1",
        amount_fen=10_000,
        paid_at=noon(DAY1),
        awards=[{"points": 1_000}],
    )

    contract = finance.get(PAGE).context["contract"]

    # 10,000 fen for 1,000 points worth 900: 825.69 of them are the points'; 200 of 900 expected are redeemed.
    assert (contract["allocated"], contract["recognised"], contract["liability"]) == ("¥8.26", "¥1.83", "¥6.43")


def test_the_running_day_is_shown_before_any_is_over(finance: Client, alice: Member) -> None:
    earn(alice.pk, 70, key="a")

    page = finance.get("/admin/finance/")

    assert page.context["running"].cells[-1] == 70
    assert (page.context["days"], page.context["shown"].closing) == ([], 70)


@pytest.mark.parametrize(
    "query", ["", "?month=1999-01", "?month=9999-12", "?month=2999-12", "?month=x", "?month=2024-02"]
)
def test_any_month_can_be_asked_for(query: str, finance: Client, days: None) -> None:
    assert finance.get(f"/admin/finance/{query}").status_code == 200
    for table in ("days", "liability", "cohorts"):
        assert finance.get(f"/admin/finance/export/{table}.csv{query}").status_code == 200


def test_finance_closes_a_day_and_it_is_in_the_log(finance: Client, days: None) -> None:
    assert b'name="close"' in finance.get(DAY_PAGE).content

    answer = finance.post(DAY_PAGE, {"close": "1"})

    day = DayClose.objects.get(on=DAY1)
    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    assert day.closed_by is not None
    assert day.closed_by.get_username() == "finance"
    entry = LogEntry.objects.get()
    assert (entry.object_id, entry.user.get_username()) == (str(day.pk), "finance")
    assert b'name="close"' not in finance.get(DAY_PAGE).content


def test_a_day_out_of_order_is_refused_and_says_why(finance: Client, days: None) -> None:
    answer = finance.post(f"/admin/finance/days/{DAY2}/", {"close": "1"}, follow=True)

    assert [message.level_tag for message in answer.context["messages"]] == ["error"]
    assert not DayClose.objects.exclude(closed_at=None).exists()
    assert not LogEntry.objects.exists()


def test_a_day_that_differs_shows_and_can_be_prepared_again(
    finance: Client, days: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Otherwise all days until today would be prepared.
    monkeypatch.setattr(pages, "now", lambda: start_of_day(DAY3) + timedelta(hours=1))
    with connection.cursor() as cursor:
        cursor.execute("UPDATE points_account SET balance = balance + 1")
    finance.post(DAY_PAGE, {"close": "1"})
    assert [row.state for row in finance.get(PAGE).context["days"]] == ["prepared", "differs"]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE points_account SET balance = balance - 1")

    finance.post(DAY_PAGE, {"prepare": "1"})

    states = {row.on: row.state for row in finance.get(PAGE).context["days"]}
    assert (states[DAY1], states[DAY2]) == ("prepared", "prepared")


@pytest.mark.parametrize("group", ["ops", "risk", "support"])
def test_others_see_nothing_of_it(group: str, days: None) -> None:
    client = client_of(group)

    for path in (PAGE, DAY_PAGE, "/admin/finance/export/days.csv"):
        assert client.get(path).status_code == 403
    assert client.post(DAY_PAGE, {"close": "1"}).status_code == 403
    assert Client().get(PAGE).status_code == 302


def test_who_may_look_but_not_close_cannot(days: None) -> None:
    client = client_of("finance")
    Group.objects.get(name="finance").permissions.remove(*_permissions("close_day"))

    assert b'name="close"' not in client.get(DAY_PAGE).content
    assert client.post(DAY_PAGE, {"close": "1"}).status_code == 403
    assert not DayClose.objects.exclude(closed_at=None).exists()


def _permissions(codename: str) -> list[Any]:
    return list(Group.objects.get(name="finance").permissions.filter(codename=codename))


@pytest.mark.parametrize("path", ["days/2024-13-01/", "days/x/", "days/2023-01-01/", "export/x.csv", "export/days.pdf"])
def test_what_is_not_there_is_not_found(path: str, finance: Client, days: None) -> None:
    assert finance.get(f"/admin/finance/{path}").status_code == 404


def test_csv_opens_in_excel_and_holds_the_days(finance: Client, days: None) -> None:
    answer = finance.get("/admin/finance/export/days.csv?month=2024-03")

    lines = text_of(answer).splitlines()
    assert lines[0].startswith("\ufeff")
    assert lines[1].startswith("2024-03-01,0,1500,0,0,0,0,0,0,0,0,1500,1000,500,0,0,1500,1500,0,")
    assert lines[2].startswith("2024-03-02,1500,0,-200,")
    assert 'filename="points-days-2024-03.csv"' in answer["Content-Disposition"]


def test_the_workbook_holds_numbers_and_adds_up_to_the_closing(finance: Client, days: None) -> None:
    answer: Any = finance.get("/admin/finance/export/liability.xlsx?month=2024-03")

    rows = list(load_workbook(io.BytesIO(answer.getvalue())).active.values)
    assert [(row[1], row[2]) for row in rows[1:]] == [("award:order_paid", "2025-03"), ("award:lottery", "2025-03")]
    assert sum(row[4] for row in rows[1:]) == DayClose.objects.get(on=DAY2).closing
    assert {type(value) for row in rows[1:] for value in row[4:]} == {int}


def test_cohorts_can_be_exported(finance: Client, days: None) -> None:
    lines = text_of(finance.get("/admin/finance/export/cohorts.csv?month=2024-03")).splitlines()

    assert lines[1].startswith("2025-03,2024-03,2024-03,1500,0,0,200,0,1300,13.3%,0.0%,")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_no_text_is_taken_for_a_formula(text: str) -> None:
    assert harmless(text) == f"'{text}"
    assert (harmless(-5), harmless("award:x")) == (-5, "award:x")
