"""How points return to lots and are taken back out of them. Part of the ledger: its callers hold the account's lock.

Earning, spending and expiring lots is hot or set-based, and done in points/sql/.
"""

from datetime import date, timedelta

from django.db.models import F

from points.models import Consumption, Entry, LedgerPolicy, Lot


def return_points(member_id: int, paid: Entry, *, already_given: int, points: int, on: date) -> dict[int, int]:
    """Return spent points to the lots that paid, the last to expire first; {lot id: points} says which got how much.

    `already_given` is what earlier refunds of the same entry returned. What comes back to a lot that has expired goes
    to one that lives for the policy's days of grace.
    """
    returns: dict[int, int] = {}
    consumed = Consumption.objects.filter(member_id=member_id, entry=paid).select_related("lot")
    skip = already_given
    for consumption in consumed.order_by("-lot__expires_on", "-lot_id"):
        room = consumption.points - min(skip, consumption.points)
        skip -= consumption.points - room
        share = min(room, points)
        if share == 0:
            continue
        lot_id = _return_to_lot(consumption.lot, points=share, on=on)
        returns[lot_id] = returns.get(lot_id, 0) + share
        points -= share
    return returns


def take_back(entry: Entry, *, first_lot_id: int | None, points: int) -> None:
    """Take points out of the member's lots for the entry: the award's own lot first, then the first to expire."""
    open_lots = list(Lot.objects.filter(member_id=entry.member_id, is_open=True).order_by("expires_on", "id"))
    open_lots.sort(key=lambda lot: lot.pk != first_lot_id)  # stable, so the others keep their order
    for lot in open_lots:
        share = min(lot.remaining, points)
        if share == 0:
            return
        lot.remaining -= share
        lot.taken_back += share
        lot.is_open = lot.remaining > 0
        lot.save(update_fields=["remaining", "taken_back", "is_open"])
        Consumption.objects.create(member_id=entry.member_id, entry=entry, lot=lot, points=share)
        points -= share


def _return_to_lot(lot: Lot, *, points: int, on: date) -> int:
    if lot.expires_on < on:
        grace = on + timedelta(days=LedgerPolicy.objects.get().grace_days)
        lot, _created = Lot.objects.get_or_create(
            member_id=lot.member_id, expires_on=grace, source=lot.source, defaults={"is_open": False}
        )
    Lot.objects.filter(pk=lot.pk).update(
        remaining=F("remaining") + points, returned=F("returned") + points, is_open=True
    )
    return lot.pk
