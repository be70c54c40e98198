"""What other apps, and the views, may ask about members. Reads only.

A closed account is found by its id, for the books, but by no public name: neither number nor WeChat id.
"""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Count, QuerySet
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from members.models import Address, Identity, Member, MemberStatus, Notice, Partner, PartnerKey, Session, Tier


class MemberNotFound(DomainError):
    code = "member_not_found"
    status = 404
    message = _("There is no such member.")


@dataclass(frozen=True)
class Standing:
    """What rules and prices need to know of a member. `status` is active, frozen or closed."""

    member_id: int
    no: str
    status: str
    tier_code: str
    tier_name: str
    tier_level: int
    earn_multiplier: Decimal
    growth_value: int


@dataclass(frozen=True)
class ShippingAddress:
    """An address as it is copied onto a redemption."""

    recipient: str
    phone: str
    region: str
    detail: str


# This and `session_is_live` run in nearly every request. Written out they cost a third of the same query by ORM.
STANDING = """
SELECT member.id, member.no, member.status, tier.code, tier.name, tier.level, tier.earn_multiplier, member.growth_value
FROM members_member AS member JOIN members_tier AS tier ON tier.id = member.tier_id
WHERE member.id = %s
"""
LIVE_SESSION = """
SELECT 1 FROM members_session AS session JOIN members_member AS member ON member.id = session.member_id
WHERE session.id = %s AND session.member_id = %s AND session.revoked_at IS NULL AND session.expires_at > %s
  AND member.status <> 'closed'
"""


def standing(*, member_id: int) -> Standing:
    """Return the member's standing in one query. Raises MemberNotFound."""
    with connection.cursor() as cursor:
        cursor.execute(STANDING, [member_id])
        row = cursor.fetchone()
    if row is None:
        raise MemberNotFound
    return Standing(*row)


def session_is_live(*, session_id: uuid.UUID, member_id: int, at: datetime) -> bool:
    """Return whether the session is this member's, neither ended nor expired, and the account open."""
    with connection.cursor() as cursor:
        cursor.execute(LIVE_SESSION, [session_id, member_id, at])
        return cursor.fetchone() is not None


def member_id_by_no(*, no: str) -> int | None:
    """Return the id of the member with this public number, or None."""
    return resolve_members(refs=[{"no": no}])[0]


def member_id_by_openid(*, openid: str) -> int | None:
    """Return the id of the member WeChat knows by this openid in any of our applications, or None."""
    return resolve_members(refs=[{"openid": openid}])[0]


def member_id_by_unionid(*, unionid: str) -> int | None:
    """Return the id of the member with this unionid, or None."""
    return resolve_members(refs=[{"unionid": unionid}])[0]


def resolve_members(*, refs: Sequence[Mapping[str, str]]) -> list[int | None]:
    """Return the member id for each reference, in order; None where nobody is meant.

    A reference is one of {"no": …}, {"openid": …}, {"unionid": …}. At most three queries, however many there are.
    """
    wanted: dict[str, set[str]] = {"no": set(), "openid": set(), "unionid": set()}
    for ref in refs:
        for kind, value in ref.items():
            wanted[kind].add(value)
    found = {(kind, value): pk for kind, values in wanted.items() if values for value, pk in _named(kind, values)}
    return [next((found.get(pair) for pair in ref.items()), None) for ref in refs]


def members_per_tier(*, member_ids: Collection[int]) -> list[tuple[str, int]]:
    """Return (tier name, how many of these members hold it) for every tier, the lowest first. Two queries."""
    members = Member.objects.filter(pk__in=list(member_ids)).order_by()
    held = dict(members.values_list("tier_id").annotate(Count("pk")))
    return [(name, held.get(pk, 0)) for pk, name in Tier.objects.order_by("level").values_list("pk", "name")]


def profile(*, member_id: int) -> Member:
    """Return the member with their tier. Raises MemberNotFound."""
    member = Member.objects.select_related("tier").filter(pk=member_id).first()
    if member is None:
        raise MemberNotFound
    return member


def tier_level(*, code: str) -> int | None:
    """Return the level of the tier with this code, or None when there is none."""
    return Tier.objects.filter(code=code).values_list("level", flat=True).first()


def tier_names() -> list[tuple[str, str]]:
    """Return (code, name) of every tier, the lowest first."""
    return list(Tier.objects.order_by("level").values_list("code", "name"))


def next_tier(*, level: int) -> Tier | None:
    """Return the tier above `level`, or None at the top."""
    return Tier.objects.filter(level__gt=level).order_by("level").first()


def addresses(*, member_id: int) -> QuerySet[Address]:
    """Return the member's addresses that are not deleted."""
    return Address.objects.filter(member_id=member_id, deleted_at__isnull=True)


def shipping_address(*, member_id: int, address_id: int) -> ShippingAddress | None:
    """Return a copy of one of the member's addresses, or None if it is not theirs, or deleted."""
    fields = ("recipient", "phone", "region", "detail")
    row = addresses(member_id=member_id).filter(pk=address_id).values_list(*fields).first()
    return ShippingAddress(*row) if row else None


def live_sessions(*, member_id: int, at: datetime) -> QuerySet[Session]:
    """Return the member's sessions that can still be used, with their devices, newest first."""
    live = Session.objects.filter(member_id=member_id, revoked_at__isnull=True, expires_at__gt=at)
    return live.select_related("device").order_by("-created_at", "pk")


def inbox(*, member_id: int, unread: bool = False) -> QuerySet[Notice]:
    """Return the member's notices, or those not read yet; the caller orders and pages them."""
    notices = Notice.objects.filter(member_id=member_id)
    return notices.filter(read_at__isnull=True) if unread else notices


def usable_partner_key(*, key_id: str, at: datetime) -> PartnerKey | None:
    """Return the key if it is neither revoked nor expired, or None."""
    key = PartnerKey.objects.filter(key_id=key_id, revoked_at__isnull=True).first()
    return key if key and (key.expires_at is None or key.expires_at > at) else None


def partner_id_by_code(*, code: str) -> int | None:
    """Return the id of the partner with this code, or None."""
    return Partner.objects.filter(code=code).values_list("pk", flat=True).first()


def _named(kind: str, values: set[str]) -> Any:
    if kind == "no":
        return Member.objects.filter(no__in=values).exclude(status=MemberStatus.CLOSED).values_list("no", "pk")
    return Identity.objects.filter(**{f"{kind}__in": values}).values_list(kind, "member_id")
