"""Members are told in time which of their points expire when: by default 30 days, 7 days and one day before.

One notice per day of expiry and stage. A night that was missed is made up for within CATCH_UP, so no stage is lost
with it, and a stage that comes late is never told after the next one is due.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Sum
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from core.chain import Done
from core.transactions import require_transaction
from members.services import notices
from points.models import LedgerPolicy, Lot

KIND = "points_expiring"
CATCH_UP = 2

# Each day's members by its index, no more than wanted: together they hold the lowest ids of all days.
DUE = """
SELECT DISTINCT found.member_id FROM unnest(%(days)s::date[]) AS day (expires_on)
CROSS JOIN LATERAL (
    SELECT DISTINCT lot.member_id FROM points_lot AS lot
    WHERE lot.is_open AND lot.expires_on = day.expires_on AND lot.member_id > %(after)s
      AND lot.member_id <> ALL (%(skip)s::bigint[])
    ORDER BY lot.member_id LIMIT %(limit)s
) AS found
ORDER BY found.member_id LIMIT %(limit)s
"""


class ExpiryNotices:
    """The nightly chain's last step, after the expiry: what is gone is not announced any more. Goes by cursor."""

    name = "notices"
    title = _("Notices of expiry")
    chunk = 5_000

    def due(self, *, at: datetime, on: date, after: int, skip: Sequence[int], limit: int) -> list[int]:
        """Return members above `after` with points that expire on one of the days to be told of."""
        days = list(stages(on=on, notice_days=_notice_days()))
        with connection.cursor() as cursor:
            cursor.execute(DUE, {"days": days, "after": after, "skip": list(skip), "limit": limit})
            return [member_id for (member_id,) in cursor.fetchall()]

    def process(self, *, ids: Sequence[int], at: datetime, on: date) -> Done:
        """Tell these members; frozen and closed ones are passed over. `rows` are the notices that are new."""
        require_transaction()
        stage_of = stages(on=on, notice_days=_notice_days())
        lots = Lot.objects.filter(member_id__in=ids, is_open=True, expires_on__in=stage_of)
        tellings = [
            notices.Telling(
                member_id=member_id,
                key=f"{KIND}:{day}:{stage_of[day]}",
                params={"on": day.isoformat(), "points": int(points)},
            )
            for member_id, day, points in lots.values_list("member_id", "expires_on")
            .annotate(Sum("remaining"))
            .order_by("member_id", "expires_on")
        ]
        return Done(rows=notices.notify_many(kind=KIND, tellings=tellings, at=at, to_frozen=False))


STEP = ExpiryNotices()


def stages(*, on: date, notice_days: Sequence[int]) -> dict[date, int]:
    """Return the days of expiry to be told of on the business day `on`, each with its stage in days before."""
    days: dict[date, int] = {}
    below = -1
    for stage in sorted(set(notice_days)):
        for left in range(max(stage - CATCH_UP, below + 1), stage + 1):
            days[on + timedelta(days=left)] = stage
        below = stage
    return days


def register() -> None:
    """Let members read these notices."""
    notices.register_kind(KIND, _text)


def _text(params: Mapping[str, Any]) -> notices.Text:
    day = date_format(date.fromisoformat(params["on"]), "DATE_FORMAT")
    points = params["points"]
    body = ngettext(
        "%(points)s point of yours can be used until %(day)s and expires after that. Have a look what it buys.",
        "%(points)s points of yours can be used until %(day)s and expire after that. Have a look what they buy.",
        points,
    )
    return notices.Text(gettext("Points about to expire"), body % {"points": f"{points:,}", "day": day})


def _notice_days() -> list[int]:
    policy = LedgerPolicy.objects.filter(pk=1).first()
    return policy.notice_days if policy else []
