"""The tables of members, by what they are about. Django looks for them here."""

from members.models.notices import Notice
from members.models.partners import Partner, PartnerKey
from members.models.people import (
    LEGAL_MOVES,
    Address,
    Device,
    Identity,
    IdentityKind,
    Member,
    MemberStatus,
    Session,
    StatusChange,
)
from members.models.tiers import Tier, TierChange

__all__ = [
    "LEGAL_MOVES",
    "Address",
    "Device",
    "Identity",
    "IdentityKind",
    "Member",
    "MemberStatus",
    "Notice",
    "Partner",
    "PartnerKey",
    "Session",
    "StatusChange",
    "Tier",
    "TierChange",
]
