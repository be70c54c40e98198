"""What the demo consists of: data.json, read once."""

import json
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from core.business_time import SHANGHAI, business_day, end_of_month

Facts = Mapping[str, Any]


@cache
def demo() -> dict[str, Any]:
    """Return the content of data.json."""
    content: dict[str, Any] = json.loads((Path(__file__).parent / "data.json").read_text(encoding="utf-8"))
    return content


def moment(facts: Facts, *, now: datetime) -> datetime:
    """Return when something happened: `days_ago`, or `months_ago` and the `day` of that month, at `time` (HH:MM)."""
    today = business_day(now)
    on = _month_day(facts, today) if "months_ago" in facts else today - timedelta(days=facts["days_ago"])
    return datetime.combine(on, time.fromisoformat(facts.get("time", "20:00")), tzinfo=SHANGHAI)


def _month_day(facts: Facts, today: date) -> date:
    last = end_of_month(today, months_later=-facts["months_ago"])
    return last.replace(day=min(facts["day"], last.day))
