"""Requests that may be repeated: the same key gets the first answer again, byte for byte.

Protocol: draft-ietf-httpapi-idempotency-key-header, with the statuses of docs/api.md. Key, fingerprint and full
answer commit in the transaction of the effect, so no crash leaves one without the other. A business refusal
(402, 409) is an answer and is kept; a refused payload or a missing right is not.
"""

import hashlib
import json
import re
import time
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from django.db import connection, transaction
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api import error_response, request_id_of
from core.callers import caller_of
from core.errors import DomainError
from core.models import AnsweredRequest

VISIBLE_KEY = re.compile(r"[\x21-\x7e]{1,200}")
ANSWERS_KEPT = frozenset({200, 201, 202, 204, 402, 409})
# Taps of one key that meet nearly all get the first one's answer within this; who still waits is told to come back.
WAIT_SECONDS = 2.0
LOOK_EVERY_SECONDS = 0.02

Handler = Callable[..., Response]
AnsweringHandler = Callable[..., HttpResponse]


class IdempotencyKeyRequired(DomainError):
    code = "idempotency_key_required"
    status = 400
    message = _("This call needs an Idempotency-Key header.")


class IdempotencyKeyInvalid(DomainError):
    code = "idempotency_key_invalid"
    status = 400
    message = _("The Idempotency-Key must be 1 to 200 visible characters.")


class IdempotencyKeyReused(DomainError):
    code = "idempotency_key_reused"
    status = 422
    message = _("This Idempotency-Key was used for another request.")


class RequestInProgress(DomainError):
    code = "request_in_progress"
    status = 409
    message = _("The first request with this key is still running.")


def idempotent(handler: Handler) -> AnsweringHandler:
    """Decorate a view method so that it happens once per (caller, Idempotency-Key).

    The method is run inside a transaction that also stores its answer. The use case opens a transaction of its own
    in it, so a DomainError undoes what the use case did, but not what was meant to survive a refusal, such as a risk
    record.
    Raises the four errors above; answers repeats with `Idempotent-Replayed: true`.
    """

    @wraps(handler)
    def answer_once(view: APIView, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        key, scope, fingerprint = key_of(request), caller_of(request).scope, _fingerprint(request)
        with transaction.atomic():
            _claim(scope=scope, key=key)
            if first := _first_answer(scope=scope, key=key):
                return _replay(first, fingerprint=fingerprint)
            response = _attempt(handler, view, request, *args, **kwargs)
            body = JSONRenderer().render(response.data)
            if response.status_code in ANSWERS_KEPT:
                _keep(scope=scope, key=key, fingerprint=fingerprint, status=response.status_code, body=body)
        return _raw(body, response)

    return answer_once


def idempotent_if_keyed(handler: Handler) -> AnsweringHandler:
    """Like `idempotent`, for calls that are once-only by their nature: without the header they are simply answered."""
    answer_once = idempotent(handler)

    @wraps(handler)
    def answer(view: APIView, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        respond = answer_once if "Idempotency-Key" in request.headers else handler
        return respond(view, request, *args, **kwargs)

    return answer


def key_of(request: Request) -> str:
    """Return the request's Idempotency-Key; raises IdempotencyKeyRequired or IdempotencyKeyInvalid."""
    key = request.headers.get("Idempotency-Key")
    if not key:
        raise IdempotencyKeyRequired
    if not VISIBLE_KEY.fullmatch(key):
        raise IdempotencyKeyInvalid
    return key


def lock_number(*, scope: str, key: str) -> int:
    """Return the number of the advisory lock that a running request holds for its key."""
    return int.from_bytes(hashlib.sha256(f"{scope}\n{key}".encode()).digest()[:8], signed=True)


def purge(*, before: datetime) -> int:
    """Delete answers given before the moment; return how many. The created rows still refuse those keys."""
    return AnsweredRequest.objects.filter(created_at__lt=before).delete()[0]


def _fingerprint(request: Request) -> str:
    body = json.dumps(request.data, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{request.method}\n{request.path}\n{body}".encode()).hexdigest()


def _claim(*, scope: str, key: str) -> None:
    """Take the key for this transaction; raise RequestInProgress if the first one does not commit in time."""
    number, deadline = lock_number(scope=scope, key=key), time.monotonic() + WAIT_SECONDS
    with connection.cursor() as cursor:
        while True:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
            if cursor.fetchone()[0]:
                return
            if time.monotonic() > deadline:
                raise RequestInProgress(retry_after=1)
            time.sleep(LOOK_EVERY_SECONDS)


def _first_answer(*, scope: str, key: str) -> tuple[str, int, str] | None:
    # A statement of its own, after the claim: its snapshot sees what the previous holder committed.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT fingerprint, status, body FROM core_answeredrequest WHERE scope = %s AND key = %s", [scope, key]
        )
        first: tuple[str, int, str] | None = cursor.fetchone()
    return first


def _replay(first: tuple[str, int, str], *, fingerprint: str) -> HttpResponse:
    first_fingerprint, status, body = first
    if first_fingerprint != fingerprint:
        raise IdempotencyKeyReused
    answer = HttpResponse(body, status=status, content_type="application/json")
    answer.headers["Idempotent-Replayed"] = "true"
    return answer


def _raw(body: bytes, response: Response) -> HttpResponse:
    answer = HttpResponse(body, status=response.status_code, content_type="application/json")
    for name, value in response.items():
        answer.headers.setdefault(name, value)
    return answer


def _attempt(handler: Handler, view: APIView, request: Request, *args: Any, **kwargs: Any) -> Response:
    try:
        return handler(view, request, *args, **kwargs)
    except DomainError as refusal:
        return error_response(refusal, request_id=request_id_of(request))


def _keep(*, scope: str, key: str, fingerprint: str, status: int, body: bytes) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO core_answeredrequest (scope, key, fingerprint, status, body) VALUES (%s, %s, %s, %s, %s)",
            [scope, key, fingerprint, status, body.decode()],
        )
