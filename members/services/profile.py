"""What members say about themselves."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.business_time import business_day
from core.errors import DomainError
from members.models import Member
from members.rules import a_year_after
from members.services.standing import lock_open_member


class BirthdayLocked(DomainError):
    """A birthday is worth points, so it changes once a year. `detail` says from which business day on."""

    code = "birthday_locked"
    status = 409
    message = _("The birthday can be changed once a year.")


def update_profile(*, member_id: int, changes: Mapping[str, Any], at: datetime) -> None:
    """Change nickname, avatar_url or birthday; what is not named stays. Raises BirthdayLocked."""
    with transaction.atomic():
        # Locked, so that of two birthdays sent at once only one is taken.
        member = lock_open_member(member_id=member_id)
        for name in ("nickname", "avatar_url"):
            setattr(member, name, changes.get(name, getattr(member, name)))
        if "birthday" in changes:
            _set_birthday(member, changes["birthday"], at=at)
        member.save(update_fields=["nickname", "avatar_url", "birthday", "birthday_set_at"])


def _set_birthday(member: Member, birthday: date, *, at: datetime) -> None:
    if member.birthday == birthday:
        return
    if member.birthday_set_at is not None:
        available_on = a_year_after(business_day(member.birthday_set_at))
        if business_day(at) < available_on:
            raise BirthdayLocked(detail={"available_on": available_on.isoformat()})
    member.birthday, member.birthday_set_at = birthday, at
