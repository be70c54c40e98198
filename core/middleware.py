"""The outermost layer: request ids, the size of bodies, and the error envelope for what never reached a view."""

import re
import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django_structlog.middlewares import RequestMiddleware

from core.api import envelope, request_id_of

ACCEPTED_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")


class RequestIdMiddleware:
    """Give every request an id: the caller's X-Request-ID when it is well-formed, a new one otherwise."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Read from META: `headers` would be built now and never see the id that is put there below.
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = given if ACCEPTED_ID.fullmatch(given) else uuid.uuid4().hex
        request.request_id = request_id  # type: ignore[attr-defined]
        request.META["HTTP_X_REQUEST_ID"] = request_id
        response = self.get_response(request)
        response.headers["X-Request-ID"] = request_id
        return response


class RequestLogMiddleware(RequestMiddleware):
    """Log each request's start and end by its path alone: what staff search for stands in the query."""

    @staticmethod
    def format_request(request: HttpRequest) -> str:
        """Return what the log calls the request."""
        return f"{request.method} {request.path}"


class BodyLimitMiddleware:
    """Refuse a body over API_MAX_BODY_BYTES before anything reads it; DRF's parsers know no limit of their own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        limit = settings.API_MAX_BODY_BYTES
        if request.path.startswith("/api/") and (not length.isdigit() or int(length) > limit):
            message = _("The request body is too large.")
            body = envelope(
                code="payload_too_large",
                message=message,
                request_id=request_id_of(request),
                detail={"limit_bytes": limit},
            )
            return JsonResponse(body, status=413)
        return self.get_response(request)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404 for an address no view has."""
    body = envelope(code="not_found", message=_("Not found."), request_id=request_id_of(request))
    return JsonResponse(body, status=404)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400 for what Django refused before a view (a wrong Host header, say)."""
    body = envelope(code="malformed", message=_("The request is not valid."), request_id=request_id_of(request))
    return JsonResponse(body, status=400)


def internal_error(request: HttpRequest) -> HttpResponse:
    """Answer 500 with the id under which the log has the cause, and nothing about the cause."""
    body = envelope(
        code="internal_error",
        message=_("Something went wrong on our side."),
        request_id=request_id_of(request),
    )
    return JsonResponse(body, status=500)
