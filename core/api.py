"""What every view shares: the error envelope and the base of partners' views."""

from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404, HttpRequest
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import HTTP_401_UNAUTHORIZED
from rest_framework.views import APIView

from core.errors import DomainError

log = structlog.get_logger(__name__)


class PartnerView(APIView):
    """Base of views that other systems call with a signature instead of a member's token."""

    def get_authenticators(self) -> list[BaseAuthentication]:
        return [import_string(settings.PARTNER_AUTHENTICATION)()]


def request_id_of(request: Request | HttpRequest) -> str:
    """Return the id that core.middleware gave the request."""
    return str(getattr(request, "request_id", ""))


def envelope(*, code: str, message: str, request_id: str, fields: Any = None, detail: Any = None) -> dict[str, Any]:
    """Return the body of every error answer: docs/api.md, "Errors"."""
    body: dict[str, Any] = {"code": code, "message": str(message)}
    if fields:
        body["fields"] = fields
    if detail:
        body["detail"] = detail
    return body | {"request_id": request_id}


def error_response(error: DomainError, *, request_id: str) -> Response:
    """Return the answer to a refusal."""
    body = envelope(
        code=error.code, message=str(error.message), request_id=request_id, fields=error.fields, detail=error.detail
    )
    headers = {"Retry-After": str(error.retry_after)} if error.retry_after else None
    return Response(body, status=error.status, headers=headers)


def handle_exception(error: Exception, context: dict[str, Any]) -> Response | None:
    """Turn what a view raised into the envelope. None (an unexpected error) lets Django log it and answer 500."""
    request_id = request_id_of(context["request"])
    if isinstance(error, DomainError):
        return _refusal(error, context)
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    elif isinstance(error, OperationalError):
        log.error("database_unavailable", exc_info=error)
        body = envelope(code="unavailable", message=_("Please try again in a moment."), request_id=request_id)
        return Response(body, status=503, headers={"Retry-After": "2"})
    if isinstance(error, exceptions.APIException):
        return _framework_error(error, request_id=request_id)
    return None


def _refusal(error: DomainError, context: dict[str, Any]) -> Response:
    response = error_response(error, request_id=request_id_of(context["request"]))
    # A 401 has to say how to authenticate (RFC 9110); DRF sees to it for its own errors only.
    unauthenticated = error.status == HTTP_401_UNAUTHORIZED
    if unauthenticated and (challenge := context["view"].get_authenticate_header(context["request"])):
        response.headers["WWW-Authenticate"] = challenge
    return response


FRAMEWORK_CODES = {
    400: "malformed",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    415: "unsupported_media_type",
    429: "too_many_requests",
}


def _framework_error(error: exceptions.APIException, *, request_id: str) -> Response:
    headers = {}
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait) + 1)
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if isinstance(error, exceptions.ValidationError):
        fields = error.detail if isinstance(error.detail, dict) else {"non_field_errors": error.detail}
        body = envelope(code="invalid", message=_("The request is not valid."), request_id=request_id, fields=fields)
    else:
        code = FRAMEWORK_CODES.get(error.status_code, "error")
        body = envelope(code=code, message=str(error.detail), request_id=request_id)
    return Response(body, status=error.status_code, headers=headers)
