"""A redemption is called off: its points go back to the lots that paid, its pieces back to stock, once."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from core.transactions import require_transaction
from mall.models import Redemption, RedemptionStatus
from mall.selectors import RedemptionNotFound
from mall.services import stock
from mall.services.moves import BY_MEMBER, move
from points.ledger import movements


class NotCancellable(DomainError):
    code = "not_cancellable"
    status = 409
    message = _("This redemption can no longer be cancelled.")


def cancel(*, member_id: int, no: str, at: datetime) -> None:
    """Cancel the member's own redemption, before a code was handed out or a parcel sent.

    Raises RedemptionNotFound, NotCancellable.
    """
    with transaction.atomic():
        redemption = Redemption.objects.filter(member_id=member_id, no=no).select_related("item").first()
        if redemption is None:
            raise RedemptionNotFound
        give_back(redemption, by=BY_MEMBER, because="", at=at)


def cancel_by_staff(*, redemption_id: int, because: str, by: str, at: datetime) -> None:
    """Cancel for a reason the member may read; `by` is the staff user's name. Raises NotCancellable."""
    with transaction.atomic():
        redemption = Redemption.objects.select_related("item").get(pk=redemption_id)
        give_back(redemption, by=by, because=because, at=at)


def give_back(redemption: Redemption, *, by: str, because: str, at: datetime) -> None:
    """Cancel and return points and pieces, in the caller's transaction. Raises NotCancellable.

    The move is the guard: only one transaction ever makes it, whatever it races with.
    """
    require_transaction()
    if not move(redemption_id=redemption.pk, to=RedemptionStatus.CANCELLED, by=by, because=because, at=at):
        raise NotCancellable
    movements.refund(
        member_id=redemption.member_id,
        spend_key=f"redemption:{redemption.pk}",
        key=f"redemption:{redemption.pk}:refund",
        title=redemption.item.title,
        at=at,
    )
    stock.give_back(item_id=redemption.item_id, quantity=redemption.quantity)
