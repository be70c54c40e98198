"""Who is calling: a member with an access token, or a partner with a signature.

Both are named in settings, so that views of every app use them without importing members.
"""

import secrets
import uuid
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.request import Request

from core.business_time import now
from core.errors import DomainError
from members import selectors, signatures, tokens, vault
from members.models import PartnerKey


class StaleTimestamp(DomainError):
    """X-Mall-Timestamp is missing, no number, or more than 300 seconds off."""

    code = "stale_timestamp"
    status = 401
    message = _("The timestamp of the call is too far from our clock.")


class InvalidSignature(DomainError):
    """The signature does not fit, or the key is unknown, revoked or expired: told apart, keys could be guessed."""

    code = "invalid_signature"
    status = 401
    message = _("The signature of the call is not valid.")


@dataclass(frozen=True)
class MemberPrincipal:
    """A member who is logged in."""

    member_id: int
    session_id: uuid.UUID
    scope: str


@dataclass(frozen=True)
class PartnerPrincipal:
    """A partner system, and what its key may do. No behaviours means all."""

    partner_id: int
    key_id: str
    scope: str
    behaviours: frozenset[str]
    may_report_history: bool


class MemberAuthentication(BaseAuthentication):
    """`Authorization: Bearer <access token>`. One SELECT, so an ended session or closed account is refused at once."""

    def authenticate(self, request: Request) -> tuple[None, MemberPrincipal] | None:
        """Return (None, principal), or None without a bearer token. Raises tokens.InvalidToken."""
        scheme, _space, token = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            return None
        at = now()
        claims = tokens.read_access(token.strip(), at=at)
        if not selectors.session_is_live(session_id=claims.session_id, member_id=claims.member_id, at=at):
            raise tokens.InvalidToken
        scope = f"member:{claims.member_id}"
        return None, MemberPrincipal(member_id=claims.member_id, session_id=claims.session_id, scope=scope)

    def authenticate_header(self, request: Request) -> str:
        """Make DRF answer 401, and say how to log in."""
        return 'Bearer realm="api"'


class PartnerAuthentication(BaseAuthentication):
    """`X-Mall-Key`, `X-Mall-Timestamp` and `X-Mall-Signature` (members.signatures)."""

    def authenticate(self, request: Request) -> tuple[None, PartnerPrincipal] | None:
        """Return (None, principal), or None without X-Mall-Key. Raises StaleTimestamp or InvalidSignature."""
        key_id = request.headers.get("X-Mall-Key")
        if key_id is None:
            return None
        at = now()
        timestamp = request.headers.get("X-Mall-Timestamp", "")
        if not signatures.is_fresh(timestamp, unix_now=at.timestamp()):
            raise StaleTimestamp
        key = selectors.usable_partner_key(key_id=key_id, at=at) if key_id.isprintable() else None
        if not signatures.is_equal(request.headers.get("X-Mall-Signature", ""), _expected(request, timestamp, key)):
            raise InvalidSignature
        if key is None:
            raise InvalidSignature
        return None, _principal(key)

    def authenticate_header(self, request: Request) -> str:
        """Make DRF answer 401, and say what is missing."""
        return 'Mall-HMAC-SHA256 realm="partners"'


def _expected(request: Request, timestamp: str, key: PartnerKey | None) -> str:
    # For a key we do not have the work is done all the same, so the time of the answer tells nothing.
    http = request._request
    query = http.META.get("QUERY_STRING", "")
    return signatures.signature(
        secret=vault.decrypt(key.secret_encrypted) if key else secrets.token_urlsafe(32),
        timestamp=timestamp,
        method=http.method or "",
        path=f"{http.path}?{query}" if query else http.path,
        # The bytes as they came. Django keeps them, so DRF's parser reads the same ones afterwards.
        body=http.body,
    )


def _principal(key: PartnerKey) -> PartnerPrincipal:
    return PartnerPrincipal(
        partner_id=key.partner_id,
        key_id=key.key_id,
        scope=f"partner:{key.partner_id}",
        behaviours=frozenset(key.behaviours),
        may_report_history=key.may_report_history,
    )
