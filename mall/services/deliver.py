"""Goods on their way: shipped by staff, received by the member."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from mall.models import Redemption, RedemptionStatus
from mall.selectors import RedemptionNotFound
from mall.services.moves import BY_MEMBER, move


class NotShippable(DomainError):
    code = "not_shippable"
    status = 409
    message = _("Only goods that wait for shipping can be shipped.")


class NotShipped(DomainError):
    code = "not_shipped"
    status = 409
    message = _("This redemption has not been shipped.")


def ship(*, redemption_id: int, carrier: str, tracking_no: str, by: str, at: datetime) -> None:
    """Record that the parcel is under way; `by` is the staff user's name. Raises NotShippable."""
    with transaction.atomic():
        # Only goods ever wait in FULFILLING, so the move itself refuses everything else.
        if not move(redemption_id=redemption_id, to=RedemptionStatus.SHIPPED, by=by, at=at):
            raise NotShippable
        Redemption.objects.filter(pk=redemption_id).update(carrier=carrier, tracking_no=tracking_no)


def complete(*, redemption_id: int, by: str, at: datetime) -> None:
    """Close a shipped redemption; `by` is the staff user's name. Raises NotShipped."""
    with transaction.atomic():
        _complete(Redemption.objects.get(pk=redemption_id), by=by, at=at)


def confirm_receipt(*, member_id: int, no: str, at: datetime) -> None:
    """The member says the parcel has come. Saying so again changes nothing. Raises RedemptionNotFound, NotShipped."""
    with transaction.atomic():
        # Locked, so that of two taps the second sees the first one's result instead of failing.
        redemption = Redemption.objects.select_for_update().filter(member_id=member_id, no=no).first()
        if redemption is None:
            raise RedemptionNotFound
        if not (redemption.status == RedemptionStatus.COMPLETED and redemption.shipped_at is not None):
            _complete(redemption, by=BY_MEMBER, at=at)


def _complete(redemption: Redemption, *, by: str, at: datetime) -> None:
    # PAID may become COMPLETED too, but only by handing out codes.
    shipped = redemption.status == RedemptionStatus.SHIPPED
    if not (shipped and move(redemption_id=redemption.pk, to=RedemptionStatus.COMPLETED, by=by, at=at)):
        raise NotShipped
