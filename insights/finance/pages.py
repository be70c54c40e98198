"""The finance pages: a month at a glance, and one day with the button that closes it."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from core.business_time import business_day, now
from core.errors import DomainError
from insights import selectors
from insights.finance import charts, periods, tables
from points.selectors import finance
from points.services import closing

# So far back goes the picture of what is outstanding.
PICTURE_DAYS = 180
MAY_CLOSE = "points.close_day"
may_see = permission_required("points.view_dayclose", raise_exception=True)


@dataclass(frozen=True)
class DayRow:
    """One line of the month's days."""

    on: date
    cells: list[int]
    state: str
    state_text: str
    closed_by: str
    link: str
    closes_next: bool


@require_safe
@may_see
def overview(request: HttpRequest) -> HttpResponse:
    """Show the month asked for: figures, pictures, days."""
    at = now()
    month = periods.asked_month(request)
    since, until = periods.bounds(month)
    running = finance.running_day(at=at) if since <= business_day(at) <= until else []
    days = finance.days(since=since, until=until)
    picture = finance.days(since=until - timedelta(days=PICTURE_DAYS), until=until)
    last = picture[0] if picture else None
    shown_rows = list(finance.groups(on=last.on)) if last else running
    shown = last or finance.total(running, on=business_day(at))
    policy = finance.policy()
    found = finance.cohorts(on=last.on) if last else []
    context = {
        "title": _("Liability and closing"),
        "month": f"{month:%Y-%m}",
        "choices": periods.choices(month),
        "shown": shown,
        "is_running": last is None,
        "has_rows": bool(shown_rows),
        "cards": _cards(shown, last=last, policy=policy),
        "point_value": f"{policy.point_fen.normalize():f}",
        "waiting": finance.waiting_days(at=at),
        "titles": list(tables.movement_names().values()),
        "running": _row(finance.total(running, on=business_day(at)), "running", next_on=None) if running else None,
        "days": [_row(day, tables.state_of(day), next_on=finance.next_to_close()) for day in days],
        "may_close": request.user.has_perm(MAY_CLOSE),
        "outstanding": charts.outstanding(picture[::-1]) if picture else None,
        "by_month": charts.by_expiry_month(shown_rows),
        "cohort_chart": charts.cohorts(found) if found else None,
        "cohort_header": _cohort_header(since, until),
        "cohorts": [tables.cohort_row(one, last.redemption_rate) for one in found] if last else [],
        "contract": _contract(last),
        "unclassified": sorted({row.source for row in shown_rows if not row.classified}),
        "exports": _exports(month),
    }
    return render(request, "insights/finance.html", admin.site.each_context(request) | context)


@require_http_methods(["GET", "HEAD", "POST"])
@may_see
def one_day(request: HttpRequest, day: str) -> HttpResponse:
    """Show one day by source; close it, or prepare it again, when that is asked for."""
    try:
        on = date.fromisoformat(day)
    except ValueError as error:
        raise Http404 from error
    found = finance.day(on=on)
    if found is None:
        raise Http404
    if request.method == "POST":
        return _act(request, on)
    names = tables.movement_names()
    rows = [
        (row, tables.month_text(row.expires_month), tables.pool_text(row.pool, classified=row.classified),
         [getattr(row, name) for name in names])
        for row in finance.groups(on=on)
    ]  # fmt: skip
    state = tables.state_of(found)
    may_act = state != "closed" and request.user.has_perm(MAY_CLOSE)
    context = {
        "title": _("Day %(on)s") % {"on": on.isoformat()},
        "day": found,
        "state": state,
        "state_text": tables.state_text(state),
        "titles": list(names.values()),
        "total": [getattr(found, name) for name in names],
        "rows": rows,
        "checks": [
            (_("closing by entries"), found.closing),
            (_("closing by accounts"), found.by_accounts),
            (_("closing by lots"), found.by_lots),
            (_("groups that differ"), found.differences),
        ],
        "may_close": may_act and state == "prepared" and finance.next_to_close() == on,
        "waits_for_earlier": may_act and finance.next_to_close() != on,
        "may_prepare": may_act,
        "back": _overview_link(on),
    }
    return render(request, "insights/finance_day.html", admin.site.each_context(request) | context)


def _act(request: HttpRequest, on: date) -> HttpResponse:
    if not request.user.has_perm(MAY_CLOSE):
        raise PermissionDenied
    prepare = "prepare" in request.POST
    try:
        if prepare:
            closing.prepare_again(on=on, at=now())
        else:
            closing.close_day(on=on, staff_id=int(request.user.pk or 0), at=now())
    except DomainError as error:
        messages.error(request, str(error.message))
        return HttpResponseRedirect(reverse("finance-day", args=[on.isoformat()]))
    text = _("Prepared again.") if prepare else _("Day %(on)s is closed.") % {"on": on.isoformat()}
    kept = finance.day(on=on)
    if kept is not None:
        LogEntry.objects.log_actions(int(request.user.pk or 0), [kept], CHANGE, text, single_object=True)
    messages.success(request, text)
    return HttpResponseRedirect(_overview_link(on))


def _overview_link(on: date) -> str:
    return f"{reverse('finance')}?month={on:%Y-%m}"


def _row(day: Any, state: str, *, next_on: date | None) -> DayRow:
    return DayRow(
        on=day.on,
        cells=[getattr(day, name) for name in tables.movement_names()],
        state=state,
        state_text=tables.state_text(state),
        closed_by=day.closed_by.get_username() if day.closed_by else "",
        link=reverse("finance-day", args=[day.on.isoformat()]) if state != "running" else "",
        closes_next=state == "prepared" and day.on == next_on,
    )


def _cards(shown: Any, *, last: Any, policy: Any) -> list[dict[str, Any]]:
    point_fen, rate = (last.point_fen, last.redemption_rate) if last else (policy.point_fen, policy.redemption_rate)

    def card(title: str, points: int, hint: str) -> dict[str, Any]:
        return {
            "title": title,
            "points": points,
            "yuan": yuan(finance.value_fen(points=points, point_fen=point_fen)),
            "hint": hint,
        }

    at_rate = yuan(finance.value_fen(points=shown.closing, point_fen=point_fen, redemption_rate=rate))
    return [
        card(
            _("Points outstanding"),
            shown.closing,
            _("%(yuan)s at the expected redemption of %(rate)s") % {"yuan": at_rate, "rate": tables.percent(rate)},
        ),
        card(_("Deferred revenue"), shown.deferred, _("earned by purchases")),
        card(_("Marketing cost"), shown.marketing, _("given for check-ins, reviews and by staff")),
        card(_("Owed by members"), shown.debt or 0, _("taken back after it was spent; not in the figures before")),
        card(_("Pending"), shown.pending or 0, _("promised, not spendable yet; not in the figures before")),
    ]


def _contract(last: Any) -> dict[str, Any] | None:
    """Return the IFRS 15 card of the last prepared day; None without purchases to allocate from."""
    price = selectors.fen_per_point()
    if last is None or price is None:
        return None
    estimates = {"point_fen": last.point_fen, "redemption_rate": last.redemption_rate}
    found = finance.contract(on=last.on, fen_per_point=price, **estimates)
    return {
        "on": last.on,
        "price": yuan(found.price_fen),
        "fen_per_point": f"{price:.2f}",
        "allocated": yuan(found.allocated),
        "recognised": yuan(found.recognised),
        "liability": yuan(found.liability),
        "done": int(Decimal(100) * found.recognised / found.allocated) if found.allocated else 0,
    }


def _cohort_header(since: date, until: date) -> list[str]:
    return tables.cohorts(since, until).header


def _exports(month: date) -> list[dict[str, str]]:
    titles = {
        "days": _("Days"),
        "liability": _("Liability by source and expiry month"),
        "cohorts": _("Breakage by cohort"),
    }
    return [
        {
            "title": title,
            **{form: f"{reverse('finance-export', args=[name, form])}?month={month:%Y-%m}" for form in ("csv", "xlsx")},
        }
        for name, title in titles.items()
    ]


def yuan(fen: int) -> str:
    """Return money as it is read, such as ¥1,234.56."""
    sign = "-" if fen < 0 else ""
    return f"{sign}¥{abs(fen) // 100:,}.{abs(fen) % 100:02}"
