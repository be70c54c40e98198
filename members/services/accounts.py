"""The life of an account after registration: frozen, unfrozen, closed."""

from datetime import datetime

import structlog
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from members.models import LEGAL_MOVES, Address, Device, Identity, Member, MemberStatus, Notice, Session, StatusChange
from members.selectors import MemberNotFound
from members.services.sessions import revoke_sessions

log = structlog.get_logger(__name__)


class StatusMoveNotAllowed(DomainError):
    """`detail` names the status the account has and the one that was asked for."""

    code = "member_status_move_not_allowed"
    status = 409
    message = _("The account's status does not allow this.")


def freeze(*, member_id: int, because: str, by: str, at: datetime) -> None:
    """Stop all movements of an active member until `unfreeze`; `by` names who did it. Raises StatusMoveNotAllowed."""
    with transaction.atomic():
        _move(member_id=member_id, to=MemberStatus.FROZEN, because=because, by=by, at=at)


def unfreeze(*, member_id: int, because: str, by: str, at: datetime) -> None:
    """Let a frozen member move points again. Raises StatusMoveNotAllowed."""
    with transaction.atomic():
        _move(member_id=member_id, to=MemberStatus.ACTIVE, because=because, by=by, at=at)


def close_account(*, member_id: int, because: str, by: str, at: datetime) -> None:
    """Remove what identifies the person, and their inbox, and end all sessions.

    Number, tier, growth value and logs stay for the books. The same WeChat user may register anew, as somebody new.
    Cannot be undone. Raises StatusMoveNotAllowed.
    """
    with transaction.atomic():
        _move(member_id=member_id, to=MemberStatus.CLOSED, because=because, by=by, at=at)
        revoke_sessions(member_id=member_id, because="account_closed", at=at)
        Session.objects.filter(member_id=member_id).update(device=None, shared_with="")
        Member.objects.filter(pk=member_id).update(
            nickname="", avatar_url="", birthday=None, birthday_set_at=None, invited_with="", shared_with=""
        )
        for table in (Identity, Device, Address, Notice):
            table.objects.filter(member_id=member_id).delete()
    log.info("account_closed", member_id=member_id)


def _move(*, member_id: int, to: MemberStatus, because: str, by: str, at: datetime) -> None:
    old = Member.objects.select_for_update(no_key=True).filter(pk=member_id).values_list("status", flat=True).first()
    if old is None:
        raise MemberNotFound
    if to not in LEGAL_MOVES[old]:
        raise StatusMoveNotAllowed(detail={"status": old, "asked_for": to.value})
    Member.objects.filter(pk=member_id, status=old).update(status=to)
    StatusChange.objects.create(member_id=member_id, old=old, new=to, because=because[:200], by=by[:160], at=at)
