"""Whatever happens in whatever order, the books are right after every step."""

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from django.db import transaction

from core.business_time import business_day
from members.models import Member
from points.ledger import accounts, holds, movements, take_backs
from points.ledger.take_backs import TakeBackPolicy
from points.models import Entry
from points.services import expiry
from tests.points.book import NOON, faults

STEPS = 80
POLICIES = [TakeBackPolicy.PENDING_ONLY, TakeBackPolicy.WITHIN_BALANCE, TakeBackPolicy.OWE]
REFUSALS = (accounts.InsufficientPoints, movements.NothingToGiveBack, take_backs.NothingToTakeBack)


class Walk:
    """Random movements of two members, on days that go by."""

    def __init__(self, seed: int, members: list[int]) -> None:
        self._random = random.Random(seed)
        self._members = members
        self._at: datetime = NOON
        self._number = 0
        self._awards: list[tuple[int, str]] = []
        self._spends: list[tuple[int, str]] = []
        self.made = 0

    def step(self) -> str:
        """Make one movement, or be refused, and return its name."""
        self._at += timedelta(hours=self._random.randrange(12))
        self._number += 1
        movements: list[Callable[[], object]] = [
            *[self.earn] * 3, *[self.spend] * 4, self.hold, self.refund, self.take_back, self.release, self.nightly
        ]  # fmt: skip
        movement = self._random.choice(movements)
        with suppress(*REFUSALS), transaction.atomic():
            movement()
            self.made += 1
        return movement.__name__

    def earn(self) -> None:
        who, key = self._new(self._awards)
        movements.earn(**self._award(who, key))

    def hold(self) -> None:
        who, key = self._new(self._awards)
        holds.hold(**self._award(who, key), release_at=self._at + timedelta(days=self._random.randrange(3)))

    def release(self) -> None:
        who, key = self._known(self._awards)
        holds.release(member_id=who, key=key, at=self._at)

    def spend(self) -> None:
        who, key = self._new(self._spends)
        points = self._random.randint(1, 60)
        movements.spend(member_id=who, points=points, key=key, counterparty="mall", source=key, title="", at=self._at)

    def refund(self) -> None:
        who, key = self._known(self._spends)
        points = self._random.choice([None, self._random.randint(1, 30)])
        with suppress(Entry.DoesNotExist):  # the spend was refused
            movements.refund(
                member_id=who, spend_key=key, key=f"refund:{self._number}", title="", points=points, at=self._at
            )

    def take_back(self) -> None:
        who, key = self._known(self._awards)
        take_backs.take_back(
            member_id=who,
            award_key=key,
            points=self._random.randint(1, 40),
            key=f"back:{self._number}",
            policy=self._random.choice(POLICIES),
            title="",
            at=self._at,
        )

    def nightly(self) -> None:
        while member_ids := holds.due(at=self._at, skip=[], limit=2):
            holds.release_due(member_ids=member_ids, at=self._at)
        expiry.expire_due(at=self._at, chunk=2)

    def _new(self, keys: list[tuple[int, str]]) -> tuple[int, str]:
        keys.append((self._random.choice(self._members), f"key:{self._number}"))
        return keys[-1]

    def _known(self, keys: list[tuple[int, str]]) -> tuple[int, str]:
        return self._random.choice(keys) if keys else self._new(keys)

    def _award(self, who: int, key: str) -> dict[str, object]:
        return {
            "member_id": who,
            "points": self._random.randint(1, 80),
            "key": key,
            "counterparty": self._random.choice(["award:a", "award:b"]),
            "source": "rule:test",
            "title": "",
            "breakdown": None,
            # Some are past their day already, as in reports of history.
            "expires_on": business_day(self._at) + timedelta(days=self._random.randint(-2, 12)),
            "at": self._at,
        }


@pytest.mark.parametrize("seed", range(6))
def test_the_books_are_right_after_every_step(seed: int, alice: Member, bob: Member) -> None:
    members = [alice.pk, bob.pk]
    for member_id in members:
        with transaction.atomic():
            movements.earn(**Walk(seed, members)._award(member_id, "start"))
    walk = Walk(seed, members)

    for number in range(STEPS):
        movement = walk.step()
        assert faults() == [], f"step {number}: {movement}"
    assert walk.made > STEPS / 2
