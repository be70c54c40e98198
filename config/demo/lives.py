"""The demo's members and what they did so far, acted out through the same use cases as real life, in order of time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from config.demo.data import Facts, demo, moment
from config.demo.past import booked_in_the_past
from core.business_time import business_day
from growth.services.check_in import check_in, pay_streak_bonus
from growth.services.events import Event, report_events
from growth.services.reporting import Reporter
from mall.services.cancel import cancel
from mall.services.deliver import confirm_receipt, ship
from mall.services.fulfil import fulfil
from mall.services.redeem import Wish, redeem
from members.selectors import member_id_by_openid
from members.services.addresses import add_address
from members.services.registration import register

SHIPPED_BY = "ops"
Act = tuple[datetime, Callable[[datetime], None]]


@dataclass(frozen=True)
class World:
    """What the members' lives take place in."""

    partner_id: int
    items: dict[str, int]
    now: datetime


def load_members(*, world: World) -> int:
    """Create the members that are missing, with their whole past or not at all; return how many."""
    with transaction.atomic(), booked_in_the_past(until=world.now) as backdate:
        missing = [facts for facts in demo()["members"] if member_id_by_openid(openid=facts["openid"]) is None]
        acts = [act for facts in missing for act in _Life(facts, world).acts()]
        for at, act in sorted(acts, key=lambda timed: timed[0]):
            if at <= world.now:
                act(at)
                backdate(at)
    return len(missing)


class _Life:
    def __init__(self, facts: Facts, world: World) -> None:
        self._facts = facts
        self._world = world
        self._member_id = register(
            openid=facts["openid"], nickname=facts["nickname"], at=moment(facts["joined"], now=world.now)
        )
        self._address_id = self._keep_address()

    def acts(self) -> Iterator[Act]:
        """Return all the member did and will have done, each with its time."""
        yield from self._check_ins()
        yield from self._orders()
        yield from self._redemptions()

    def _keep_address(self) -> int | None:
        if "address" not in self._facts:
            return None
        joined_at = moment(self._facts["joined"], now=self._world.now)
        return add_address(member_id=self._member_id, facts=self._facts["address"], at=joined_at).pk

    def _check_ins(self) -> Iterator[Act]:
        for first, last in self._facts.get("check_in_days_ago", []):
            for days_ago in range(first, last - 1, -1):
                clock = f"{8 + days_ago % 3:02d}:{days_ago * 7 % 60:02d}"
                yield moment({"days_ago": days_ago, "time": clock}, now=self._world.now), self._check_in

    def _check_in(self, at: datetime) -> None:
        check_in(member_id=self._member_id, at=at)
        pay_streak_bonus(member_id=self._member_id, on=business_day(at), at=at)

    def _orders(self) -> Iterator[Act]:
        for number, order in enumerate(self._facts.get("orders", []), start=1):
            paid_at = moment(order, now=self._world.now)
            order_no = f"{self._facts['openid']}-{number:03d}"
            reports: list[tuple[datetime, str, dict[str, Any]]] = [
                (paid_at, "order_paid", {"order_no": order_no, "amount_fen": order["amount_fen"]})
            ]
            if "completed_after_days" in order:
                completed_at = paid_at + timedelta(days=order["completed_after_days"])
                reports.append((completed_at, "order_completed", {"order_no": order_no}))
            if "reviewed_after_days" in order:
                reviewed_at = paid_at + timedelta(days=order["reviewed_after_days"], minutes=17)
                reports.append((reviewed_at, "review_posted", {"review_id": f"{order_no}-r", "order_no": order_no}))
            if "refund" in order:
                refunded_at = paid_at + timedelta(days=order["refund"]["after_days"])
                facts = {"order_no": order_no, "refund_no": f"{order_no}-b", "refund_fen": order["refund"]["fen"]}
                reports.append((refunded_at, "order_refunded", facts))
            for at, behaviour, data in reports:
                yield at, self._report(behaviour, data)

    def _report(self, behaviour: str, data: dict[str, Any]) -> Callable[[datetime], None]:
        def report(at: datetime) -> None:
            event = Event(
                event_id=f"{data['order_no']}-{behaviour}",
                behaviour=behaviour,
                member_ref={"openid": self._facts["openid"]},
                occurred_at=at,
                data=data,
            )
            reporter = Reporter(partner_id=self._world.partner_id, behaviours=frozenset(), is_history=False)
            (answer,) = report_events(reporter=reporter, events=[event], at=at)
            if answer["status"] == "error":
                raise ValueError(f"Demo event {event.event_id} was refused: {answer['code']}")

        return report

    def _redemptions(self) -> Iterator[Act]:
        for number, facts in enumerate(self._facts.get("redemptions", []), start=1):
            yield moment(facts, now=self._world.now), self._redeem(number, facts)

    def _redeem(self, number: int, facts: Facts) -> Callable[[datetime], None]:
        def act(at: datetime) -> None:
            wish = Wish(
                member_id=self._member_id,
                item_id=self._world.items[facts["item"]],
                request_key=f"demo-{number}",
                address_id=self._address_id,
            )
            redemption = redeem(wish=wish, at=at)
            fulfil(redemption_id=redemption["id"], at=at + timedelta(seconds=2))
            if "tracking_no" in facts:
                ship(
                    redemption_id=redemption["id"],
                    carrier=facts["carrier"],
                    tracking_no=facts["tracking_no"],
                    by=SHIPPED_BY,
                    at=at + timedelta(hours=18),
                )
            if facts.get("received"):
                confirm_receipt(member_id=self._member_id, no=redemption["no"], at=at + timedelta(days=3))
            if facts.get("cancelled"):
                cancel(member_id=self._member_id, no=redemption["no"], at=at + timedelta(minutes=40))

        return act
