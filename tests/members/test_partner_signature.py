"""Calls signed by partner systems. The signature here is computed as docs/api.md says, not by our own code."""

import hashlib
import hmac
import json
import time
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from rest_framework.test import APIClient

from core.business_time import now
from members.models import Partner, PartnerKey
from members.services.partners import IssuedKey, issue_partner_key, revoke_partner_key

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.members.probe")]
PATH = "/api/v1/probe"
BODY = '{"events":  [{"event_id": "礼"}]}'.encode()


@pytest.fixture
def key(db: None) -> IssuedKey:
    return issue_partner_key(partner_code="shop", partner_name="Shop", at=now())


def sign(
    key: IssuedKey, body: bytes, *, path: str = PATH, at: float | None = None, method: str = "POST"
) -> dict[str, str]:
    timestamp = str(int(time.time() if at is None else at))
    message = "\n".join([timestamp, method, path, hashlib.sha256(body).hexdigest()])
    signature = hmac.new(key.secret.encode(), message.encode(), "sha256").hexdigest()
    return {"X-Mall-Key": key.key_id, "X-Mall-Timestamp": timestamp, "X-Mall-Signature": signature}


def send(headers: dict[str, str], body: bytes = BODY, path: str = PATH) -> Any:
    return APIClient().post(path, body, content_type="application/json", headers=headers)


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_a_signed_call_gets_in_and_its_body_is_still_readable(key: IssuedKey) -> None:
    answer = send(sign(key, BODY))

    assert answer.status_code == 200
    partner_id = Partner.objects.get(code="shop").pk
    assert answer.json() == {
        "partner_id": partner_id,
        "scope": f"partner:{partner_id}",
        "behaviours": [],
        "may_report_history": False,
        "data": json.loads(BODY),
    }


def test_the_caller_carries_what_the_key_may_do(db: None) -> None:
    key = issue_partner_key(
        partner_code="shop", behaviours=["order_paid", "order_paid", "app_visited"], may_report_history=True, at=now()
    )

    body = send(sign(key, BODY)).json()

    assert body["behaviours"] == ["app_visited", "order_paid"]
    assert body["may_report_history"] is True


def test_the_query_string_is_signed_as_sent(key: IssuedKey) -> None:
    path = f"{PATH}?a=1&b=%E7%A4%BC%20x"

    assert send(sign(key, BODY, path=path), path=path).status_code == 200
    assert refusal(send(sign(key, BODY, path=path), path=f"{PATH}?a=2&b=%E7%A4%BC%20x")) == (401, "invalid_signature")
    assert refusal(send(sign(key, BODY, path=path))) == (401, "invalid_signature")


def test_a_recorded_signature_does_not_fit_another_body(key: IssuedKey) -> None:
    headers = sign(key, BODY)
    assert send(headers).status_code == 200

    assert refusal(send(headers, body=BODY.replace(b"event_id", b"event_no"))) == (401, "invalid_signature")
    # The same JSON in other bytes is another body too.
    assert refusal(send(headers, body=BODY.replace(b":  [", b": ["))) == (401, "invalid_signature")


def test_another_method_does_not_fit(key: IssuedKey) -> None:
    assert refusal(send(sign(key, BODY, method="PUT"))) == (401, "invalid_signature")


@pytest.mark.parametrize("signature", ["", "0" * 64, "zz", "é", "0" * 10_000])
def test_a_wrong_signature_is_refused(key: IssuedKey, signature: str) -> None:
    headers = sign(key, BODY) | {"X-Mall-Signature": signature}

    assert refusal(send(headers)) == (401, "invalid_signature")


def test_another_keys_secret_does_not_fit(key: IssuedKey) -> None:
    other = issue_partner_key(partner_code="cms", at=now())

    assert refusal(send(sign(other, BODY) | {"X-Mall-Key": key.key_id})) == (401, "invalid_signature")


# Ahead by more than a slow machine could make up for; behind, time only adds to it.
@pytest.mark.parametrize("off", [-301, 330, -86_400])
def test_a_stale_timestamp_is_refused_though_signed(key: IssuedKey, off: int) -> None:
    assert refusal(send(sign(key, BODY, at=time.time() + off))) == (401, "stale_timestamp")


@pytest.mark.parametrize("off", [-295, 295])
def test_a_clock_a_little_off_is_accepted(key: IssuedKey, off: int) -> None:
    assert send(sign(key, BODY, at=time.time() + off)).status_code == 200


@pytest.mark.parametrize("timestamp", ["", "now", "-5", "1e9", "1.5", "٣", "9" * 40])
def test_a_timestamp_that_is_no_number_is_stale(key: IssuedKey, timestamp: str) -> None:
    headers = sign(key, BODY) | {"X-Mall-Timestamp": timestamp.encode().decode("latin-1")}

    assert refusal(send(headers)) == (401, "stale_timestamp")


def test_the_timestamp_is_signed_too(key: IssuedKey) -> None:
    headers = sign(key, BODY)
    headers["X-Mall-Timestamp"] = str(int(headers["X-Mall-Timestamp"]) + 1)

    assert refusal(send(headers)) == (401, "invalid_signature")


@pytest.mark.parametrize("key_id", ["pk_unknown", "", "é", "\x00", "' OR 1=1"])
def test_an_unknown_key_looks_like_a_wrong_signature(key: IssuedKey, key_id: str) -> None:
    known = refusal(send(sign(key, BODY) | {"X-Mall-Signature": "0" * 64}))

    assert refusal(send(sign(key, BODY) | {"X-Mall-Key": key_id})) == known


def test_a_revoked_key_is_refused_at_once(key: IssuedKey) -> None:
    assert send(sign(key, BODY)).status_code == 200

    assert revoke_partner_key(key_id=key.key_id, at=now()) is True

    assert refusal(send(sign(key, BODY))) == (401, "invalid_signature")
    assert revoke_partner_key(key_id=key.key_id, at=now()) is False


def test_an_expired_key_is_refused(key: IssuedKey) -> None:
    PartnerKey.objects.update(expires_at=now() + timedelta(hours=1))
    assert send(sign(key, BODY)).status_code == 200

    PartnerKey.objects.update(expires_at=now())

    assert refusal(send(sign(key, BODY))) == (401, "invalid_signature")


def test_no_key_at_all_says_what_is_missing(db: None) -> None:
    answer = send({})

    assert refusal(answer) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == 'Mall-HMAC-SHA256 realm="partners"'


def test_a_body_that_is_no_json_is_refused_after_the_signature(key: IssuedKey) -> None:
    assert refusal(send(sign(key, b"{"), body=b"{")) == (400, "malformed")


def test_the_secret_is_stored_encrypted(key: IssuedKey) -> None:
    row = PartnerKey.objects.get()

    assert key.secret not in row.secret_encrypted
    assert key.secret not in repr(key)


def test_keys_survive_a_change_of_secret_key_with_fallback(key: IssuedKey, settings: LazySettings) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-secret-key-that-signs-nothing-of-worth-012345"

    assert send(sign(key, BODY)).status_code == 200


def test_a_partner_keeps_several_keys_for_a_change_over(key: IssuedKey) -> None:
    second = issue_partner_key(partner_code="shop", at=now())

    assert Partner.objects.count() == 1
    assert send(sign(key, BODY)).status_code == send(sign(second, BODY)).status_code == 200
