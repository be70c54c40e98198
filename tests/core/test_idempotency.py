"""Repeats: the same key gets the first answer again, byte for byte."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import psycopg2
import pytest
from django.db import connection
from rest_framework.test import APIClient

from core import idempotency
from core.business_time import now
from core.models import AnsweredRequest
from members.models import Member
from tests.core.sample_urls import EffectView

pytestmark = pytest.mark.urls("tests.core.sample_urls")
Api = Callable[[Member], APIClient]


@pytest.fixture(autouse=True)
def no_calls() -> Iterator[None]:
    EffectView.calls = 0
    yield
    EffectView.calls = 0


def send(client: APIClient, key: str | None = "k", **body: object) -> object:
    headers = {} if key is None else {"Idempotency-Key": key}
    return client.post("/api/v1/effects", body, format="json", headers=headers)


def effects() -> int:
    return AnsweredRequest.objects.filter(scope="effect").count()


def test_a_repeat_gets_the_first_answer_byte_for_byte(alice: Member, api: Api) -> None:
    client = api(alice)
    first, again = send(client), send(client)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["Content-Type"] == first.headers["Content-Type"]
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert effects() == 1


def test_the_same_key_with_another_body_is_refused(alice: Member, api: Api) -> None:
    client = api(alice)
    send(client, quantity=1)

    response = send(client, quantity=2)

    assert (response.status_code, response.json()["code"]) == (422, "idempotency_key_reused")
    assert effects() == 1


def test_the_order_of_names_in_the_body_does_not_make_it_another(alice: Member, api: Api) -> None:
    client = api(alice)
    send(client, a=1, b=2)

    assert send(client, b=2, a=1).headers["Idempotent-Replayed"] == "true"


def test_keys_belong_to_their_member(alice: Member, bob: Member, api: Api) -> None:
    send(api(alice))

    assert "Idempotent-Replayed" not in send(api(bob)).headers
    assert effects() == 2


def test_a_key_is_required(alice: Member, api: Api) -> None:
    response = send(api(alice), key=None)

    assert (response.status_code, response.json()["code"]) == (400, "idempotency_key_required")
    assert effects() == 0


@pytest.mark.parametrize("key", ["with space", "x" * 201, "键", "tab\t", "\x7f"])
def test_a_key_must_be_visible_and_short(alice: Member, api: Api, key: str) -> None:
    response = send(api(alice), key=key.encode().decode("latin-1"))

    assert (response.status_code, response.json()["code"]) == (400, "idempotency_key_invalid")


def test_a_business_refusal_is_an_answer_and_undoes_what_the_use_case_did(alice: Member, api: Api) -> None:
    client = api(alice)
    first = send(client, then="sold_out")
    again = send(client, then="sold_out")

    assert (first.status_code, first.json()["code"], first.json()["detail"]) == (409, "sold_out", {"left": 0})
    assert again.content == first.content
    assert again.headers["Idempotent-Replayed"] == "true"
    assert EffectView.calls == 1
    assert effects() == 0


@pytest.mark.parametrize("then", ["forbidden", "break"])
def test_other_failures_leave_the_key_free(alice: Member, api: Api, then: str) -> None:
    client = api(alice)
    client.raise_request_exception = False
    first = send(client, then=then)
    again = send(client, then=then)

    assert first.status_code in {403, 500}
    assert "Idempotent-Replayed" not in again.headers
    assert EffectView.calls == 2
    assert effects() == 0


@pytest.mark.django_db(transaction=True)
def test_while_the_first_one_runs_a_repeat_is_told_to_come_back(
    alice: Member, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "WAIT_SECONDS", 0.1)
    client = api(alice)
    scope = f"member:{alice.pk}"
    claim = idempotency.lock_number(scope=scope, key="k")
    with psycopg2.connect(**connection.get_connection_params()) as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [claim])

        response = send(client)

    assert (response.status_code, response.json()["code"]) == (409, "request_in_progress")
    assert response.headers["Retry-After"] == "1"
    assert effects() == 0
    assert send(client).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_a_repeat_waits_for_the_first_one_that_is_nearly_done(alice: Member, api: Api) -> None:
    client = api(alice)
    claim = idempotency.lock_number(scope=f"member:{alice.pk}", key="k")
    with psycopg2.connect(**connection.get_connection_params()) as first, first.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [claim])
        done = threading.Timer(0.3, first.commit)
        done.start()

        response = send(client)

        done.join()
    assert response.status_code == 201


def test_old_answers_are_purged(alice: Member, api: Api) -> None:
    client = api(alice)
    send(client)

    assert idempotency.purge(before=now() - timedelta(days=30)) == 0
    assert idempotency.purge(before=now() + timedelta(seconds=1)) == 2
