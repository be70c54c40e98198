"""Access and refresh tokens: JWT, HS256, each type signed with a key of its own.

A token only names a session; whether that session still lives is asked of the database at each request, so a
token is never valid longer than its session.
"""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import jwt
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from members import vault

ALGORITHM = "HS256"
TokenType = Literal["access", "refresh"]


class InvalidToken(DomainError):
    """Not ours, of another type, expired, or of a session that is over: which of these is nobody's business."""

    code = "invalid_token"
    status = 401
    message = _("Please log in again.")


@dataclass(frozen=True)
class AccessClaims:
    """What an access token says."""

    session_id: uuid.UUID
    member_id: int


@dataclass(frozen=True)
class RefreshClaims:
    """What a refresh token says. `generation` counts the refreshes of the session before this token."""

    session_id: uuid.UUID
    member_id: int
    generation: int


def access_token(*, session_id: uuid.UUID, member_id: int, expires_at: datetime) -> str:
    """Return the token a client sends with each call."""
    return _sign("access", sid=session_id.hex, mid=member_id, exp=expires_at)


def refresh_token(*, session_id: uuid.UUID, member_id: int, generation: int, expires_at: datetime) -> str:
    """Return the token that can be traded once for a new pair."""
    return _sign("refresh", sid=session_id.hex, mid=member_id, gen=generation, exp=expires_at)


def read_access(token: str, *, at: datetime) -> AccessClaims:
    """Return the claims of an access token valid at `at`. Raises InvalidToken."""
    claims = _verify("access", token, at=at)
    return AccessClaims(session_id=_uuid(claims["sid"]), member_id=int(claims["mid"]))


def read_refresh(token: str, *, at: datetime) -> RefreshClaims:
    """Return the claims of a refresh token valid at `at`. Raises InvalidToken."""
    claims = _verify("refresh", token, at=at)
    return RefreshClaims(
        session_id=_uuid(claims["sid"]), member_id=int(claims["mid"]), generation=int(claims.get("gen", 0))
    )


def _sign(typ: TokenType, *, exp: datetime, **claims: Any) -> str:
    payload = claims | {"typ": typ, "exp": int(exp.timestamp())}
    return jwt.encode(payload, vault.keys_for(f"{typ}-token")[0], algorithm=ALGORITHM)


def _verify(typ: TokenType, token: str, *, at: datetime) -> dict[str, Any]:
    for key in vault.keys_for(f"{typ}-token"):
        try:
            # The time is compared below: nothing in here reads the clock.
            options: Any = {"require": ["exp", "sid", "mid", "typ"], "verify_exp": False}
            claims: dict[str, Any] = jwt.decode(token, key, algorithms=[ALGORITHM], options=options)
        except jwt.InvalidSignatureError:
            continue
        except jwt.PyJWTError:
            break
        if claims["typ"] == typ and datetime.fromtimestamp(claims["exp"], UTC) > at:
            return claims
        break
    raise InvalidToken


def _uuid(text: str) -> uuid.UUID:
    return uuid.UUID(hex=text)
