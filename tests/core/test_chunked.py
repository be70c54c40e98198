"""Requests whose body comes in chunks, without a length, as some systems send them."""

import io
import json
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest

from config.wsgi import application

pytestmark = pytest.mark.django_db


def post_in_chunks(body: bytes) -> tuple[str, dict[str, Any]]:
    """Call the application as a WSGI server does that has put the chunks together; return status and answer."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/api/v1/auth/refresh",
        "CONTENT_TYPE": "application/json",
        "HTTP_TRANSFER_ENCODING": "chunked",
        "wsgi.input": io.BytesIO(body),
    }
    setup_testing_defaults(environ)
    started: list[str] = []
    answer = application(environ, lambda status, _headers: started.append(status))
    return started[0], json.loads(b"".join(answer))


def test_a_body_in_chunks_is_read() -> None:
    status, answer = post_in_chunks(b'{"refresh": "not a token"}')

    assert (status, answer["code"]) == ("401 Unauthorized", "invalid_token")


def test_a_body_in_chunks_is_read_up_to_the_limit(settings: Any) -> None:
    status, answer = post_in_chunks(b'{"refresh": "' + b"x" * settings.API_MAX_BODY_BYTES + b'"}')

    assert (status, answer["code"]) == ("413 Request Entity Too Large", "payload_too_large")
