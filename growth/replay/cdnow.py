"""The CDNOW purchase history as purchases, as events, and as the points it should be worth. Pure."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from core.business_time import SHANGHAI

# customer, customer within the sample, day, number of CDs, amount
LINE = re.compile(r"\s*(\d{1,10})\s+\d+\s+(\d{8})\s+\d+\s+(\d{1,9})\.(\d\d)\s*")
# The file knows only days. Noon is far from the ends of the business day on either side.
PAID_FROM = time(10, 0)
COMPLETED_FROM = time(20, 0)

# The default programme's rule, stated again on purpose: the replay is checked against it, not against the rule's row.
POINTS_PER_YUAN = 2
BONUS_FROM_FEN = 10_000
BONUS_POINTS = 20


class MalformedFile(Exception):
    """The file is not a purchase history in this format; the text says which line."""


@dataclass(frozen=True, kw_only=True)
class Purchase:
    """One line. `bought_on` is the day in the file; `number` counts the customer's purchases of that day from 1."""

    customer: str
    bought_on: date
    number: int
    amount_fen: int

    @property
    def openid(self) -> str:
        """Return the name under which the customer is registered."""
        return f"cdnow-{self.customer}"

    @property
    def order_no(self) -> str:
        """Return the purchase's name: made of what the file says, so each replay names it alike."""
        return f"{self.customer}-{self.bought_on:%Y%m%d}-{self.number}"

    @property
    def paid_event_id(self) -> str:
        """Return the id of the report that it was paid."""
        return f"{self.order_no}:paid"

    @property
    def completed_event_id(self) -> str:
        """Return the id of the report that it stands."""
        return f"{self.order_no}:completed"

    def paid_at(self, shift: timedelta) -> datetime:
        """Return when it was paid, moved by whole days."""
        return self._moment(PAID_FROM, shift)

    def completed_at(self, shift: timedelta) -> datetime:
        """Return when it was completed, moved by whole days: the evening of the same business day."""
        return self._moment(COMPLETED_FROM, shift)

    def expected_points(self) -> int:
        """Return what the purchase is worth by the default programme, counted in whole fen."""
        bonus = BONUS_POINTS if self.amount_fen >= BONUS_FROM_FEN else 0
        return POINTS_PER_YUAN * self.amount_fen // 100 + bonus

    def _moment(self, of_day: time, shift: timedelta) -> datetime:
        return datetime.combine(self.bought_on + shift, of_day, SHANGHAI) + timedelta(seconds=self.number)


def parse(lines: Iterable[str]) -> list[Purchase]:
    """Return the purchases in the file's order; empty lines are nothing. Raises MalformedFile."""
    purchases = []
    seen: Counter[tuple[str, date]] = Counter()
    for line_no, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        found = LINE.fullmatch(line)
        if found is None:
            raise MalformedFile(f"line {line_no} is not: customer, number, yyyymmdd, CDs, amount")
        customer, day, yuan, fen = found.groups()
        try:
            bought_on = datetime.strptime(day, "%Y%m%d").replace(tzinfo=SHANGHAI).date()
        except ValueError as error:
            raise MalformedFile(f"line {line_no}: {day} is no day") from error
        seen[customer, bought_on] += 1
        purchases.append(
            Purchase(
                customer=customer,
                bought_on=bought_on,
                number=seen[customer, bought_on],
                amount_fen=int(yuan) * 100 + int(fen),
            )
        )
    if not purchases:
        raise MalformedFile("there is no purchase in it")
    return purchases


def shift_to(purchases: Sequence[Purchase], *, last_on: date) -> timedelta:
    """Return the days to add so that the last purchase falls on `last_on`."""
    return last_on - max(purchase.bought_on for purchase in purchases)


def events(purchases: Sequence[Purchase], *, shift: timedelta) -> list[dict[str, Any]]:
    """Return what to report, as API.md's `POST events` takes it, in the order in which it happened."""
    reports = [report for purchase in purchases for report in _reports(purchase, shift)]
    return [event for _moment, _id, event in sorted(reports, key=lambda report: report[:2])]


def _reports(purchase: Purchase, shift: timedelta) -> list[tuple[datetime, str, dict[str, Any]]]:
    order = {"order_no": purchase.order_no}
    paid = purchase.paid_at(shift), purchase.paid_event_id, "order_paid", order | {"amount_fen": purchase.amount_fen}
    completed = purchase.completed_at(shift), purchase.completed_event_id, "order_completed", order
    return [
        (
            moment,
            event_id,
            {
                "event_id": event_id,
                "behaviour": behaviour,
                "member": {"openid": purchase.openid},
                "occurred_at": moment.isoformat(),
                "data": data,
            },
        )
        for moment, event_id, behaviour, data in (paid, completed)
    ]
