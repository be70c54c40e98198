"""Purchases: paid, completed, refunded, as a partner reports them."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from core.business_time import business_day, end_of_month, now
from growth.models import EarnRule, Order
from members.models import Member
from members.services.growth import add_growth
from points.models import Entry, Lot
from points.services import release
from tests.partner_client import PartnerClient, event
from tests.points.book import account, faults, spend


@pytest.fixture
def shop(db: None) -> PartnerClient:
    return PartnerClient()


def paid(member: Member, order_no: str, amount_fen: int, **more: object) -> dict[str, object]:
    return event("order_paid", member.no, order_no=order_no, amount_fen=amount_fen, **more)  # type: ignore[arg-type]


def completed(member: Member, order_no: str) -> dict[str, object]:
    return event("order_completed", member.no, order_no=order_no)


def refunded(member: Member, order_no: str, refund_no: str, refund_fen: int) -> dict[str, object]:
    return event("order_refunded", member.no, order_no=order_no, refund_no=refund_no, refund_fen=refund_fen)


@pytest.mark.parametrize(
    ("amount_fen", "points"),
    [(1, 0), (49, 0), (50, 1), (2933, 58), (2973, 59), (9999, 199), (10000, 220), (12800, 276), (10**9, 20_000_020)],
)
def test_two_points_per_yuan_rounded_down_and_twenty_from_a_hundred(
    shop: PartnerClient, alice: Member, amount_fen: int, points: int
) -> None:
    result = shop.report_one(paid(alice, "o1", amount_fen))

    assert result.get("award", {}).get("points", 0) == points
    assert result["status"] == ("pending" if points else "none")


def test_a_paid_order_waits_and_the_answer_says_until_when_and_why(shop: PartnerClient, alice: Member) -> None:
    result = shop.report_one(paid(alice, "o1", 12_800))

    award = result["award"]
    assert (award["points"], award["pending"]) == (276, True)
    assert award["available_at"]
    assert [(line["step"], line["points"]) for line in award["breakdown"][0]["lines"]] == [("base", 256), ("bonus", 20)]
    assert (account(alice.pk).pending, account(alice.pk).balance) == (276, 0)
    alice.refresh_from_db()
    assert alice.growth_value == 0
    assert faults() == []


def test_completion_releases_the_points_and_raises_the_tier(shop: PartnerClient, alice: Member) -> None:
    shop.report_one(paid(alice, "o1", 50_000))

    result = shop.report_one(completed(alice, "o1"))

    assert (result["status"], result["award"]["points"]) == ("awarded", 1020)
    assert (account(alice.pk).pending, account(alice.pk).balance) == (0, 1020)
    alice.refresh_from_db()
    assert (alice.growth_value, alice.tier.code) == (1020, "silver")
    assert Lot.objects.get().expires_on == end_of_month(business_day(now()), months_later=12)
    assert shop.report_one(completed(alice, "o1"))["status"] == "none"
    assert faults() == []


def test_without_completion_the_job_releases_after_seven_days(shop: PartnerClient, alice: Member) -> None:
    shop.report_one(paid(alice, "o1", 10_000))

    assert release.release_due(at=now() + timedelta(days=6, hours=23)) == 0
    assert release.release_due(at=now() + timedelta(days=7)) == 1
    assert release.release_due(at=now() + timedelta(days=7)) == 0

    assert account(alice.pk).balance == 220
    alice.refresh_from_db()
    assert alice.growth_value == 220


def test_the_tier_multiplies_the_base_and_not_the_bonus(shop: PartnerClient, alice: Member) -> None:
    add_growth(member_id=alice.pk, points=1_000, reason="test", at=now())

    award = shop.report_one(paid(alice, "o1", 12_850))["award"]

    # floor(257 x 1.1) + 20
    assert award["points"] == 282 + 20
    steps = [(line["step"], line["points"]) for line in award["breakdown"][0]["lines"]]
    assert steps == [("base", 257), ("tier", 25), ("bonus", 20)]


def test_a_refund_before_completion_lowers_what_waits(shop: PartnerClient, alice: Member) -> None:
    shop.report_one(paid(alice, "o1", 10_000))

    result = shop.report_one(refunded(alice, "o1", "r1", 5_000))

    assert result == {"event_id": result["event_id"], "status": "none", "award": {"points": -110}}
    assert account(alice.pk).pending == 110
    assert shop.report_one(completed(alice, "o1"))["award"]["points"] == 110
    assert faults() == []


def test_refunds_take_back_in_proportion_and_all_together_exactly_all(shop: PartnerClient, alice: Member) -> None:
    shop.report(paid(alice, "o1", 9_999), completed(alice, "o1"))
    assert account(alice.pk).balance == 199

    taken = [shop.report_one(refunded(alice, "o1", f"r{n}", 3_333))["award"]["points"] for n in range(3)]

    assert sum(taken) == -199
    assert account(alice.pk).balance == 0
    alice.refresh_from_db()
    assert alice.growth_value == 0
    assert faults() == []


def test_a_refund_of_spent_points_is_owed(shop: PartnerClient, alice: Member) -> None:
    shop.report(paid(alice, "o1", 10_000), completed(alice, "o1"))
    spend(alice.pk, 200, key="s")

    shop.report_one(refunded(alice, "o1", "r1", 10_000))

    assert (account(alice.pk).balance, account(alice.pk).debt) == (0, 200)
    assert faults() == []


def test_a_refund_follows_the_rule_of_the_day_it_was_awarded(shop: PartnerClient, alice: Member) -> None:
    shop.report(paid(alice, "o1", 10_000), completed(alice, "o1"))
    EarnRule.objects.filter(code="purchase").update(points=100, take_back="pending_only")

    shop.report_one(refunded(alice, "o1", "r1", 10_000))

    assert account(alice.pk).balance == 0


def test_more_than_was_paid_cannot_be_refunded(shop: PartnerClient, alice: Member) -> None:
    shop.report(paid(alice, "o1", 10_000), refunded(alice, "o1", "r1", 6_000))

    result = shop.report_one(refunded(alice, "o1", "r2", 4_001))

    assert (result["status"], result["code"]) == ("error", "refund_exceeds_order")
    assert account(alice.pk).pending == 220 - 132
    assert faults() == []


def test_one_refund_takes_back_once_even_under_another_event_id(shop: PartnerClient, alice: Member) -> None:
    shop.report(paid(alice, "o1", 10_000), refunded(alice, "o1", "r1", 1_000))

    result = shop.report_one(refunded(alice, "o1", "r1", 1_000))

    assert (result["status"], result["code"]) == ("error", "refund_exists")
    assert Order.objects.get().refunded_fen == 1_000


def test_one_order_is_awarded_once_even_under_another_event_id(shop: PartnerClient, alice: Member) -> None:
    shop.report_one(paid(alice, "o1", 10_000))

    result = shop.report_one(paid(alice, "o1", 10_000))

    assert (result["status"], result["code"]) == ("error", "order_exists")
    assert account(alice.pk).pending == 220


def test_two_partners_may_use_the_same_order_number(shop: PartnerClient, alice: Member) -> None:
    other = PartnerClient(code="other shop")

    assert shop.report_one(paid(alice, "o1", 100))["status"] == "pending"
    assert other.report_one(paid(alice, "o1", 100))["status"] == "pending"


@pytest.mark.parametrize("behaviour", ["order_completed", "order_refunded"])
def test_an_order_of_somebody_else_is_not_found(
    shop: PartnerClient, alice: Member, bob: Member, behaviour: str
) -> None:
    shop.report_one(paid(alice, "o1", 10_000))
    make: dict[str, Callable[[], dict[str, object]]] = {
        "order_completed": lambda: completed(bob, "o1"),
        "order_refunded": lambda: refunded(bob, "o1", "r1", 100),
    }

    result = shop.report_one(make[behaviour]())

    assert (result["status"], result["code"]) == ("error", "order_not_found")
    assert account(alice.pk).pending == 220


def test_history_counts_and_expires_from_the_day_of_purchase_at_the_plain_rate(alice: Member) -> None:
    archive = PartnerClient(code="archive", history=True)
    add_growth(member_id=alice.pk, points=1_000, reason="test", at=now())
    long_ago = now() - timedelta(days=700)

    archive.report(
        paid(alice, "o1", 12_800, at=long_ago),
        event("order_completed", alice.no, at=long_ago, order_no="o1"),
    )

    entry = Entry.objects.get(member_id=alice.pk)
    assert (entry.amount, entry.occurred_at) == (276, long_ago)
    assert Lot.objects.get().expires_on == end_of_month(business_day(long_ago), months_later=12)
    assert faults() == []
