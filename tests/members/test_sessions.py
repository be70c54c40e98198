"""Refreshing, logging out, and ending sessions from elsewhere."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.conf import LazySettings
from rest_framework.test import APIClient

from core.business_time import now
from members import tokens
from members.models import Member, Session
from members.services import sessions
from members.services.sessions import TokenPair
from members.tasks import purge_sessions

pytestmark = pytest.mark.django_db
REFRESH = "/api/v1/auth/refresh"
LOGOUT = "/api/v1/auth/logout"
ME = "/api/v1/members/me"
SESSIONS = "/api/v1/members/me/sessions"


@pytest.fixture
def pair(alice: Member) -> TokenPair:
    return sessions.open_session(member_id=alice.pk, device_id="phone", at=now())


def with_token(access: str) -> APIClient:
    return APIClient(headers={"Authorization": f"Bearer {access}"})


def test_a_refresh_gives_a_new_pair_that_works(anyone: APIClient, pair: TokenPair) -> None:
    answer = anyone.post(REFRESH, {"refresh": pair.refresh}, format="json")

    assert answer.status_code == 200
    assert set(answer.json()) == {"access", "refresh", "expires_at"}
    assert answer.json()["refresh"] != pair.refresh
    assert with_token(answer.json()["access"]).get(ME).status_code == 200


def test_a_session_can_be_refreshed_on_and_on(anyone: APIClient, pair: TokenPair) -> None:
    refresh = pair.refresh
    for _turn in range(4):
        answer = anyone.post(REFRESH, {"refresh": refresh}, format="json")
        assert answer.status_code == 200
        refresh = answer.json()["refresh"]

    assert Session.objects.get().generation == 5


def test_a_refresh_token_used_twice_ends_the_session(anyone: APIClient, pair: TokenPair) -> None:
    following = anyone.post(REFRESH, {"refresh": pair.refresh}, format="json").json()

    again = anyone.post(REFRESH, {"refresh": pair.refresh}, format="json")

    assert (again.status_code, again.json()["code"]) == (401, "invalid_token")
    assert Session.objects.get().revoked_because == "refresh_token_reused"
    assert with_token(following["access"]).get(ME).status_code == 401
    assert anyone.post(REFRESH, {"refresh": following["refresh"]}, format="json").status_code == 401


def test_without_the_detection_a_stolen_token_would_go_unnoticed(
    anyone: APIClient, pair: TokenPair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control for the test above: with the guard away the session lives on."""
    monkeypatch.setattr(sessions, "_end_if_reused", lambda _claims, **_at: None)
    following = anyone.post(REFRESH, {"refresh": pair.refresh}, format="json").json()

    anyone.post(REFRESH, {"refresh": pair.refresh}, format="json")

    assert with_token(following["access"]).get(ME).status_code == 200


def test_reuse_ends_that_session_only(anyone: APIClient, alice: Member, pair: TokenPair) -> None:
    other = sessions.open_session(member_id=alice.pk, device_id="tablet", at=now())
    for _turn in range(2):
        anyone.post(REFRESH, {"refresh": pair.refresh}, format="json")

    assert with_token(other.access).get(ME).status_code == 200


def test_a_session_unused_for_too_long_is_over(anyone: APIClient, pair: TokenPair, settings: LazySettings) -> None:
    with time_machine.travel(now() + timedelta(days=settings.REFRESH_TOKEN_DAYS, seconds=1), tick=False):
        answer = anyone.post(REFRESH, {"refresh": pair.refresh}, format="json")

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


def test_each_refresh_lengthens_the_session(anyone: APIClient, pair: TokenPair, settings: LazySettings) -> None:
    half = timedelta(days=settings.REFRESH_TOKEN_DAYS // 2 + 1)
    with time_machine.travel(now() + half, tick=False):
        refresh = anyone.post(REFRESH, {"refresh": pair.refresh}, format="json").json()["refresh"]
    with time_machine.travel(now() + 2 * half, tick=False):
        assert anyone.post(REFRESH, {"refresh": refresh}, format="json").status_code == 200


def test_an_access_token_does_not_refresh(anyone: APIClient, pair: TokenPair) -> None:
    assert anyone.post(REFRESH, {"refresh": pair.access}, format="json").status_code == 401


@pytest.mark.parametrize("garbage", ["x", "a.b.c", "....", "é.é.é", "x" * 1000])
def test_garbage_does_not_refresh(anyone: APIClient, garbage: str) -> None:
    answer = anyone.post(REFRESH, {"refresh": garbage}, format="json")

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")


def test_a_refresh_token_of_a_session_that_never_was_is_refused(anyone: APIClient, alice: Member) -> None:
    token = tokens.refresh_token(
        session_id=uuid.uuid4(), member_id=alice.pk, generation=1, expires_at=now() + timedelta(days=1)
    )

    assert anyone.post(REFRESH, {"refresh": token}, format="json").status_code == 401


@pytest.mark.parametrize("body", [{}, {"refresh": 5}, {"refresh": None}, {"refresh": "x", "more": 1}, [], "text"])
def test_a_body_outside_the_contract_is_refused(anyone: APIClient, body: object) -> None:
    assert anyone.post(REFRESH, body, format="json").status_code == 400
    assert anyone.post(LOGOUT, body, format="json").status_code == 400


def test_logging_out_ends_the_session_at_once(anyone: APIClient, pair: TokenPair) -> None:
    answer = anyone.post(LOGOUT, {"refresh": pair.refresh}, format="json")

    assert (answer.status_code, answer.content) == (204, b"")
    assert with_token(pair.access).get(ME).status_code == 401
    assert anyone.post(REFRESH, {"refresh": pair.refresh}, format="json").status_code == 401


def test_logging_out_twice_is_no_error(anyone: APIClient, pair: TokenPair) -> None:
    for _turn in range(2):
        assert anyone.post(LOGOUT, {"refresh": pair.refresh}, format="json").status_code == 204

    assert Session.objects.get().revoked_because == "logged_out"


def test_the_list_shows_my_live_sessions_and_marks_this_one(alice: Member, bob: Member, pair: TokenPair) -> None:
    sessions.open_session(member_id=alice.pk, device_id="tablet", at=now())
    over = sessions.open_session(member_id=alice.pk, device_id="old", at=now())
    sessions.logout(token=over.refresh, at=now())
    sessions.open_session(member_id=bob.pk, device_id="not-mine", at=now())

    body = with_token(pair.access).get(SESSIONS).json()

    assert (body["next"], body["previous"]) == (None, None)
    assert [(row["device_id"], row["current"]) for row in body["results"]] == [("tablet", False), ("phone", True)]


def test_ending_the_others_keeps_this_one(alice: Member, bob: Member, pair: TokenPair) -> None:
    other = sessions.open_session(member_id=alice.pk, device_id="tablet", at=now())
    foreign = sessions.open_session(member_id=bob.pk, device_id="phone", at=now())

    assert with_token(pair.access).delete(SESSIONS).status_code == 204

    assert with_token(other.access).get(ME).status_code == 401
    assert with_token(pair.access).get(ME).status_code == 200
    assert with_token(foreign.access).get(ME).status_code == 200


def test_sessions_that_ran_out_a_month_ago_are_deleted(alice: Member, api: Callable[[Member], APIClient]) -> None:
    sessions.open_session(member_id=alice.pk, device_id="phone", at=now() - timedelta(days=61))
    sessions.open_session(member_id=alice.pk, device_id="phone", at=now() - timedelta(days=59))
    api(alice)

    purge_sessions()

    assert Session.objects.count() == 2
