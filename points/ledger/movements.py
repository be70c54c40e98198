"""Earn, spend, give back what was spent, and correct by hand."""

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from core.business_time import business_day
from core.errors import DomainError
from core.transactions import require_transaction
from points.ledger import accounts, lots
from points.ledger.accounts import InsufficientPoints, Posting
from points.models import Entry, EntryKind

EARN = "SELECT * FROM points_earn(%s, %s, %s, %s, %s, %s, %s::jsonb, %s, %s)"
SPEND = "SELECT * FROM points_spend(%s, %s, %s, %s, %s, %s, %s, %s)"


class NothingToGiveBack(DomainError):
    code = "nothing_to_give_back"
    status = 409
    message = _("More would be given back than was paid.")


def earn(
    *,
    member_id: int,
    points: int,
    key: str,
    counterparty: str,
    source: str,
    title: str,
    breakdown: Mapping[str, Any] | None,
    expires_on: date,
    at: datetime,
) -> Posting:
    """Credit points that can be spent until the end of `expires_on`. Debt is repaid from them first.

    `counterparty` names who gives ("award:check_in"), `source` the rule or campaign, `title` and `breakdown` what the
    member reads. Raises KeyReused.
    """
    require_transaction()
    accounts.require_positive(points)
    encoded = json.dumps(breakdown) if breakdown is not None else None
    posting = accounts.call(EARN, [member_id, points, key, counterparty, source, title, encoded, expires_on, at])
    accounts.require_same_amount(posting, points)
    return posting


def spend(
    *, member_id: int, points: int, key: str, counterparty: str, source: str, title: str, at: datetime
) -> Posting:
    """Debit points, from the lots that expire first. Raises InsufficientPoints with `missing_points`, KeyReused."""
    require_transaction()
    accounts.require_positive(points)
    posting = accounts.call(SPEND, [member_id, points, key, counterparty, source, title, business_day(at), at])
    if posting.entry_id is None:
        raise InsufficientPoints(detail={"missing_points": max(points - posting.balance_after, 1)})
    accounts.require_same_amount(posting, -points)
    return posting


def refund(*, member_id: int, spend_key: str, key: str, title: str, at: datetime, points: int | None = None) -> Posting:
    """Give spent points back to the lots that paid, the last to expire first; all that is left when `points` is None.

    What returns to a lot that has expired meanwhile lives on for the policy's days of grace, in a lot of its own.
    Raises NothingToGiveBack, KeyReused.
    """
    require_transaction()
    account = accounts.lock_or_open(member_id)[member_id]
    if (first := accounts.posted(member_id, key)) is not None:
        if points is not None:
            accounts.require_same_amount(first, points)
        return first
    paid = Entry.objects.get(member_id=member_id, key=spend_key, kind=EntryKind.SPEND)
    given = Entry.objects.filter(member_id=member_id, reverses=paid).aggregate(total=Sum("amount"))["total"] or 0
    left = -paid.amount - given
    points = left if points is None else points
    if not 0 < points <= left:
        raise NothingToGiveBack(detail={"points_left": left})
    shares = lots.give_back(paid, already_given=given, points=points, on=business_day(at))
    account.balance += points
    account.spent_total -= points
    account.save(update_fields=["balance", "spent_total"])
    entry = Entry.objects.create(
        member_id=member_id,
        kind=EntryKind.REFUND,
        amount=points,
        balance_after=account.balance,
        counterparty=paid.counterparty,
        source=paid.source,
        title=title,
        key=key,
        **lots.columns(shares),
        reverses=paid,
        occurred_at=at,
    )
    return Posting(entry.pk, points, account.balance, repeated=False)


def adjust(
    *, member_id: int, points: int, key: str, source: str, title: str, expires_on: date, at: datetime
) -> Posting:
    """Correct a balance by hand: credit `points` until the end of `expires_on`, or debit them when negative.

    A credit repays no debt and is not counted as earned. Raises InsufficientPoints, KeyReused; ValueError for 0.
    """
    require_transaction()
    if points == 0:
        raise ValueError("An adjustment of no points is none.")
    account = accounts.lock_or_open(member_id)[member_id]
    if (first := accounts.posted(member_id, key)) is not None:
        accounts.require_same_amount(first, points)
        return first
    if points > 0:
        shares = {lots.put(member_id=member_id, expires_on=expires_on, source="adjustment", points=points): points}
    else:
        shares = lots.take(member_id=member_id, points=-points, counter="taken_back", usable_on=business_day(at))
        if (missing := sum(shares.values()) - points) > 0:
            raise InsufficientPoints(detail={"missing_points": missing})
    account.balance += points
    account.save(update_fields=["balance"])
    entry = Entry.objects.create(
        member_id=member_id,
        kind=EntryKind.ADJUST,
        amount=points,
        balance_after=account.balance,
        counterparty="adjustment",
        source=source,
        title=title,
        key=key,
        **lots.columns(shares),
        occurred_at=at,
    )
    return Posting(entry.pk, points, account.balance, repeated=False)
