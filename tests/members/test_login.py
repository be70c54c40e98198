"""Logging in with a code from wx.login: who is new becomes a member, once."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from rest_framework.test import APIClient

from growth.services.programme import load_programme
from members.models import Device, Identity, Member, MemberStatus, Session, Tier
from tests.standin import StandIn

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("wechat_settings")]
LOGIN = "/api/v1/auth/login"


@pytest.fixture(autouse=True)
def tiers(db: None) -> None:
    load_programme(name="ecommerce")


def test_first_login_registers_a_member_at_the_lowest_tier(anyone: APIClient, standin: StandIn) -> None:
    answer = anyone.post(LOGIN, {"code": standin.new_code("openid-new")}, format="json")

    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"access", "refresh", "expires_at", "device_id", "member"}
    member = Member.objects.get()
    assert body["member"] == {
        "no": member.no,
        "nickname": "",
        "avatar_url": "",
        "birthday": None,
        "tier": {"code": "bronze", "name": "青铜"},
        "growth_value": 0,
        "registered_at": body["member"]["registered_at"],
        "status": "active",
    }


def test_the_access_token_opens_the_api(anyone: APIClient, standin: StandIn) -> None:
    body = anyone.post(LOGIN, {"code": standin.new_code("openid-new")}, format="json").json()

    me = anyone.get("/api/v1/members/me", headers={"Authorization": f"Bearer {body['access']}"})

    assert me.status_code == 200
    assert me.json() == body["member"]


def test_second_login_finds_the_member_again(anyone: APIClient, standin: StandIn) -> None:
    first = anyone.post(LOGIN, {"code": standin.new_code("openid-new")}, format="json").json()
    second = anyone.post(LOGIN, {"code": standin.new_code("openid-new")}, format="json").json()

    assert second["member"]["no"] == first["member"]["no"]
    assert Member.objects.count() == 1
    assert Session.objects.count() == 2


def test_a_member_known_by_unionid_is_joined(anyone: APIClient, standin: StandIn, alice: Member) -> None:
    Identity.objects.create(
        member=alice,
        kind="service_account",
        openid="openid-service",
        unionid="union-alice",
        created_at=alice.registered_at,
    )

    answer = anyone.post(LOGIN, {"code": standin.new_code("openid-mini", unionid="union-alice")}, format="json")

    assert answer.json()["member"]["no"] == alice.no
    assert Identity.objects.get(openid="openid-mini").member_id == alice.pk


def test_a_unionid_that_comes_later_is_remembered(anyone: APIClient, standin: StandIn) -> None:
    anyone.post(LOGIN, {"code": standin.new_code("openid-new")}, format="json")
    anyone.post(LOGIN, {"code": standin.new_code("openid-new", unionid="union-new")}, format="json")

    assert Identity.objects.get().unionid == "union-new"


def test_invite_code_and_share_token_are_kept_with_the_registration(anyone: APIClient, standin: StandIn) -> None:
    body = {"code": standin.new_code("openid-new"), "invite_code": "INV7", "share_token": "SHR9"}

    assert anyone.post(LOGIN, body, format="json").status_code == 200

    member = Member.objects.get()
    assert (member.invited_with, member.shared_with) == ("INV7", "SHR9")


def test_a_later_login_keeps_its_share_token_on_the_session_only(
    anyone: APIClient, standin: StandIn, alice: Member
) -> None:
    openid = Identity.objects.get(member=alice).openid
    body = {"code": standin.new_code(openid), "invite_code": "INV7", "share_token": "SHR9"}

    anyone.post(LOGIN, body, format="json")

    alice.refresh_from_db()
    assert (alice.invited_with, alice.shared_with) == ("", "")
    assert Session.objects.get(member=alice).shared_with == "SHR9"


def test_a_device_is_registered_once_and_seen_again(anyone: APIClient, standin: StandIn) -> None:
    for _login in range(2):
        body = {"code": standin.new_code("openid-new"), "device_id": "phone-1"}
        assert anyone.post(LOGIN, body, format="json").json()["device_id"] == "phone-1"

    device = Device.objects.get()
    assert device.last_seen_at > device.first_seen_at


def test_a_client_without_a_device_id_gets_one(anyone: APIClient, standin: StandIn) -> None:
    body = anyone.post(LOGIN, {"code": standin.new_code("openid-new")}, format="json").json()

    assert Device.objects.get().device_id == body["device_id"]


def test_a_frozen_member_may_log_in(anyone: APIClient, standin: StandIn, alice: Member) -> None:
    Member.objects.filter(pk=alice.pk).update(status=MemberStatus.FROZEN)
    openid = Identity.objects.get(member=alice).openid

    answer = anyone.post(LOGIN, {"code": standin.new_code(openid)}, format="json")

    assert answer.status_code == 200
    assert answer.json()["member"]["status"] == "frozen"


def test_a_closed_member_may_not(anyone: APIClient, standin: StandIn, alice: Member) -> None:
    Member.objects.filter(pk=alice.pk).update(status=MemberStatus.CLOSED)
    openid = Identity.objects.get(member=alice).openid

    answer = anyone.post(LOGIN, {"code": standin.new_code(openid)}, format="json")

    assert (answer.status_code, answer.json()["code"]) == (403, "member_closed")
    assert not Session.objects.exists()


def test_a_used_code_logs_nobody_in(anyone: APIClient, standin: StandIn) -> None:
    code = standin.new_code("openid-new")
    anyone.post(LOGIN, {"code": code}, format="json")

    answer = anyone.post(LOGIN, {"code": code}, format="json")

    assert (answer.status_code, answer.json()["code"]) == (401, "login_code_invalid")
    assert Session.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"colour": "red"}, "colour"),
        ({"code": 5}, "code"),
        ({"code": ""}, "code"),
        ({"code": None}, "code"),
        ({"code": "x" * 257}, "code"),
        ({"device_id": "x" * 65}, "device_id"),
        ({"device_id": "a b"}, "device_id"),
        ({"device_id": {"id": 1}}, "device_id"),
        ({"invite_code": ["A"]}, "invite_code"),
        ({"share_token": True}, "share_token"),
    ],
)
def test_a_body_outside_the_contract_is_refused(anyone: APIClient, changes: dict[str, object], field: str) -> None:
    answer = anyone.post(LOGIN, {"code": "c"} | changes, format="json")

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert list(answer.json()["fields"]) == [field]
    assert not Member.objects.exists()


def test_member_numbers_are_ten_digits_and_do_not_count(anyone: APIClient, standin: StandIn) -> None:
    numbers = [
        int(anyone.post(LOGIN, {"code": standin.new_code(f"openid-{n}")}, format="json").json()["member"]["no"])
        for n in range(6)
    ]

    assert all(1_000_000_000 <= number <= 9_999_999_999 for number in numbers)
    # A sequence would keep the leading digits; of six random numbers two share them once in six hundred runs.
    assert len({number // 1_000_000 for number in numbers}) >= 5


def test_a_taken_member_number_is_drawn_again(
    anyone: APIClient, standin: StandIn, alice: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    draws = iter([int(alice.no) - 1_000_000_000, 7])
    monkeypatch.setattr("secrets.randbelow", lambda _limit: next(draws))

    body = anyone.post(LOGIN, {"code": standin.new_code("openid-new")}, format="json").json()

    assert body["member"]["no"] == "1000000007"


def test_without_tiers_registration_says_what_to_do(anyone: APIClient, standin: StandIn) -> None:
    Tier.objects.all().delete()

    with pytest.raises(ImproperlyConfigured, match="load_programme"):
        anyone.post(LOGIN, {"code": standin.new_code("openid-new")}, format="json")
