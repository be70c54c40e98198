"""Where a member's goods go."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from members import selectors
from members.models import Address, Member
from members.services.addresses import MAX_ADDRESSES

pytestmark = pytest.mark.django_db
ADDRESSES = "/api/v1/members/me/addresses"
FACTS = {"recipient": "李雷", "phone": "+86 138-0013-8000", "region": "上海市 徐汇区", "detail": "漕溪北路 1 号"}


@pytest.fixture
def me(api: Callable[[Member], APIClient], alice: Member) -> APIClient:
    return api(alice)


def add(client: APIClient, **changes: Any) -> dict[str, Any]:
    answer = client.post(ADDRESSES, FACTS | changes, format="json")
    assert answer.status_code == 201, answer.json()
    body: dict[str, Any] = answer.json()
    return body


def defaults(client: APIClient) -> list[int]:
    return [row["id"] for row in client.get(ADDRESSES).json()["results"] if row["is_default"]]


def test_an_address_is_kept_and_the_first_is_the_default(me: APIClient) -> None:
    first = add(me)

    assert first == FACTS | {"id": first["id"], "is_default": True}
    assert me.get(ADDRESSES).json() == {"next": None, "previous": None, "results": [first]}


def test_there_is_one_default(me: APIClient) -> None:
    first = add(me)
    second = add(me)
    assert defaults(me) == [first["id"]]

    third = add(me, is_default=True)
    assert defaults(me) == [third["id"]]

    me.patch(f"{ADDRESSES}/{second['id']}", {"is_default": True}, format="json")
    assert defaults(me) == [second["id"]]


def test_an_address_can_be_changed_in_part(me: APIClient) -> None:
    first = add(me)

    answer = me.patch(f"{ADDRESSES}/{first['id']}", {"detail": "新址 2 号"}, format="json")

    assert answer.json() == first | {"detail": "新址 2 号"}


def test_a_deleted_address_is_gone_and_the_newest_left_becomes_the_default(me: APIClient) -> None:
    first, _second, third = add(me), add(me), add(me)

    answer = me.delete(f"{ADDRESSES}/{first['id']}")

    assert (answer.status_code, answer.content) == (204, b"")
    assert defaults(me) == [third["id"]]
    assert me.delete(f"{ADDRESSES}/{first['id']}").status_code == 404
    assert me.patch(f"{ADDRESSES}/{first['id']}", {"detail": "x"}, format="json").status_code == 404


def test_deleting_another_one_leaves_the_default(me: APIClient) -> None:
    first, second = add(me), add(me)

    me.delete(f"{ADDRESSES}/{second['id']}")

    assert defaults(me) == [first["id"]]


def test_another_members_address_is_not_there(
    me: APIClient, api: Callable[[Member], APIClient], alice: Member, bob: Member
) -> None:
    own, other = add(me), api(bob)

    for answer in (
        other.patch(f"{ADDRESSES}/{own['id']}", {"detail": "mine now"}, format="json"),
        other.delete(f"{ADDRESSES}/{own['id']}"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "address_not_found")
    assert other.get(ADDRESSES).json()["results"] == []
    assert selectors.shipping_address(member_id=bob.pk, address_id=own["id"]) is None
    copied = selectors.shipping_address(member_id=alice.pk, address_id=own["id"])
    assert copied is not None
    assert copied.detail == FACTS["detail"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("recipient", ""),
        ("recipient", "a\nb"),
        ("recipient", "x" * 51),
        ("phone", "no phone"),
        ("phone", "1"),
        ("phone", 13800138000),
        ("phone", "138001380001380013800"),
        ("phone", "١٣٨٠٠١٣٨٠٠٠"),
        ("region", None),
        ("detail", "x" * 201),
        ("is_default", "true"),
        ("is_default", 1),
        ("postcode", "200030"),
        ("member_id", 1),
    ],
)
def test_a_value_outside_the_contract_is_refused(me: APIClient, field: str, value: object) -> None:
    own = add(me)

    for answer in (
        me.post(ADDRESSES, FACTS | {field: value}, format="json"),
        me.patch(f"{ADDRESSES}/{own['id']}", {field: value}, format="json"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
        assert list(answer.json()["fields"]) == [field]
    assert me.get(ADDRESSES).json()["results"] == [own]


def test_there_is_room_for_so_many(me: APIClient) -> None:
    for _turn in range(MAX_ADDRESSES):
        add(me)

    answer = me.post(ADDRESSES, FACTS, format="json")

    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_addresses")
    assert Address.objects.count() == MAX_ADDRESSES


def test_the_list_has_pages(me: APIClient) -> None:
    ids = [add(me)["id"] for _turn in range(3)]

    first = me.get(ADDRESSES, {"page_size": 2}).json()
    second = me.get(ADDRESSES, {"page_size": 2, "cursor": first["next"]}).json()

    assert [row["id"] for row in first["results"] + second["results"]] == ids[::-1]
    assert second["next"] is None


@pytest.mark.parametrize("query", ["page_size=0", "page_size=101", "page_size=many", "size=2"])
def test_a_page_nobody_has_is_refused(me: APIClient, query: str) -> None:
    answer = me.get(f"{ADDRESSES}?{query}")

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")


def test_an_id_beyond_any_integer_is_not_there(me: APIClient) -> None:
    assert me.delete(f"{ADDRESSES}/{10**30}").status_code == 404
