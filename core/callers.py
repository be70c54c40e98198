"""Who is calling, how often, and in what words: the classes that settings.REST_FRAMEWORK names.

A module of its own, because rest_framework.views loads it while it is itself being loaded: nothing here may
import rest_framework.views at run time.
"""

import json
from typing import TYPE_CHECKING, Any, Protocol

import structlog
from redis.exceptions import RedisError
from rest_framework import exceptions
from rest_framework.parsers import JSONParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

if TYPE_CHECKING:
    from rest_framework.views import APIView

log = structlog.get_logger(__name__)


class Principal(Protocol):
    """Who is calling. `scope` names them: "member:7", "partner:2". It scopes idempotency keys and limits."""

    scope: str


def caller_of(request: Request) -> Any:
    """Return the principal that authentication found: members' views find a member, partners' views a partner."""
    return request.auth


class IsAuthenticatedPrincipal(BasePermission):
    """Allow a request whose authentication found somebody."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        return request.auth is not None


class PrincipalThrottle(SimpleRateThrottle):
    """So many requests per caller; without one, per client address. Fails open: limits guard comfort, not points."""

    scope = "principal"

    def get_cache_key(self, request: Request, view: "APIView") -> str:
        principal = caller_of(request)
        return f"throttle:{principal.scope if principal else 'ip:' + self.get_ident(request)}"

    def allow_request(self, request: Request, view: "APIView") -> bool:
        try:
            return bool(super().allow_request(request, view))
        except RedisError:
            log.warning("throttle_without_redis")
            return True


class StrictJSONParser(JSONParser):
    """JSON as the contract has it: UTF-8, no NaN, no repeated names, nothing PostgreSQL could not store."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            text = stream.read().decode("utf-8")
            value = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_refuse_repeated_names)
            if "\\u" in text:
                _refuse_smuggled_characters(text, value)
        except (ValueError, RecursionError) as error:
            raise exceptions.ParseError from error
        return value


def _refuse_smuggled_characters(text: str, value: Any) -> None:
    """Escapes can bring in what text in UTF-8 cannot hold, or PostgreSQL not store. Raises ValueError."""
    if "\\u0000" in text:
        raise ValueError("zero character")
    # Fails at a lone surrogate.
    json.dumps(value, ensure_ascii=False).encode("utf-8")


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _refuse_repeated_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("repeated name")
    return value
