"""The mall's audit: clean books pass, and each rule is broken once and found."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

import mall
from mall.models import Redemption
from mall.services.cancel import cancel
from mall.services.redeem import Wish, redeem
from members.models import Member
from points import audit
from tests.factories import give_points, new_coupon_item
from tests.points.book import NOON, faults

SABOTAGE = [
    ("i05_sold_is_redeemed", "UPDATE mall_item SET stock_sold = stock_sold + 1, stock_total = stock_total + 1"),
    ("i05_left_is_free_codes", "UPDATE mall_item SET stock_left = stock_left + 1, stock_total = stock_total + 1"),
    (
        "x5_coupons_have_their_codes",
        """
        UPDATE mall_couponcode SET redemption_id = NULL, status = 'void', assigned_at = NULL
        WHERE redemption_id IS NOT NULL
        """,
    ),
    ("i06_redemptions_are_paid_once", "UPDATE mall_redemption SET points = points + 1"),
    (
        "i06_redemptions_are_paid_once",
        """
        INSERT INTO points_entry (member_id, kind, amount, debt_change, balance_after, counterparty, source, title, key,
            lot_ids, lot_points, occurred_at)
        SELECT member_id, 'spend', -1, 0, 0, 'mall', 'redemption:none', '', 'redemption:0', '{}', '{}', now()
        FROM points_account
        """,
    ),
    (
        "i06_redemptions_are_paid_once",
        "UPDATE mall_redemption SET status = 'cancelled' WHERE status = 'completed'",
    ),
]


@pytest.fixture
def busy_mall(alice: Member, run_jobs: Callable[[], int]) -> Member:
    """A mall with a redemption fulfilled, one promised and one cancelled."""
    give_points(alice.pk, 5_000)
    coupon = new_coupon_item(codes=["a", "b", "c"], price_points=100)
    redeem(wish=Wish(member_id=alice.pk, item_id=coupon.pk, request_key="1"), at=NOON)
    run_jobs()
    redeem(wish=Wish(member_id=alice.pk, item_id=coupon.pk, request_key="2"), at=NOON)
    third = redeem(wish=Wish(member_id=alice.pk, item_id=coupon.pk, request_key="3"), at=NOON)
    cancel(member_id=alice.pk, no=third["no"], at=NOON)
    return alice


def test_a_mall_that_adds_up_passes(busy_mall: Member) -> None:
    assert faults() == []
    assert Redemption.objects.count() == 3


@pytest.mark.parametrize(("invariant", "sabotage"), SABOTAGE)
def test_what_does_not_add_up_is_found_and_named(
    busy_mall: Member, invariant: str, sabotage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(sabotage)

    assert invariant in {fault.split()[0] for fault in faults()}
    with pytest.raises(CommandError):
        call_command("audit_ledger")
    assert invariant in capsys.readouterr().out


def test_every_invariant_of_the_mall_is_broken_by_some_sabotage() -> None:
    of_the_mall = {path.stem for path in (Path(mall.__file__).parent / "sql" / "audit").glob("*.sql")}

    assert {invariant for invariant, _sabotage in SABOTAGE} == of_the_mall
    assert of_the_mall <= set(audit.invariants())
