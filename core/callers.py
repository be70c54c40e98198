"""Who is calling, how often, and in what words: the classes that settings.REST_FRAMEWORK names.

A module of its own, because rest_framework.views loads it while it is itself being loaded: nothing here may
import rest_framework.views at run time.
"""

import json
import time
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

import structlog
from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rest_framework import exceptions
from rest_framework.parsers import JSONParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

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


class PrincipalThrottle(BaseThrottle):
    """So many calls per caller and calendar minute, by kind of caller (API_CALLS_PER_MINUTE); "ip" is who has no login.

    Fails open when Redis is away: limits guard comfort, not points. One counter and one round trip a request; DRF's
    own throttle keeps a list of all times in the window, and cost a third of a plain request's CPU.
    """

    def allow_request(self, request: Request, view: "APIView") -> bool:
        principal = caller_of(request)
        caller = principal.scope if principal else f"ip:{self.get_ident(request)}"
        counter = f"{settings.CACHES['default']['KEY_PREFIX']}:calls:{caller}:{int(time.time() // 60)}"
        try:
            with _redis().pipeline(transaction=False) as commands:
                commands.incr(counter)
                commands.expire(counter, 90)
                calls, _expires = commands.execute()
        except RedisError:
            log.warning("throttle_without_redis")
            return True
        return int(calls) <= settings.API_CALLS_PER_MINUTE[caller.partition(":")[0]]

    def wait(self) -> float:
        """Return the seconds until the next minute begins."""
        return 60 - time.time() % 60


@cache
def _redis() -> Redis:
    # Made once: making a client is the larger part of a command's cost.
    return Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1, retry=Retry(NoBackoff(), 1))


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
