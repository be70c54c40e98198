"""Reviews written at partners."""

from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from core.rows import insert_once
from core.transactions import require_transaction
from growth.models import BehaviourCode, Order, Review
from growth.services import awarding
from growth.services.orders import OrderNotFound
from growth.services.reporting import Report, Result


class ReviewExists(DomainError):
    code = "review_exists"
    status = 409
    message = _("This review was reported before, under another event id.")


def review_posted(report: Report) -> Result:
    """Record the review and award it. Raises ReviewExists; OrderNotFound when it names an order not theirs."""
    require_transaction()
    review = _insert(report)
    granted = awarding.award_report(report, behaviour=BehaviourCode.REVIEW_POSTED, subject=f"review:{review.pk}")
    return awarding.result(granted)


def _insert(report: Report) -> Review:
    review = Review(
        member_id=report.member_id,
        partner_id=report.partner_id,
        review_id=report.data["review_id"],
        order=_order(report),
        posted_at=report.occurred_at,
    )
    if not insert_once(review):
        raise ReviewExists
    return review


def _order(report: Report) -> Order | None:
    order_no = report.data.get("order_no")
    if order_no is None:
        return None
    order = Order.objects.filter(partner_id=report.partner_id, order_no=order_no, member_id=report.member_id).first()
    if order is None:
        raise OrderNotFound
    return order
