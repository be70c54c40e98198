"""The mall's audit: clean books pass, and each rule is broken once and found."""

from collections.abc import Callable

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from mall.models import Redemption
from mall.selectors import stock_faults
from mall.services.cancel import cancel
from mall.services.redeem import Wish, redeem
from mall.tasks import audit
from members.models import Member
from tests.factories import give_points, new_coupon_item
from tests.points.book import NOON

SABOTAGE = {
    "I5 sold = redeemed and not cancelled": "UPDATE mall_item SET stock_sold = stock_sold + 1,"
    " stock_total = stock_total + 1",
    "I5 left = free codes - promised": "UPDATE mall_item SET stock_left = stock_left + 1,"
    " stock_total = stock_total + 1",
    "a completed coupon redemption has its codes, any other none": "UPDATE mall_couponcode SET redemption_id = NULL,"
    " status = 'void', assigned_at = NULL WHERE redemption_id IS NOT NULL",
    "I6 paid once": "UPDATE mall_redemption SET points = points + 1",
    "I6 belongs to a redemption": """
        INSERT INTO points_entry (member_id, kind, amount, debt_change, balance_after, counterparty, source, title, key,
            occurred_at)
        SELECT member_id, 'spend', -1, 0, 0, 'mall', 'redemption:none', '', 'redemption:0', now() FROM points_account
    """,
    "I6 given back once": "UPDATE mall_redemption SET status = 'cancelled' WHERE status = 'completed'",
}


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


def test_a_mall_that_adds_up_passes(busy_mall: Member, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("audit_mall")

    assert "Mall clean" in capsys.readouterr().out
    assert Redemption.objects.count() == 3


@pytest.mark.parametrize("rule", SABOTAGE)
def test_what_does_not_add_up_is_found_and_named(
    busy_mall: Member, rule: str, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(SABOTAGE[rule])

    assert rule in {fault.rule for fault in stock_faults()}
    with pytest.raises(CommandError):
        call_command("audit_mall")
    assert rule in capsys.readouterr().out
    audit()
    assert "mall_audit_found_faults" in caplog.text
