"""Short forms of the ledger's movements, so that a test shows only what it is about."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

from django.db import transaction

from points import audit
from points.ledger import holds, movements, take_backs
from points.models import Account, Lot

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)  # noon in Shanghai
TODAY = date(2026, 11, 22)
SOON = date(2026, 11, 30)
LATER = date(2027, 11, 30)


def earn(member_id: int, points: int, *, key: str, on: date = LATER, by: str = "award:test", **more: Any) -> Any:
    """Credit points that expire on a day."""
    facts = {"source": "rule:test", "title": "test", "breakdown": None, "at": NOON} | more
    with transaction.atomic():
        return movements.earn(member_id=member_id, points=points, key=key, counterparty=by, expires_on=on, **facts)


def spend(member_id: int, points: int, *, key: str, at: datetime = NOON) -> Any:
    """Debit points for the mall."""
    with transaction.atomic():
        return movements.spend(
            member_id=member_id, points=points, key=key, counterparty="mall", source=key, title="", at=at
        )


def refund(member_id: int, spend_key: str, *, key: str, points: int | None = None, at: datetime = NOON) -> Any:
    """Give back what a spend took."""
    with transaction.atomic():
        return movements.refund(member_id=member_id, spend_key=spend_key, key=key, title="", points=points, at=at)


def hold(member_id: int, points: int, *, key: str, release_at: datetime | None = NOON, on: date = LATER) -> int:
    """Promise points."""
    with transaction.atomic():
        return holds.hold(
            member_id=member_id,
            points=points,
            key=key,
            counterparty="award:test",
            source="rule:test",
            title="test",
            breakdown=None,
            expires_on=on,
            release_at=release_at,
            at=NOON,
        )


def take_back(member_id: int, award_key: str, points: int, *, key: str, policy: str = "owe") -> take_backs.TakenBack:
    """Take back an award or part of it."""
    with transaction.atomic():
        return take_backs.take_back(
            member_id=member_id, award_key=award_key, points=points, key=key, policy=policy, title="", at=NOON
        )


def lots(member_id: int) -> list[tuple[date, int]]:
    """Return (expiry day, remaining) of every lot, first to expire first."""
    rows = Lot.objects.filter(member_id=member_id).order_by("expires_on", "id")
    return list(rows.values_list("expires_on", "remaining"))


def account(member_id: int) -> Account:
    """Return the account as it is now."""
    return Account.objects.get(pk=member_id)


def faults() -> list[str]:
    """Return what the audit finds, as "invariant subject"."""
    return [f"{finding.invariant} {finding.subject}" for finding in audit.check().findings]


@contextmanager
def nothing_changes(member_id: int) -> Iterator[None]:
    """Assert that a refused movement leaves account and lots as they were."""
    before = (list(Account.objects.filter(pk=member_id).values()), lots(member_id))
    yield
    assert (list(Account.objects.filter(pk=member_id).values()), lots(member_id)) == before
