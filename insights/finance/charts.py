"""The pictures: data for the theme's charts, which draws them without anything from elsewhere."""

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from insights.finance.tables import month_text

DEFERRED, MARKETING = "#f95016", "#fdba74"
SPENT, EXPIRED, REMAINING = "#16a34a", "#dc2626", "#d1d5db"
GREY = "#9ca3af"


def outstanding(days: Sequence[Any]) -> dict[str, str]:
    """Return points outstanding at the end of each day, deferred revenue and marketing cost on top of each other."""
    return _chart(
        [f"{day.on:%m-%d}" for day in days],
        [
            _area(_("deferred revenue"), [day.deferred for day in days], DEFERRED),
            _area(_("marketing cost"), [day.marketing for day in days], MARKETING),
        ],
    )


def by_expiry_month(rows: Sequence[Any]) -> dict[str, str]:
    """Return points outstanding by the month in which they expire."""
    points: dict[date, dict[str, int]] = defaultdict(lambda: {"deferred": 0, "marketing": 0})
    for row in rows:
        points[row.expires_month][row.pool] += row.closing
    months = sorted(month for month, pools in points.items() if any(pools.values()))
    return _chart(
        [month_text(month) for month in months],
        [
            _bars(_("deferred revenue"), [points[month]["deferred"] for month in months], DEFERRED),
            _bars(_("marketing cost"), [points[month]["marketing"] for month in months], MARKETING),
        ],
    )


def cohorts(found: Sequence[Any]) -> dict[str, str]:
    """Return what became of each cohort: percent spent, expired, remaining."""
    shown = [one for one in found if one.decided > 0]

    def percents(name: str) -> list[float]:
        return [round(max(getattr(one, name), 0) * 100 / one.decided, 1) for one in shown]

    return _chart(
        [month_text(one.expires_month) for one in shown],
        [
            _bars(_("spent"), percents("spent"), SPENT),
            _bars(_("expired (breakage)"), percents("expired"), EXPIRED),
            _bars(_("remaining"), percents("remaining"), REMAINING),
        ],
        highest=100,
    )


def _area(label: str, values: Sequence[float], colour: str) -> dict[str, Any]:
    look = {"borderColor": colour, "backgroundColor": f"{colour}55", "fill": True, "borderWidth": 2, "tension": 0}
    # A single day would be a line without length.
    return {"label": label, "data": values, **look, "pointRadius": 4 if len(values) == 1 else 0}


def _bars(label: str, values: Sequence[float], colour: str) -> dict[str, Any]:
    return {"label": label, "data": values, "backgroundColor": colour, "maxBarThickness": 36}


def _chart(labels: list[str], datasets: list[dict[str, Any]], *, highest: int | None = None) -> dict[str, str]:
    """Return data and options as the theme's chart component takes them."""
    ticks = {"color": GREY}
    options = {
        "animation": False,
        "responsive": True,
        "maintainAspectRatio": False,
        "interaction": {"mode": "index", "intersect": False},
        "plugins": {"legend": {"display": True, "position": "top", "align": "end", "labels": {"color": GREY}}},
        "scales": {
            "x": {"stacked": True, "grid": {"display": False}, "ticks": ticks},
            "y": {"stacked": True, "beginAtZero": True, "ticks": ticks, "grid": {"color": f"{GREY}33"}}
            | ({"max": highest} if highest else {}),
        },
    }
    return {"data": json.dumps({"labels": labels, "datasets": datasets}), "options": json.dumps(options)}
