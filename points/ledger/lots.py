"""How points go into lots and out of them. The callers hold the account's lock.

Earning, spending and expiring lots is hot or set-based, and done in points/sql/. A share is {lot id: points}, positive
for what goes in, negative for what goes out; an entry keeps its shares.
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from django.db.models import F

from points.models import Entry, LedgerPolicy, Lot

Shares = dict[int, int]


def columns(shares: Mapping[int, int]) -> dict[str, list[int]]:
    """Return the shares as the two columns of an entry."""
    return {"lot_ids": list(shares), "lot_points": list(shares.values())}


def put(*, member_id: int, expires_on: date, source: str, points: int) -> int:
    """Add points to the lot of this day and source, and return its id."""
    lot, _created = Lot.objects.get_or_create(
        member_id=member_id, expires_on=expires_on, source=source, defaults={"is_open": False}
    )
    Lot.objects.filter(pk=lot.pk).update(granted=F("granted") + points, remaining=F("remaining") + points, is_open=True)
    return lot.pk


def take(
    *, member_id: int, points: int, counter: str, first: Iterable[int] = (), usable_on: date | None = None
) -> Shares:
    """Take points out of the member's lots: out of `first`, in their order, then out of those that expire first.

    `counter` is the lot's column that says where they went ("spent", "taken_back"). Lots whose last day is before
    `usable_on` are left alone. What the lots do not hold is not taken; the caller compares.
    """
    open_lots = Lot.objects.filter(member_id=member_id, is_open=True)
    if usable_on is not None:
        open_lots = open_lots.filter(expires_on__gte=usable_on)
    preferred = {lot_id: number for number, lot_id in enumerate(first)}
    shares: Shares = {}
    in_order = sorted(open_lots.order_by("expires_on", "id"), key=lambda lot: preferred.get(lot.pk, len(preferred)))
    for lot in in_order:
        share = min(lot.remaining, points)
        if share == 0:
            break
        lot.remaining -= share
        setattr(lot, counter, getattr(lot, counter) + share)
        lot.is_open = lot.remaining > 0
        lot.save(update_fields=["remaining", counter, "is_open"])
        shares[lot.pk] = -share
        points -= share
    return shares


def give_back(paid: Entry, *, already_given: int, points: int, on: date) -> Shares:
    """Return points to the lots that paid the entry, the last to expire first.

    `already_given` is what was returned to them before. What comes back to a lot that has expired meanwhile goes to
    one that lives for the policy's days of grace.
    """
    paid_by = dict(zip(paid.lot_ids, paid.lot_points, strict=True))
    shares: Shares = {}
    skip = already_given
    for lot in Lot.objects.filter(member_id=paid.member_id, pk__in=paid_by).order_by("-expires_on", "-id"):
        taken = -paid_by[lot.pk]
        room = taken - min(skip, taken)
        skip -= taken - room
        share = min(room, points)
        if share == 0:
            continue
        lot_id = _return_to(lot, points=share, on=on)
        shares[lot_id] = shares.get(lot_id, 0) + share
        points -= share
    return shares


def _return_to(lot: Lot, *, points: int, on: date) -> int:
    if lot.expires_on < on:
        grace = on + timedelta(days=LedgerPolicy.objects.get().grace_days)
        lot, _created = Lot.objects.get_or_create(
            member_id=lot.member_id, expires_on=grace, source=lot.source, defaults={"is_open": False}
        )
    Lot.objects.filter(pk=lot.pk).update(
        remaining=F("remaining") + points, returned=F("returned") + points, is_open=True
    )
    return lot.pk
