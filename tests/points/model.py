"""The ledger as one would explain it on paper: dicts and loops, no database, no locks. What the real one must equal."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count

GRACE_DAYS = 30


class Refused(Exception):
    """The book does not allow this; nothing has changed."""


@dataclass
class Lot:
    """Points that expire on one day, from one source. `born` orders lots of one day."""

    born: int
    expires_on: date
    source: str
    remaining: int = 0


@dataclass
class Movement:
    """What a key has done to a member: the lots it changed, and by how much."""

    member: int
    amount: int
    shares: dict[int, int]
    left: int


@dataclass
class Promise:
    """Points that wait."""

    points: int
    expires_on: date
    source: str
    release_on: date
    waiting: bool = True


@dataclass
class Member:
    """All a member has."""

    lots: dict[int, Lot] = field(default_factory=dict)
    debt: int = 0
    pending: int = 0
    earned: int = 0
    spent: int = 0
    expired: int = 0

    @property
    def balance(self) -> int:
        """Return the sum of all lots."""
        return sum(lot.remaining for lot in self.lots.values())


class Book:
    """All members, and every movement by its key."""

    def __init__(self, members: list[int]) -> None:
        self.members = {member: Member() for member in members}
        self.awards: dict[tuple[int, str], Movement] = {}
        self.spends: dict[tuple[int, str], Movement] = {}
        self.promises: dict[tuple[int, str], Promise] = {}
        self.gifts: dict[str, tuple[Movement, Movement]] = {}
        self._born = count()

    def earn(self, member: int, key: str, points: int, *, expires_on: date, source: str) -> None:
        """Credit, then pay what is owed out of it."""
        who = self.members[member]
        lot = self._lot(member, expires_on, source)
        lot.remaining += points
        who.earned += points
        self.awards[member, key] = Movement(member, points, {lot.born: points}, points)
        repaid = min(who.debt, points)
        who.debt -= repaid
        lot.remaining -= repaid

    def spend(self, member: int, key: str, points: int, *, on: date) -> None:
        """Take from the lots that expire first, never from expired ones."""
        shares = self._take(member, points, usable_on=on)
        self.members[member].spent += points
        self.spends[member, key] = Movement(member, -points, shares, points)

    def refund(self, member: int, key: str, points: int | None, *, on: date) -> int:
        """Give back to the lots that paid, the last to expire first."""
        paid = self.spends.get((member, key))
        if paid is None:
            raise Refused
        points = paid.left if points is None else points
        if not 0 < points <= paid.left:
            raise Refused
        self._give_back(paid, points, on=on)
        self.members[member].spent -= points
        return points

    def adjust(self, member: int, points: int, *, expires_on: date, on: date) -> None:
        """Correct by hand."""
        if points > 0:
            self._lot(member, expires_on, "adjustment").remaining += points
        else:
            self._take(member, -points, usable_on=on)

    def hold(self, member: int, key: str, promise: Promise) -> None:
        """Promise points."""
        self.members[member].pending += promise.points
        self.promises[member, key] = promise

    def release(self, member: int, key: str) -> bool:
        """Turn a promise into points."""
        promise = self._waiting(member, key)
        if promise is None:
            return False
        promise.waiting = False
        self.members[member].pending -= promise.points
        self.earn(member, key, promise.points, expires_on=promise.expires_on, source=promise.source)
        return True

    def release_due(self, *, on: date) -> None:
        """Release every promise whose day has come."""
        for (member, key), promise in self.promises.items():
            if promise.waiting and promise.release_on <= on:
                self.release(member, key)

    def cancel(self, member: int, key: str, points: int | None) -> int:
        """Take points off a promise."""
        promise = self._waiting(member, key)
        if promise is None:
            return 0
        points = promise.points if points is None else min(points, promise.points)
        promise.points -= points
        promise.waiting = promise.points > 0
        self.members[member].pending -= points
        return points

    def take_back(self, member: int, key: str, points: int, *, policy: str) -> None:
        """Take an award back: from the promise, or from its lot, the other lots, and as debt."""
        promise = self._waiting(member, key)
        if promise is not None:
            if points > promise.points:
                raise Refused
            self.cancel(member, key, points)
            return
        award = self.awards.get((member, key))
        if award is None or points > award.left:
            raise Refused
        if policy != "pending_only":
            award.left -= self._take_from_award(award, points, owe=policy == "owe")

    def give(self, sender: int, receiver: int, key: str, points: int, *, on: date) -> None:
        """Move points with their day and source."""
        taken = self._take(sender, points, usable_on=on)
        received: dict[int, int] = {}
        for born, share in taken.items():
            lot = self.members[sender].lots[born]
            mine = self._lot(receiver, lot.expires_on, lot.source)
            mine.remaining -= share
            received[mine.born] = -share
        sent = Movement(sender, -points, taken, points)
        self.gifts[key] = (sent, Movement(receiver, points, received, points))

    def undo_gift(self, key: str, *, owe: bool, on: date) -> None:
        """Take a gift back from the receiver and return it to the lots it came from."""
        if key not in self.gifts:
            raise Refused
        sent, received = self.gifts.pop(key)
        back = self._take_from_award(received, received.amount, owe=owe)
        self._give_back(sent, back, on=on)

    def expire(self, *, on: date) -> None:
        """Empty the lots whose last day is over."""
        for who in self.members.values():
            for lot in who.lots.values():
                if lot.expires_on < on:
                    who.expired += lot.remaining
                    lot.remaining = 0

    def _lot(self, member: int, expires_on: date, source: str) -> Lot:
        lots = self.members[member].lots
        for lot in lots.values():
            if (lot.expires_on, lot.source) == (expires_on, source):
                return lot
        born = next(self._born)
        lots[born] = Lot(born, expires_on, source)
        return lots[born]

    def _take(self, member: int, points: int, *, usable_on: date) -> dict[int, int]:
        lots = sorted(self.members[member].lots.values(), key=lambda lot: (lot.expires_on, lot.born))
        usable = [lot for lot in lots if lot.expires_on >= usable_on]
        if sum(lot.remaining for lot in usable) < points:
            raise Refused
        return self._drain(usable, points)

    def _take_from_award(self, award: Movement, points: int, *, owe: bool) -> int:
        """Return how much was taken or is owed."""
        who = self.members[award.member]
        taken = min(points, who.balance)
        lots = sorted(who.lots.values(), key=lambda lot: (lot.expires_on, lot.born))
        preferred = [who.lots[born] for born in award.shares]
        self._drain(preferred + [lot for lot in lots if lot.born not in award.shares], taken)
        owed = points - taken if owe else 0
        who.debt += owed
        return taken + owed

    @staticmethod
    def _drain(lots: list[Lot], points: int) -> dict[int, int]:
        shares = {}
        for lot in lots:
            share = min(lot.remaining, points)
            if share:
                lot.remaining -= share
                points -= share
                shares[lot.born] = -share
        return shares

    def _give_back(self, paid: Movement, points: int, *, on: date) -> None:
        who = self.members[paid.member]
        paid.left -= points
        for lot in sorted((who.lots[born] for born in paid.shares), key=lambda lot: (lot.expires_on, lot.born))[::-1]:
            share = min(-paid.shares[lot.born], points)
            paid.shares[lot.born] += share
            points -= share
            if share:
                home = lot if lot.expires_on >= on else self._lot(paid.member, on + timedelta(GRACE_DAYS), lot.source)
                home.remaining += share

    def _waiting(self, member: int, key: str) -> Promise | None:
        promise = self.promises.get((member, key))
        return promise if promise and promise.waiting else None
