"""Sessions: opened by a login, carried on by refreshes, ended by anybody who may."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet

from members import tokens
from members.models import Device, Session
from members.services.registration import register
from members.services.standing import lock_open_member
from wechat.services import exchange_login_code

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class TokenPair:
    """What a client calls with: `access` until `expires_at`, and `refresh` once to get the next pair."""

    member_id: int
    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_at: datetime


def login(*, code: str, device_id: str, invite_code: str = "", share_token: str = "", at: datetime) -> TokenPair:
    """Trade a wx.login code for a session; who is new is registered, with the invite code and share token they came by.

    A frozen member may log in, to read. Raises MemberClosed, and what wechat.services.exchange_login_code raises.
    """
    person = exchange_login_code(code=code)
    with transaction.atomic():
        member_id = register(
            openid=person.openid, unionid=person.unionid, at=at, invited_with=invite_code, shared_with=share_token
        )
        return open_session(member_id=member_id, device_id=device_id, share_token=share_token, at=at)


def open_session(*, member_id: int, device_id: str, share_token: str = "", at: datetime) -> TokenPair:
    """Open a session for a member who has shown who they are. Raises MemberClosed."""
    expires_at = _session_end(at)
    with transaction.atomic():
        lock_open_member(member_id=member_id)
        session = Session.objects.create(
            member_id=member_id,
            device=_seen_device(member_id=member_id, device_id=device_id, at=at),
            shared_with=share_token,
            created_at=at,
            expires_at=expires_at,
            last_used_at=at,
        )
    first = tokens.RefreshClaims(session_id=session.pk, member_id=member_id, generation=session.generation)
    return _pair(first, session_end=expires_at, at=at)


def refresh(*, token: str, at: datetime) -> TokenPair:
    """Trade a refresh token for a new pair. Each works once; one that was traded before ends its session.

    For then two parties hold it, and one of them has stolen it. Raises tokens.InvalidToken.
    """
    claims = tokens.read_refresh(token, at=at)
    with transaction.atomic():
        rotated = _rotate(claims, at=at)
        if not rotated:
            _end_if_reused(claims, at=at)
    if not rotated:
        raise tokens.InvalidToken
    following = tokens.RefreshClaims(claims.session_id, claims.member_id, claims.generation + 1)
    return _pair(following, session_end=_session_end(at), at=at)


def logout(*, token: str, at: datetime) -> None:
    """End the session a refresh token belongs to; nothing happens if it is over already. Raises tokens.InvalidToken."""
    claims = tokens.read_refresh(token, at=at)
    _end(_live(claims.member_id).filter(pk=claims.session_id), because="logged_out", at=at)


def revoke_sessions(*, member_id: int, because: str, at: datetime, keep: uuid.UUID | None = None) -> int:
    """End the member's sessions, all or all but `keep`, and return how many. Their tokens are refused at once."""
    live = _live(member_id)
    return _end(live.exclude(pk=keep) if keep else live, because=because, at=at)


def purge_sessions(*, before: datetime) -> int:
    """Delete sessions that ran out before the moment; return how many."""
    return Session.objects.filter(expires_at__lt=before).delete()[0]


def _live(member_id: int) -> QuerySet[Session]:
    return Session.objects.filter(member_id=member_id, revoked_at__isnull=True)


def _end(sessions: QuerySet[Session], *, because: str, at: datetime) -> int:
    return sessions.update(revoked_at=at, revoked_because=because)


def _rotate(claims: tokens.RefreshClaims, *, at: datetime) -> bool:
    current = _live(claims.member_id).filter(pk=claims.session_id, generation=claims.generation, expires_at__gt=at)
    return current.update(generation=F("generation") + 1, last_used_at=at, expires_at=_session_end(at)) == 1


def _end_if_reused(claims: tokens.RefreshClaims, *, at: datetime) -> None:
    former = _live(claims.member_id).filter(pk=claims.session_id, generation__gt=claims.generation)
    if _end(former, because="refresh_token_reused", at=at):
        log.warning("refresh_token_reused", member_id=claims.member_id, session_id=str(claims.session_id))


def _seen_device(*, member_id: int, device_id: str, at: datetime) -> Device:
    device = Device(member_id=member_id, device_id=device_id, first_seen_at=at, last_seen_at=at)
    Device.objects.bulk_create(
        [device], update_conflicts=True, unique_fields=["member", "device_id"], update_fields=["last_seen_at"]
    )
    return device


def _session_end(at: datetime) -> datetime:
    return at + timedelta(days=settings.REFRESH_TOKEN_DAYS)


def _pair(claims: tokens.RefreshClaims, *, session_end: datetime, at: datetime) -> TokenPair:
    # Whole seconds, as in the token itself.
    access_end = min(at + timedelta(minutes=settings.ACCESS_TOKEN_MINUTES), session_end).replace(microsecond=0)
    session_id, member_id = claims.session_id, claims.member_id
    return TokenPair(
        member_id=member_id,
        access=tokens.access_token(session_id=session_id, member_id=member_id, expires_at=access_end),
        refresh=tokens.refresh_token(
            session_id=session_id, member_id=member_id, generation=claims.generation, expires_at=session_end
        ),
        expires_at=access_end,
    )
