"""The admin's first page: what is to be done, what happened today, how the books stand.

Each figure is shown only to those who may open the list behind it, and read only then.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core.business_time import business_day, now, start_of_day
from insights import selectors

LOW_ITEMS_SHOWN = 8
# How long after midnight the nightly run should be through.
NIGHT_IS_OVER = timedelta(hours=2)
Text = str | Promise


@dataclass(frozen=True, kw_only=True)
class Card:
    """One figure with the list it leads to. `tone` is plain, good, warning or danger."""

    title: Text
    value: int | Text
    link: str
    icon: str
    hint: Text = ""
    tone: str = "plain"

    @property
    def shown(self) -> str:
        """Return the value as it is read."""
        return f"{self.value:,}" if isinstance(self.value, int) else str(self.value)


@dataclass(frozen=True, kw_only=True)
class Section:
    """Figures under one heading."""

    title: Text
    cards: list[Card]


Maker = Callable[[datetime], list[Card]]


def figures(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the dashboard's sections to the context of the admin's index. Settings name it as DASHBOARD_CALLBACK."""
    at = now()
    sections = []
    for title, makers in SECTIONS:
        cards = [card for needed, make in makers if request.user.has_perm(needed) for card in make(at)]
        sections += [Section(title=title, cards=cards)] if cards else []
    low = selectors.low_items(limit=LOW_ITEMS_SHOWN) if request.user.has_perm("mall.view_item") else None
    return context | {"sections": sections, "low_items": None if low is None else [_low_row(item) for item in low]}


def _list(name: str, query: str = "") -> str:
    return reverse(f"admin:{name}_changelist") + (f"?{query}" if query else "")


def _moment(at: datetime) -> str:
    return date_format(localtime(at), "SHORT_DATETIME_FORMAT")


def _low_row(item: selectors.LowItem) -> dict[str, Any]:
    return {"item": item, "link": reverse("admin:mall_item_change", args=[item.id])}


def _shipping(at: datetime) -> list[Card]:
    queue = selectors.shipping_queue()
    hint = _("The oldest waits since %(at)s.") % {"at": _moment(queue.oldest_at)} if queue.oldest_at else ""
    return [
        Card(
            title=_("Redemptions to be shipped"),
            value=queue.waiting,
            hint=hint or _("Nothing waits."),
            link=_list("mall_redemption", "status__exact=fulfilling"),
            icon="local_shipping",
            tone="warning" if queue.waiting else "good",
        )
    ]


def _adjustments(at: datetime) -> list[Card]:
    queue = selectors.waiting_adjustments()
    hint = _("The oldest waits since %(at)s.") % {"at": _moment(queue.oldest_at)} if queue.oldest_at else ""
    return [
        Card(
            title=_("Adjustments for a second person"),
            value=queue.waiting,
            hint=hint or _("Nothing waits."),
            link=_list("points_adjustment", "status__exact=waiting"),
            icon="approval",
            tone="warning" if queue.waiting else "good",
        )
    ]


def _jobs(at: datetime) -> list[Card]:
    jobs = selectors.jobs(at=at)
    overdue = ngettext("%(count)d job is overdue.", "%(count)d jobs are overdue.", jobs.overdue)
    return [
        Card(
            title=_("Failed background jobs"),
            value=jobs.failed,
            hint=overdue % {"count": jobs.overdue} if jobs.overdue else _("All others run on time."),
            link=_list("core_outboxjob", "failed_at__isempty=0"),
            icon="sync_problem",
            tone="danger" if jobs.failed else "warning" if jobs.overdue else "good",
        )
    ]


def _audit(at: datetime) -> list[Card]:
    audit = selectors.last_audit()
    link = _list("points_audit")
    if audit is None:
        return [Card(title=_("Last audit"), value=_("none yet"), link=link, icon="verified", tone="warning")]
    return [
        Card(
            title=_("Last audit"),
            value=_("clean") if audit.findings == 0 else audit.findings,
            hint=_moment(audit.finished_at),
            link=link if audit.findings == 0 else reverse("admin:points_audit_change", args=[audit.id]),
            icon="verified",
            tone="danger" if audit.findings else "good",
        )
    ]


def _night(at: datetime) -> list[Card]:
    night = selectors.last_night()
    title, icon, link = _("Last nightly run"), "bedtime", _list("core_chainrun")
    if night is None:
        return [Card(title=title, value=_("none yet"), link=link, icon=icon, tone="warning")]
    page = reverse("admin:core_chainrun_change", args=[night.id])
    # Before its time has come, and an hour for it to run, yesterday's is the last one.
    expected = business_day(at - NIGHT_IS_OVER)
    if night.on < expected or (night.finished_at is None and at > start_of_day(night.on) + NIGHT_IS_OVER):
        hint = _("The run of %(on)s is not finished.") if night.finished_at is None else _("None since %(on)s.")
        day = date_format(night.on, "SHORT_DATE_FORMAT")
        return [Card(title=title, value=_("overdue"), hint=hint % {"on": day}, link=page, icon=icon, tone="danger")]
    if night.finished_at is None:
        return [Card(title=title, value=_("under way"), link=page, icon=icon)]
    return [
        Card(
            title=title,
            value=ngettext("%(count)d set aside", "%(count)d set aside", night.set_aside) % {"count": night.set_aside}
            if night.set_aside
            else _("clean"),
            hint=_moment(night.finished_at),
            link=page,
            icon=icon,
            tone="warning" if night.set_aside else "good",
        )
    ]


def _members(at: datetime) -> list[Card]:
    counts = selectors.members(on=business_day(at))
    return [
        Card(
            title=_("Members"),
            value=counts.total,
            hint=ngettext("%(count)d new today", "%(count)d new today", counts.new) % {"count": counts.new},
            link=_list("members_member"),
            icon="group",
        )
    ]


def _check_ins(at: datetime) -> list[Card]:
    count = selectors.check_ins(on=business_day(at))
    return [Card(title=_("Check-ins today"), value=count, link=_list("growth_checkin"), icon="event_available")]


def _points(at: datetime) -> list[Card]:
    day = selectors.points_of_day(on=business_day(at))
    before = _("%(points)s for earlier days") % {"points": f"{day.earned_before:,}"} if day.earned_before else ""
    back = _("%(points)s given back") % {"points": f"{day.given_back:,}"} if day.given_back else ""
    return [
        Card(
            title=_("Points earned today"),
            value=day.earned,
            hint=before,
            link=_list("points_entry", "kind__exact=award"),
            icon="trending_up",
        ),
        Card(
            title=_("Points spent today"),
            value=day.spent,
            hint=back,
            link=_list("points_entry", "kind__exact=spend"),
            icon="redeem",
        ),
        Card(
            title=_("Points expired today"),
            value=day.expired,
            link=_list("points_entry", "kind__exact=expire"),
            icon="timer_off",
        ),
    ]


def _books(at: datetime) -> list[Card]:
    books = selectors.outstanding()
    owed = _("%(points)s owed by members") % {"points": f"{books.debt:,}"} if books.debt else ""
    return [
        Card(
            title=_("Points outstanding"),
            value=books.balance,
            hint=owed,
            link=_list("points_account"),
            icon="account_balance_wallet",
        ),
        Card(
            title=_("Points pending"),
            value=books.pending,
            link=_list("points_hold", "status__exact=waiting"),
            icon="hourglass_top",
        ),
    ]


SECTIONS: tuple[tuple[Text, tuple[tuple[str, Maker], ...]], ...] = (
    (
        gettext_lazy("To do"),
        (
            ("mall.view_redemption", _shipping),
            ("points.approve_adjustment", _adjustments),
            ("core.view_outboxjob", _jobs),
            ("core.view_chainrun", _night),
            ("points.view_audit", _audit),
        ),
    ),
    (
        gettext_lazy("Today"),
        (("members.view_member", _members), ("growth.view_checkin", _check_ins), ("points.view_entry", _points)),
    ),
    (gettext_lazy("Books"), (("points.view_account", _books),)),
)
