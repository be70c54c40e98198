"""Balance and statement over HTTP."""

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from core.business_time import business_day, now
from members.models import Member
from points.models import NEVER
from tests.points.book import LATER, SOON, earn, hold, refund, spend

Api = Callable[[Member], APIClient]


def test_the_balance_of_a_newcomer_is_empty(alice: Member, api: Api) -> None:
    body = api(alice).get("/api/v1/points/balance").json()

    assert body == {
        "balance": 0,
        "pending": 0,
        "debt": 0,
        "earned_total": 0,
        "spent_total": 0,
        "expired_total": 0,
        "expiring": [],
    }


def test_the_balance_shows_what_expires_when(alice: Member, api: Api) -> None:
    on = business_day(now())
    later = on.replace(year=on.year + 1)
    earn(alice.pk, 30, key="a", on=on, at=now())
    earn(alice.pk, 50, key="b", on=later, at=now())
    earn(alice.pk, 5, key="c", on=later, by="award:other", at=now())
    earn(alice.pk, 8, key="d", on=NEVER, at=now())
    hold(alice.pk, 7, key="h")

    body = api(alice).get("/api/v1/points/balance").json()

    assert (body["balance"], body["pending"], body["earned_total"]) == (93, 7, 93)
    assert body["expiring"] == [{"on": str(on), "points": 30}, {"on": str(later), "points": 55}]


def test_points_past_their_last_day_are_not_in_the_balance_before_they_are_booked(alice: Member, api: Api) -> None:
    yesterday = business_day(now()).replace(year=2025)
    earn(alice.pk, 30, key="a", on=yesterday)
    earn(alice.pk, 20, key="b", on=LATER)

    body = api(alice).get("/api/v1/points/balance").json()

    assert (body["balance"], body["expired_total"]) == (20, 30)


def test_the_statement_is_newest_first_with_reasons(alice: Member, api: Api) -> None:
    earn(alice.pk, 100, key="a", title="签到", breakdown={"lines": []})
    spend(alice.pk, 30, key="s")
    refund(alice.pk, "s", key="r")

    body = api(alice).get("/api/v1/points/entries").json()

    assert [(line["kind"], line["amount"], line["balance_after"]) for line in body["results"]] == [
        ("refund", 30, 100),
        ("spend", -30, 70),
        ("award", 100, 100),
    ]
    assert body["results"][2]["title"] == "签到"
    assert body["results"][2]["breakdown"] == {"lines": []}
    assert body["results"][1]["title"]
    assert (body["next"], body["previous"]) == (None, None)


def test_the_statement_pages_by_cursor_and_stays_stable_while_rows_are_added(alice: Member, api: Api) -> None:
    for number in range(5):
        earn(alice.pk, number + 1, key=f"k{number}")
    client = api(alice)

    first = client.get("/api/v1/points/entries?page_size=2").json()
    earn(alice.pk, 99, key="meanwhile")
    second = client.get(f"/api/v1/points/entries?page_size=2&cursor={first['next']}").json()
    third = client.get(f"/api/v1/points/entries?page_size=2&cursor={second['next']}").json()

    amounts = [line["amount"] for page in (first, second, third) for line in page["results"]]
    assert amounts == [5, 4, 3, 2, 1]
    assert third["next"] is None
    back = client.get(f"/api/v1/points/entries?page_size=2&cursor={second['previous']}").json()
    assert [line["amount"] for line in back["results"]] == [5, 4]


def test_the_statement_filters_by_kind(alice: Member, api: Api) -> None:
    earn(alice.pk, 100, key="a", on=SOON)
    spend(alice.pk, 30, key="s")

    body = api(alice).get("/api/v1/points/entries?kind=spend").json()

    assert [line["kind"] for line in body["results"]] == ["spend"]


@pytest.mark.parametrize(
    "query", ["kind=nonsense", "page_size=0", "page_size=101", "page_size=x", "unknown=1", "cursor=%00"]
)
def test_wrong_parameters_are_refused(alice: Member, api: Api, query: str) -> None:
    response = api(alice).get(f"/api/v1/points/entries?{query}")

    assert response.status_code == 400
    assert response.json()["code"] == "invalid"


@pytest.mark.parametrize("cursor", ["x", "cD1hYmM=", "cD05OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk=", "%F0%9F%98%80"])
def test_a_forged_cursor_is_not_found(alice: Member, api: Api, cursor: str) -> None:
    response = api(alice).get(f"/api/v1/points/entries?cursor={cursor}")

    assert response.status_code == 404
    assert response.json()["code"] == "not_found"


def test_a_member_sees_only_their_own(alice: Member, bob: Member, api: Api) -> None:
    earn(alice.pk, 100, key="a")

    assert api(bob).get("/api/v1/points/balance").json()["balance"] == 0
    assert api(bob).get("/api/v1/points/entries").json()["results"] == []


@pytest.mark.parametrize("path", ["points/balance", "points/entries"])
def test_without_a_token_there_is_no_answer(anyone: APIClient, db: None, path: str) -> None:
    response = anyone.get(f"/api/v1/{path}")

    assert response.status_code == 401
    assert response.json()["code"] == "unauthenticated"


def test_balance_and_statement_cost_a_fixed_number_of_queries(
    alice: Member, api: Api, django_assert_num_queries: Callable[[int], object]
) -> None:
    for number in range(30):
        earn(alice.pk, 10, key=f"k{number}", on=LATER.replace(year=2027 + number % 5))
    client = api(alice)

    with django_assert_num_queries(2):  # type: ignore[attr-defined]
        client.get("/api/v1/points/balance")
    with django_assert_num_queries(2):  # type: ignore[attr-defined]
        client.get("/api/v1/points/entries")
