"""Whatever moves in whatever order: every day adds up and ties out, and the last closing is what the lots hold."""

import random
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from django.db.models import Sum

from core.business_time import business_day, start_of_day
from core.errors import DomainError
from members.models import Member
from points.ledger import movements, take_backs, transfers
from points.models import Account, BookDay, DayClose, Entry, EntryKind, Lot
from points.services import closing, expiry
from tests.points.book import earn, refund, spend
from tests.points.days import DAY1, booked_at, noon

STEPS = 70
POLICIES = ["pending_only", "within_balance", "owe"]


class Walk:
    """Random movements of some members, on days that go by."""

    def __init__(self, seed: int, members: list[int]) -> None:
        self.chance = random.Random(seed)
        self.members = members
        self.at: datetime = noon(DAY1)
        self.number = 0

    def step(self) -> None:
        """Make one movement, or be refused."""
        self.number += 1
        self.at += timedelta(hours=self.chance.randrange(14))
        moves = [*[self.earn] * 3, *[self.spend] * 3, self.refund, self.take_back, self.give, self.undo, self.adjust]
        with booked_at(self.at), suppress(DomainError), transaction.atomic():
            self.chance.choice([*moves, self.expire])()

    def one(self) -> int:
        return self.chance.choice(self.members)

    def some(self, *kinds: str) -> Entry | None:
        return self.chance.choice([None, *Entry.objects.filter(kind__in=kinds).order_by("pk")])

    def earn(self) -> None:
        on = business_day(self.at) + timedelta(days=self.chance.randrange(-2, 60))
        by = self.chance.choice(["award:order_paid", "award:check_in"])
        earn(self.one(), self.chance.randint(1, 90), key=f"e{self.number}", on=on, by=by, at=self.at)

    def spend(self) -> None:
        spend(self.one(), self.chance.randint(1, 60), key=f"s{self.number}", at=self.at)

    def refund(self) -> None:
        if paid := self.some(EntryKind.SPEND):
            points = self.chance.choice([None, 5])
            refund(paid.member_id, paid.key, key=f"r{self.number}", points=points, at=self.at)

    def take_back(self) -> None:
        if award := self.some(EntryKind.AWARD):
            take_backs.take_back(
                member_id=award.member_id,
                award_key=award.key,
                points=self.chance.randint(1, 50),
                key=f"b{self.number}",
                policy=self.chance.choice(POLICIES),
                title="",
                at=self.at,
            )

    def give(self) -> None:
        sender, receiver = self.chance.sample(self.members, 2)
        transfers.transfer(
            from_member_id=sender,
            to_member_id=receiver,
            points=self.chance.randint(1, 40),
            key=f"t{self.number}",
            source="",
            titles=("", ""),
            at=self.at,
        )

    def undo(self) -> None:
        sent = self.some(EntryKind.TRANSFER_OUT)
        if sent and not Entry.objects.filter(key=f"{sent.key}:reversed").exists():
            transfers.reverse(
                from_member_id=sent.member_id,
                to_member_id=Entry.objects.get(key=sent.key, kind=EntryKind.TRANSFER_IN).member_id,
                transfer_key=sent.key,
                key=f"{sent.key}:reversed",
                policy=self.chance.choice(POLICIES[1:]),
                titles=("", ""),
                at=self.at,
            )

    def adjust(self) -> None:
        movements.adjust(
            member_id=self.one(),
            points=self.chance.choice([-20, -3, 8, 30]),
            key=f"a{self.number}",
            source="adjustment:other",
            title="",
            expires_on=business_day(self.at) + timedelta(days=30),
            at=self.at,
        )

    def expire(self) -> None:
        expiry.expire_due(at=self.at, chunk=2)


@pytest.mark.parametrize("seed", range(5))
def test_every_day_ties_out(seed: int, alice: Member, bob: Member) -> None:
    walk = Walk(seed, [alice.pk, bob.pk])
    earn_first = booked_at(walk.at)
    with earn_first:
        walk.earn()
    for _step in range(STEPS):
        walk.step()

    last = business_day(walk.at)
    prepared = closing.prepare_days(at=start_of_day(last + timedelta(days=1)) + timedelta(hours=1))

    days = list(DayClose.objects.order_by("on"))
    assert [day.on for day in days] == prepared == [DAY1 + timedelta(days=n) for n in range((last - DAY1).days + 1)]
    assert [day.on for day in days if not day.ties_out] == []
    assert [day.opening for day in days[1:]] == [day.closing for day in days[:-1]]
    accounts = Account.objects.aggregate(points=Sum("balance"), debt=Sum("debt"))
    assert (days[-1].closing, days[-1].debt) == (accounts["points"], accounts["debt"])
    left = {(row.source, row.expires_month): row.closing for row in BookDay.objects.filter(on=last) if row.closing}
    assert left == live_lots()


def live_lots() -> dict[tuple[str, object], int]:
    """Return what the open lots hold by source and expiry month."""
    found: dict[tuple[str, object], int] = {}
    for lot in Lot.objects.filter(is_open=True):
        group = (lot.source, lot.expires_on.replace(day=1))
        found[group] = found.get(group, 0) + lot.remaining
    return found
