"""Errors in one envelope, with an id under which the log has the rest."""

import logging
import random
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from rest_framework.test import APIClient

from members.models import Member

pytestmark = pytest.mark.urls("tests.core.sample_urls")
Api = Callable[[Member], APIClient]


def test_an_unknown_address_answers_in_the_envelope(anyone: APIClient, db: None) -> None:
    response = anyone.get("/api/v1/nowhere")

    assert response.status_code == 404
    assert set(response.json()) == {"code", "message", "request_id"}
    assert response.json()["code"] == "not_found"
    assert response.headers["X-Request-ID"] == response.json()["request_id"]


def test_a_wrong_method_answers_in_the_envelope(alice: Member, api: Api) -> None:
    response = api(alice).delete("/api/v1/points/balance")

    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")


def test_another_content_type_is_refused(alice: Member, api: Api) -> None:
    response = api(alice).post(
        "/api/v1/effects", "a=1", content_type="application/x-www-form-urlencoded", headers={"Idempotency-Key": "k"}
    )

    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")


def test_messages_are_chinese(anyone: APIClient, db: None) -> None:
    assert re.search(r"[\u4e00-\u9fff]", anyone.get("/api/v1/points/balance").json()["message"])


def test_an_unexpected_error_tells_the_caller_nothing_but_its_id(alice: Member, api: Api) -> None:
    client = api(alice)
    client.raise_request_exception = False

    response = client.get("/api/v1/broken")

    assert (response.status_code, response.json()["code"]) == (500, "internal_error")
    assert "secret detail" not in response.content.decode()


@pytest.mark.parametrize("given", ["", "short", "x" * 65, "with space 123", "<script>alert(1)</script>", "a\nb1234567"])
def test_an_ill_formed_request_id_is_replaced(anyone: APIClient, db: None, given: str) -> None:
    response = anyone.get("/api/v1/nowhere", headers={"X-Request-ID": given})

    assert re.fullmatch(r"[0-9a-f]{32}", response.headers["X-Request-ID"])


def test_a_well_formed_request_id_is_kept_and_logged(
    anyone: APIClient, db: None, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        response = anyone.get("/api/v1/nowhere", headers={"X-Request-ID": "from-the-proxy-1"})

    assert response.json()["request_id"] == "from-the-proxy-1"
    assert any("from-the-proxy-1" in str(record.msg) for record in caplog.records)


def test_the_openapi_document_is_complete(db: None, tmp_path: object) -> None:
    call_command(
        "spectacular", "--validate", "--fail-on-warn", "--file", f"{tmp_path}/schema.yml", urlconf="config.urls"
    )


def test_a_new_request_id_is_the_one_in_the_log(anyone: APIClient, db: None, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        response = anyone.get("/api/v1/nowhere")

    assert any(response.json()["request_id"] in str(record.msg) for record in caplog.records)


def test_too_many_calls_a_minute_are_told_to_wait(alice: Member, bob: Member, api: Api, settings: Any) -> None:
    settings.API_CALLS_PER_MINUTE = {"member": 3, "ip": 1000}
    # A minute nobody else has counted in: Redis is not rolled back between tests.
    minute = datetime(2030, 1, 1, tzinfo=UTC) + timedelta(minutes=random.randrange(10**6))
    with time_machine.travel(minute + timedelta(seconds=50), tick=False):
        answers = [api(alice).get("/api/v1/points/balance") for _call in range(4)]
        others = api(bob).get("/api/v1/points/balance")
    with time_machine.travel(minute + timedelta(seconds=60), tick=False):
        next_minute = api(alice).get("/api/v1/points/balance")

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[3].json()["code"] == "too_many_requests"
    assert 10 <= int(answers[3].headers["Retry-After"]) <= 11
    assert (others.status_code, next_minute.status_code) == (200, 200)


@pytest.mark.parametrize("forged", ["1.2.3.4", "5.6.7.8, 1.2.3.4"])
def test_a_forged_address_does_not_reset_the_limit(anyone: APIClient, db: None, settings: Any, forged: str) -> None:
    settings.API_CALLS_PER_MINUTE = {"ip": 1}
    anyone.post("/api/v1/auth/refresh", {"refresh": "x"}, format="json")

    response = anyone.post("/api/v1/auth/refresh", {"refresh": "x"}, format="json", headers={"X-Forwarded-For": forged})

    assert response.status_code == 429
