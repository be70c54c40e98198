"""What the ledger shows on a member's admin page. Registered from here, so that members/ need not know points/."""

from typing import Any

from django.db.models import OuterRef, Subquery
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.business_time import business_day, now
from members import panels
from points import selectors
from points.models import Account

STATEMENT_LINES = 15


def register() -> None:
    """Add the balance to the list of members, and balance and statement to each member's page."""
    balance = Account.objects.filter(member_id=OuterRef("pk")).values("balance")
    panels.register_column("balance", _("balance"), Subquery(balance))
    panels.register(
        panels.Panel(
            title=_("Balance"),
            headers=[_("what"), _("points")],
            rows=_balance_rows,
            permission="points.view_account",
            link=panels.Link(
                label=_("Adjust points"),
                address=lambda member_id: f"{reverse('admin:points_adjustment_add')}?member={member_id}",
                permission="points.add_adjustment",
            ),
        )
    )
    panels.register(
        panels.Panel(
            title=_("Statement, latest entries"),
            headers=[_("occurred at"), _("title"), _("points"), _("balance after")],
            rows=_statement_rows,
            permission="points.view_entry",
            more=lambda member_id: f"{reverse('admin:points_entry_changelist')}?member__id__exact={member_id}",
        )
    )


def _balance_rows(member_id: int) -> list[list[Any]]:
    facts = selectors.balance(member_id=member_id, on=business_day(now()))
    rows = [
        [_("balance"), facts["balance"]],
        [_("pending"), facts["pending"]],
        [_("owed"), facts["debt"]],
        [_("earned in all"), facts["earned_total"]],
        [_("spent in all"), facts["spent_total"]],
        [_("expired in all"), facts["expired_total"]],
    ]
    return rows + [[_("expires on %(day)s") % {"day": lot["on"]}, lot["points"]] for lot in facts["expiring"]]


def _statement_rows(member_id: int) -> list[list[Any]]:
    entries = selectors.statement(member_id=member_id).order_by("-id")[:STATEMENT_LINES]
    return [
        [entry.occurred_at, selectors.title_of(entry.title, entry.kind), entry.amount, entry.balance_after]
        for entry in entries
    ]
