"""Where a member's goods go. The member's row is locked first: there is one default among their addresses."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from members.models import Address
from members.selectors import addresses
from members.services.standing import lock_open_member

MAX_ADDRESSES = 20


class AddressNotFound(DomainError):
    code = "address_not_found"
    status = 404
    message = _("There is no such address.")


class TooManyAddresses(DomainError):
    code = "too_many_addresses"
    status = 409
    message = _("There is no room for another address. Please delete one first.")


def add_address(*, member_id: int, facts: Mapping[str, Any], at: datetime) -> Address:
    """Keep an address (recipient, phone, region, detail, is_default) and return it. The first one is the default.

    Raises TooManyAddresses.
    """
    with transaction.atomic():
        lock_open_member(member_id=member_id)
        kept = addresses(member_id=member_id).count()
        if kept >= MAX_ADDRESSES:
            raise TooManyAddresses(detail={"limit": MAX_ADDRESSES})
        is_default = facts.get("is_default", False) or kept == 0
        if is_default:
            _clear_default(member_id)
        return Address.objects.create(**{**facts, "is_default": is_default, "member_id": member_id, "created_at": at})


def change_address(*, member_id: int, address_id: int, changes: Mapping[str, Any]) -> Address:
    """Change what is named and return the address. Raises AddressNotFound."""
    with transaction.atomic():
        lock_open_member(member_id=member_id)
        address = _own(member_id=member_id, address_id=address_id)
        if changes.get("is_default"):
            _clear_default(member_id)
        for name, value in changes.items():
            setattr(address, name, value)
        address.save(update_fields=list(changes))
        return address


def delete_address(*, member_id: int, address_id: int, at: datetime) -> None:
    """Delete an address; if it was the default, the newest other one becomes it. Raises AddressNotFound."""
    with transaction.atomic():
        lock_open_member(member_id=member_id)
        address = _own(member_id=member_id, address_id=address_id)
        Address.objects.filter(pk=address.pk).update(deleted_at=at, is_default=False)
        newest = addresses(member_id=member_id).order_by("-id").first() if address.is_default else None
        if newest:
            Address.objects.filter(pk=newest.pk).update(is_default=True)


def _own(*, member_id: int, address_id: int) -> Address:
    address = addresses(member_id=member_id).filter(pk=address_id).first()
    if address is None:
        raise AddressNotFound
    return address


def _clear_default(member_id: int) -> None:
    addresses(member_id=member_id).filter(is_default=True).update(is_default=False)
