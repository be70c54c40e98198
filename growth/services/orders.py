"""Purchases at partners: paid, completed, refunded."""

from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.business_time import business_day
from core.errors import DomainError
from core.rows import insert_once
from core.transactions import require_transaction
from growth import rules
from growth.models import BehaviourCode, Order, OrderRefund
from growth.services import awarding
from growth.services.reporting import Report, Result, Status
from members.services.growth import add_growth
from points.ledger import holds, take_backs
from points.selectors import expiry_day


class OrderExists(DomainError):
    code = "order_exists"
    status = 409
    message = gettext_lazy("This order was reported before, under another event id.")


class OrderNotFound(DomainError):
    code = "order_not_found"
    status = 404
    message = gettext_lazy("This member has no such order at this partner.")


class RefundExists(DomainError):
    code = "refund_exists"
    status = 409
    message = gettext_lazy("This refund was reported before, under another event id.")


class RefundExceedsOrder(DomainError):
    code = "refund_exceeds_order"
    status = 409
    message = gettext_lazy("All refunds together would exceed what was paid.")


def order_paid(report: Report) -> Result:
    """Record the purchase and award it; the points wait until the order completes or the rule's days have passed.

    Raises OrderExists.
    """
    require_transaction()
    order = _insert(report)
    granted = awarding.award_report(
        report, behaviour=BehaviourCode.ORDER_PAID, subject=f"order:{order.pk}", amount_fen=order.amount_fen
    )
    order.awards = [award.facts() for award in granted]
    order.save(update_fields=["awards"])
    return awarding.result(granted)


def order_completed(report: Report) -> Result:
    """Release what the purchase was awarded: the order system says the sale stands.

    The points' life counts from the release, or, for reports of history, from the day of purchase.
    Raises OrderNotFound.
    """
    require_transaction()
    order = _locked(report)
    if order.completed_at is None:
        order.completed_at = report.occurred_at
        order.save(update_fields=["completed_at"])
    clock_on = business_day(order.paid_at if report.is_history else report.at)
    released = sum(_release(order, award, clock_on=clock_on, at=report.at) for award in order.awards)
    if released == 0:
        return Result(status=Status.NONE)
    award = {"points": released, "pending": False, "available_at": None, "breakdown": _breakdowns(order, released)}
    return Result(status=Status.AWARDED, award=award)


def order_refunded(report: Report) -> Result:
    """Take back the share of the award that the refund is of the order, by the policy of each rule at the time.

    Raises OrderNotFound, RefundExists, RefundExceedsOrder.
    """
    require_transaction()
    order = _locked(report)
    refund_fen = report.data["refund_fen"]
    if order.refunded_fen + refund_fen > order.amount_fen:
        raise RefundExceedsOrder(detail={"refundable_fen": order.amount_fen - order.refunded_fen})
    _insert_refund(order, report)
    taken = sum(_take_back(order, award, report) for award in order.awards)
    order.refunded_fen += refund_fen
    order.save(update_fields=["refunded_fen"])
    return Result(status=Status.NONE, award={"points": -taken} if taken else None)


def _insert(report: Report) -> Order:
    order = Order(
        member_id=report.member_id,
        partner_id=report.partner_id,
        order_no=report.data["order_no"],
        amount_fen=report.data["amount_fen"],
        paid_at=report.occurred_at,
    )
    if not insert_once(order):
        raise OrderExists
    return order


def _locked(report: Report) -> Order:
    order = (
        Order.objects.select_for_update()
        .filter(partner_id=report.partner_id, order_no=report.data["order_no"], member_id=report.member_id)
        .first()
    )
    if order is None:
        raise OrderNotFound
    return order


def _release(order: Order, award: dict[str, Any], *, clock_on: date, at: datetime) -> int:
    last_day = expiry_day(
        kind=award["expiry"],
        number=award["expiry_number"],
        fixed_on=date.fromisoformat(award["fixed_expiry"]) if award["fixed_expiry"] else None,
        earned_on=clock_on,
    )
    posting = holds.release(member_id=order.member_id, key=award["key"], expires_on=last_day, at=at)
    if posting is None:
        return 0
    add_growth(member_id=order.member_id, points=posting.amount, reason=f"rule:{award['rule']}", at=at)
    return posting.amount


def _breakdowns(order: Order, released: int) -> list[dict[str, Any]]:
    lines = [award["breakdown"] | {"title": award["title"], "points": award["points"]} for award in order.awards]
    refunded = released - sum(line["points"] for line in lines)
    if refunded:
        text = _("refunded before completion")
        lines.append(
            {
                "title": text,
                "points": refunded,
                "rule": "refund",
                "version": 1,
                "lines": [{"step": "refund", "text": text, "points": refunded}],
            }
        )
    return lines


def _insert_refund(order: Order, report: Report) -> None:
    refund = OrderRefund(
        order=order,
        refund_no=report.data["refund_no"],
        refund_fen=report.data["refund_fen"],
        refunded_at=report.occurred_at,
    )
    if not insert_once(refund):
        raise RefundExists


def _take_back(order: Order, award: dict[str, Any], report: Report) -> int:
    share = rules.share_to_take_back(
        awarded=award["points"],
        amount_fen=order.amount_fen,
        refunded_before_fen=order.refunded_fen,
        refunded_fen=report.data["refund_fen"],
    )
    if share == 0:
        return 0
    taken = take_backs.take_back(
        member_id=order.member_id,
        award_key=award["key"],
        points=share,
        key=f"{award['key']}:refund:{report.data['refund_no']}",
        policy=award["take_back"],
        title=_("Refund of order %(no)s") % {"no": order.order_no},
        at=report.at,
    )
    booked = taken.posted + taken.owed
    if booked:
        # Waiting points had not raised the growth value yet, so only booked ones lower it.
        add_growth(member_id=order.member_id, points=-booked, reason=f"refund:{order.pk}", at=report.at)
    return booked + taken.pending
