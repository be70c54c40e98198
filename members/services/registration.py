"""Who is this WeChat user to us: a member we know, or a new one."""

import hashlib
import secrets
from contextlib import suppress
from datetime import datetime
from typing import Any

import structlog
from django.db import IntegrityError, connection, transaction

from members.models import Identity, IdentityKind, Member
from members.services.tiers import lowest_tier

SMALLEST_NUMBER = 1_000_000_000
NUMBERS = 9_000_000_000
# With a million members one try in nine thousand meets a number that is taken.
NUMBER_TRIES = 5

log = structlog.get_logger(__name__)


def register(
    *,
    openid: str,
    unionid: str | None = None,
    at: datetime,
    nickname: str = "",
    invited_with: str = "",
    shared_with: str = "",
) -> int:
    """Return the id of the member behind a mini-program openid, registering them if need be.

    Known by openid: that member. Known by unionid from another of our applications: that member, who gains the
    openid. Otherwise a new one at the lowest tier. However many calls for one person run at once, one member is made.
    Raises ImproperlyConfigured when there are no tiers.
    """
    with transaction.atomic():
        if known := _by_openid(openid=openid, unionid=unionid):
            return known
        _wait_for_the_same_person(openid, unionid)
        # Asked again after the wait: a new statement sees what the other registration committed.
        known = _by_openid(openid=openid, unionid=unionid) or _by_unionid(unionid)
        facts = {"nickname": nickname, "invited_with": invited_with, "shared_with": shared_with}
        member_id = known or _create(facts, at=at)
        Identity.objects.get_or_create(
            kind=IdentityKind.MINI_PROGRAM,
            openid=openid,
            defaults={"member_id": member_id, "unionid": unionid, "created_at": at},
        )
    if not known:
        log.info("member_registered", member_id=member_id)
    return member_id


def _by_openid(*, openid: str, unionid: str | None) -> int | None:
    identity = Identity.objects.filter(kind=IdentityKind.MINI_PROGRAM, openid=openid).first()
    if identity is None:
        return None
    if unionid and identity.unionid is None:
        # The mini-program was bound to an Open Platform account after this member's last login.
        Identity.objects.filter(pk=identity.pk).update(unionid=unionid)
    return int(identity.member_id)


def _by_unionid(unionid: str | None) -> int | None:
    same_person = Identity.objects.filter(unionid=unionid).order_by("pk").first() if unionid else None
    return int(same_person.member_id) if same_person else None


def _wait_for_the_same_person(*names: str | None) -> None:
    """Let one registration per person run at a time, until it commits. Taken in order, so none wait in a ring."""
    digests = (hashlib.sha256(f"members.register\n{name}".encode()).digest() for name in names if name)
    with connection.cursor() as cursor:
        for number in sorted(int.from_bytes(digest[:8], signed=True) for digest in digests):
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])


def _create(facts: dict[str, Any], *, at: datetime) -> int:
    tier = lowest_tier()
    for _try in range(NUMBER_TRIES):
        no = str(SMALLEST_NUMBER + secrets.randbelow(NUMBERS))
        with suppress(IntegrityError), transaction.atomic():
            return Member.objects.create(no=no, tier=tier, tier_since=at, registered_at=at, **facts).pk
    raise RuntimeError(f"No free member number in {NUMBER_TRIES} tries.")
