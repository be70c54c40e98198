"""Who gets in with which access token: asked of the database at each request, in one SELECT."""

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
import time_machine
from django.conf import LazySettings
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from core.business_time import now
from members import tokens, vault
from members.models import Member, MemberStatus, Session
from members.services import sessions

pytestmark = pytest.mark.django_db
ME = "/api/v1/members/me"


def get_me(token: str, scheme: str = "Bearer") -> Any:
    return APIClient().get(ME, headers={"Authorization": f"{scheme} {token}"})


def claims_of(member: Member, **changes: Any) -> dict[str, Any]:
    session = Session.objects.filter(member=member).latest("created_at")
    expires = int((now() + timedelta(minutes=5)).timestamp())
    return {"sid": session.pk.hex, "mid": member.pk, "typ": "access", "exp": expires} | changes


@pytest.fixture
def access(alice: Member) -> str:
    return sessions.open_session(member_id=alice.pk, device_id="phone", at=now()).access


def test_a_good_token_gets_in(access: str, alice: Member) -> None:
    assert get_me(access).json()["no"] == alice.no
    assert get_me(access, scheme="bearer").status_code == 200


def test_authentication_costs_one_query(
    access: str, alice: Member, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(2) as queries:
        get_me(access)

    authentication, own = (query["sql"] for query in queries.captured_queries)
    assert "members_session" in authentication
    assert "members_session" not in own


def test_no_token_says_how_to_log_in() -> None:
    answer = APIClient().get(ME)

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'


def test_a_bad_token_says_so_too() -> None:
    answer = get_me("nonsense")

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'


@pytest.mark.parametrize("garbage", ["", " ", "x", "a.b", "a.b.c", "a.b.c.d", "\xff\xfe", "{}", "é" * 300])
def test_garbage_is_refused(garbage: str, alice: Member) -> None:
    assert get_me(garbage.encode("utf-8").decode("latin-1")).status_code == 401


def test_a_forged_signature_is_refused(access: str, alice: Member) -> None:
    forged = jwt.encode(claims_of(alice), "a-key-that-is-not-ours-0123456789abcdef", algorithm="HS256")

    assert get_me(forged).status_code == 401


def test_the_bare_secret_key_does_not_sign_tokens(access: str, alice: Member, settings: LazySettings) -> None:
    assert get_me(jwt.encode(claims_of(alice), settings.SECRET_KEY, algorithm="HS256")).status_code == 401


def test_changed_claims_are_refused(access: str, alice: Member, bob: Member) -> None:
    header, _payload, signature = access.split(".")
    payload = base64.urlsafe_b64encode(json.dumps(claims_of(alice, mid=bob.pk)).encode()).rstrip(b"=").decode()

    assert get_me(f"{header}.{payload}.{signature}").status_code == 401


def test_algorithm_none_is_refused(access: str, alice: Member) -> None:
    assert get_me(jwt.encode(claims_of(alice), None, algorithm="none")).status_code == 401


@pytest.mark.filterwarnings("ignore:The HMAC key")
def test_another_hash_with_the_right_key_is_refused(access: str, alice: Member) -> None:
    key = vault.keys_for("access-token")[0]

    assert get_me(jwt.encode(claims_of(alice), key, algorithm="HS384")).status_code == 401


def test_a_refresh_token_does_not_get_in(alice: Member) -> None:
    assert get_me(sessions.open_session(member_id=alice.pk, device_id="phone", at=now()).refresh).status_code == 401


def test_another_type_signed_with_the_access_key_does_not_get_in(access: str, alice: Member) -> None:
    key = vault.keys_for("access-token")[0]

    assert get_me(jwt.encode(claims_of(alice, typ="refresh"), key, algorithm="HS256")).status_code == 401
    assert get_me(jwt.encode(claims_of(alice), key, algorithm="HS256")).status_code == 200


@pytest.mark.parametrize("claim", ["sid", "mid", "typ", "exp"])
def test_a_token_without_one_of_its_claims_is_refused(claim: str, access: str, alice: Member) -> None:
    claims = claims_of(alice)
    del claims[claim]

    assert get_me(jwt.encode(claims, vault.keys_for("access-token")[0], algorithm="HS256")).status_code == 401


def test_an_expired_token_is_refused(access: str, settings: LazySettings) -> None:
    with time_machine.travel(now() + timedelta(minutes=settings.ACCESS_TOKEN_MINUTES, seconds=-5), tick=False):
        assert get_me(access).status_code == 200
    with time_machine.travel(now() + timedelta(minutes=settings.ACCESS_TOKEN_MINUTES, seconds=5), tick=False):
        assert get_me(access).status_code == 401


def test_a_token_naming_another_members_session_is_refused(access: str, alice: Member, bob: Member) -> None:
    stolen = tokens.access_token(
        session_id=Session.objects.get(member=alice).pk, member_id=bob.pk, expires_at=now() + timedelta(minutes=5)
    )

    assert get_me(stolen).status_code == 401


def test_an_ended_session_is_refused_at_the_next_request(access: str, alice: Member) -> None:
    assert get_me(access).status_code == 200

    assert sessions.revoke_sessions(member_id=alice.pk, because="ended_by_staff", at=now()) == 1

    assert get_me(access).status_code == 401


def test_a_session_that_ran_out_is_refused_though_its_token_has_not(access: str, alice: Member) -> None:
    Session.objects.update(expires_at=now())

    assert get_me(access).status_code == 401


def test_a_closed_member_is_refused_even_with_a_live_session(access: str, alice: Member) -> None:
    Member.objects.filter(pk=alice.pk).update(status=MemberStatus.CLOSED)

    assert get_me(access).status_code == 401


def test_a_frozen_member_can_still_read(access: str, alice: Member) -> None:
    Member.objects.filter(pk=alice.pk).update(status=MemberStatus.FROZEN)

    assert get_me(access).json()["status"] == "frozen"


def test_tokens_survive_a_change_of_secret_key_with_fallback(access: str, settings: LazySettings) -> None:
    former = settings.SECRET_KEY
    settings.SECRET_KEY = "another-secret-key-that-signs-nothing-of-worth-012345"

    assert get_me(access).status_code == 401

    settings.SECRET_KEY_FALLBACKS = [former]

    assert get_me(access).status_code == 200


def test_one_members_token_shows_nothing_of_another(
    api: Callable[[Member], APIClient], alice: Member, bob: Member
) -> None:
    assert api(alice).get(ME).json()["no"] == alice.no
    assert api(bob).get(ME).json()["no"] == bob.no
