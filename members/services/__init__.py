"""Use cases of members. Other apps take them from here; inside members/ each is imported from its own module."""

from members.services.accounts import close_account, freeze, unfreeze
from members.services.growth import add_growth
from members.services.partners import issue_partner_key, revoke_partner_key
from members.services.registration import register
from members.services.sessions import open_session, revoke_sessions
from members.services.standing import require_active
from members.services.tiers import load_tiers

__all__ = [
    "add_growth",
    "close_account",
    "freeze",
    "issue_partner_key",
    "load_tiers",
    "open_session",
    "register",
    "require_active",
    "revoke_partner_key",
    "revoke_sessions",
    "unfreeze",
]
