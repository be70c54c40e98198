"""May this member act at all?"""

from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from core.transactions import require_transaction
from members.models import Member, MemberStatus
from members.selectors import MemberNotFound, Standing, standing


class MemberFrozen(DomainError):
    """Reading works; whatever moves points, money or stock does not."""

    code = "member_frozen"
    status = 403
    message = _("This account is frozen. Please contact customer service.")


class MemberClosed(DomainError):
    code = "member_closed"
    status = 403
    message = _("This account is closed.")


def require_active(*, member_id: int) -> Standing:
    """Return the member's standing, or raise MemberFrozen, MemberClosed or MemberNotFound. One query.

    Calls that move points, money or stock start with it.
    """
    facts = standing(member_id=member_id)
    if facts.status == MemberStatus.FROZEN:
        raise MemberFrozen
    if facts.status == MemberStatus.CLOSED:
        raise MemberClosed
    return facts


def lock_open_member(*, member_id: int) -> Member:
    """Return the member with their row locked until the transaction ends. Raises MemberClosed or MemberNotFound.

    Whatever adds personal data takes it, so that nothing slips in while the account is being closed.
    """
    require_transaction()
    member = Member.objects.select_for_update(no_key=True).filter(pk=member_id).first()
    if member is None:
        raise MemberNotFound
    if member.status == MemberStatus.CLOSED:
        raise MemberClosed
    return member
