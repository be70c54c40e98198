"""Days of the book: what belongs to a day, that it adds up and ties out, and that a closed one never changes."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, connection, transaction

from core.business_time import start_of_day
from members.models import Member
from points.ledger import movements, transfers
from points.models import NEVER, BookDay, DayClose, Entry, FinancePolicy, SourceClass
from points.selectors import finance
from points.services import closing, expiry
from tests.points.book import earn, hold, refund, spend, take_back
from tests.points.days import DAY1, DAY2, DAY3, booked_at, groups, moved, noon

MARCH_2025 = date(2025, 3, 31)
APRIL_2025 = date(2025, 4, 30)
LATE = noon(DAY3 + timedelta(days=30))
PURCHASE = "award:order_paid"


@pytest.fixture
def lead(db: None) -> User:
    return User.objects.create_user("lead", is_staff=True)


def prepare_until(last: date) -> list[date]:
    """Prepare the days up to `last` as the night after it would."""
    return closing.prepare_days(at=start_of_day(last + timedelta(days=1)) + timedelta(hours=1))


def day(on: date) -> DayClose:
    return DayClose.objects.get(on=on)


def run(statement: str, *values: Any) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)


def give_away(sender: Member, receiver: Member, points: int, key: str) -> None:
    with transaction.atomic():
        transfers.transfer(
            from_member_id=sender.pk, to_member_id=receiver.pk, points=points, key=key, source="", titles=("", ""),
            at=noon(DAY2),
        )  # fmt: skip


def take_gift_back(sender: Member, receiver: Member, key: str, policy: str) -> None:
    with transaction.atomic():
        transfers.reverse(
            from_member_id=sender.pk, to_member_id=receiver.pk, transfer_key=key, key=f"{key}:reversed", policy=policy,
            titles=("", ""), at=noon(DAY2),
        )  # fmt: skip


def adjust(member: Member, points: int, key: str) -> None:
    with transaction.atomic():
        movements.adjust(
            member_id=member.pk, points=points, key=key, source="adjustment:goodwill", title="", expires_on=MARCH_2025,
            at=noon(DAY2),
        )  # fmt: skip


# --- what a day is made of ---------------------------------------------------------------------------------------


def test_every_movement_has_its_column_and_every_day_ties_out(alice: Member, bob: Member) -> None:
    with booked_at(noon(DAY1)) as at:
        earn(alice.pk, 100, key="a", on=MARCH_2025, by=PURCHASE, at=at)
        earn(alice.pk, 40, key="b", on=DAY1, at=at)
        hold(alice.pk, 70, key="h", release_at=None)
    with booked_at(noon(DAY2)) as at:
        expiry.expire_due(at=at)
        spend(alice.pk, 30, key="s", at=at)
        refund(alice.pk, "s", key="r", points=10, at=at)
        give_away(alice, bob, 20, "t")
        adjust(bob, 7, "plus")
        adjust(bob, -2, "minus")
        take_back(alice.pk, "a", 90, key="back")
        earn(alice.pk, 50, key="c", on=APRIL_2025, by=PURCHASE, at=at)

    assert prepare_until(DAY2) == [DAY1, DAY2]

    assert moved(DAY1) == {"awarded": 140, "closing": 140}
    assert moved(DAY2) == {
        "opening": 140,
        "awarded": 50,
        "spent": -30,
        "refunded": 10,
        "expired": -40,
        "taken_back": -60,
        "repaid": -30,
        "transferred_out": -20,
        "transferred_in": 20,
        "adjusted": 5,
        "closing": 45,
    }
    # The gift kept its source, and is still deferred revenue.
    assert groups(DAY2)[PURCHASE, "2025-03"] + groups(DAY2)["adjustment", "2025-03"] == 25
    assert (day(DAY1).pending, day(DAY2).debt, day(DAY1).debt) == (70, 0, 0)
    assert day(DAY1).ties_out
    assert day(DAY2).ties_out


def test_debt_is_shown_apart(alice: Member) -> None:
    with booked_at(noon(DAY1)) as at:
        earn(alice.pk, 100, key="a", on=MARCH_2025, at=at)
        spend(alice.pk, 80, key="s", at=at)
        take_back(alice.pk, "a", 100, key="back")
    with booked_at(noon(DAY2)) as at:
        earn(alice.pk, 30, key="b", on=MARCH_2025, at=at)

    prepare_until(DAY2)

    assert [(day(on).closing, day(on).debt, day(on).ties_out) for on in (DAY1, DAY2)] == [(0, 80, True), (0, 50, True)]


@pytest.mark.parametrize(("policy", "closing_points", "debt"), [("owe", 100, 40), ("within_balance", 60, 0)])
def test_a_transfer_taken_back_is_neither_refund_nor_take_back(
    policy: str, closing_points: int, debt: int, alice: Member, bob: Member
) -> None:
    with booked_at(noon(DAY1)) as at:
        earn(alice.pk, 100, key="a", on=MARCH_2025, at=at)
        earn(bob.pk, 20, key="b", on=DAY2, at=at)
    with booked_at(noon(DAY2)) as at:
        give_away(alice, bob, 60, "t")
        spend(bob.pk, 40, key="s", at=at)
        spend(bob.pk, 20, key="s2", at=at)
        take_gift_back(alice, bob, "t", policy)

    prepare_until(DAY2)

    found = moved(DAY2)
    assert "refunded" not in found
    assert "taken_back" not in found
    assert (found["closing"], day(DAY2).debt, day(DAY2).ties_out) == (closing_points, debt, True)


def test_what_comes_back_to_an_expired_lot_counts_in_the_month_it_lives_on(alice: Member) -> None:
    with booked_at(noon(DAY1)) as at:
        earn(alice.pk, 100, key="a", on=DAY1, at=at)
        spend(alice.pk, 60, key="s", at=at)
    with booked_at(noon(DAY2)) as at:
        expiry.expire_due(at=at)
        refund(alice.pk, "s", key="r", at=at)

    prepare_until(DAY2)

    assert moved(DAY2) == {"opening": 40, "expired": -40, "refunded": 60, "closing": 60}
    assert groups(DAY2) == {("award:test", "2024-03"): 0, ("award:test", "2024-04"): 60}


def test_a_late_report_belongs_to_the_day_it_was_booked(alice: Member) -> None:
    with booked_at(noon(DAY1)) as at:
        earn(alice.pk, 10, key="a", on=MARCH_2025, at=at)
    with booked_at(noon(DAY2)):
        earn(alice.pk, 90, key="late", on=MARCH_2025, at=noon(DAY1))

    prepare_until(DAY2)

    assert (moved(DAY1)["awarded"], moved(DAY2)["awarded"]) == (10, 90)


def test_a_day_ends_at_midnight_in_shanghai(alice: Member) -> None:
    midnight = start_of_day(DAY2)
    for points, moment in [(1, midnight - timedelta(microseconds=1)), (20, midnight), (300, start_of_day(DAY3))]:
        with booked_at(moment):
            earn(alice.pk, points, key=f"{points}", on=MARCH_2025, at=moment)

    prepare_until(DAY3)

    assert [moved(on)["awarded"] for on in (DAY1, DAY2, DAY3)] == [1, 20, 300]


def test_rows_booked_a_little_out_of_order_are_all_found(alice: Member) -> None:
    midnight = start_of_day(DAY2)
    for number, seconds in enumerate([-3000, 5, -900, -2, 3, -1800, 60]):
        with booked_at(midnight + timedelta(seconds=seconds)) as at:
            earn(alice.pk, 10**number, key=str(number), on=MARCH_2025, at=at)

    prepare_until(DAY2)

    assert (moved(DAY1)["awarded"], moved(DAY2)["awarded"]) == (101101, 1010010)
    assert day(DAY2).ties_out


def test_days_without_movements_are_days_and_exhausted_groups_go(alice: Member) -> None:
    with booked_at(noon(DAY1)) as at:
        earn(alice.pk, 10, key="a", on=NEVER, at=at)
        earn(alice.pk, 10, key="b", on=MARCH_2025, at=at)
        spend(alice.pk, 10, key="s", at=at)

    assert prepare_until(DAY3) == [DAY1, DAY2, DAY3]

    assert moved(DAY3) == {"opening": 10, "closing": 10}
    assert groups(DAY1) == {("award:test", "9999-12"): 10, ("award:test", "2025-03"): 0}
    assert groups(DAY2) == {("award:test", "9999-12"): 10}


def test_an_empty_ledger_has_no_days(db: None) -> None:
    assert closing.prepare_days(at=LATE) == []


# --- deferred revenue and marketing ------------------------------------------------------------------------------


def test_the_longest_prefix_decides_and_unknown_sources_are_marketing(alice: Member) -> None:
    SourceClass.objects.all().delete()
    SourceClass.objects.create(prefix="award:order", pool="deferred")
    SourceClass.objects.create(prefix="award:order_share", pool="marketing")
    with booked_at(noon(DAY1)) as at:
        for number, source in enumerate(["award:order_paid", "award:order_share", "award:x", "award:orde"]):
            earn(alice.pk, 10**number, key=source, on=MARCH_2025, by=source, at=at)

    prepare_until(DAY1)

    assert {row.source: (row.pool, row.classified) for row in BookDay.objects.all()} == {
        "award:order_paid": ("deferred", True),
        "award:order_share": ("marketing", True),
        "award:x": ("marketing", False),
        "award:orde": ("marketing", False),
    }
    assert (day(DAY1).deferred, day(DAY1).marketing) == (1, 1110)


def test_a_day_keeps_the_classes_and_estimates_it_was_prepared_with(alice: Member, lead: User) -> None:
    with booked_at(noon(DAY1)) as at:
        earn(alice.pk, 1_000, key="a", on=MARCH_2025, by=PURCHASE, at=at)
    prepare_until(DAY1)
    closing.close_day(on=DAY1, staff_id=lead.pk, at=LATE)
    SourceClass.objects.filter(prefix="award:order").update(pool="marketing")
    FinancePolicy.objects.update(point_fen="2.5", redemption_rate="0.5")

    prepare_until(DAY2)

    first, second = (finance.liability_of(day(on))[0] for on in (DAY1, DAY2))
    assert (first.pool, first.fen, first.expected_fen) == ("deferred", 1_000, 900)
    assert (second.pool, second.fen, second.expected_fen) == ("marketing", 2_500, 1_250)


# --- when a day is prepared --------------------------------------------------------------------------------------


def test_a_day_that_is_not_over_is_not_prepared(alice: Member) -> None:
    with booked_at(noon(DAY1)) as at:
        earn(alice.pk, 10, key="a", on=MARCH_2025, at=at)
    end = start_of_day(DAY2)

    assert closing.prepare_days(at=end) == []
    assert closing.prepare_days(at=end + closing.SETTLE - timedelta(seconds=1)) == []
    assert closing.prepare_days(at=end + closing.SETTLE) == [DAY1]


def test_the_clock_of_the_database_counts_too(alice: Member) -> None:
    earn(alice.pk, 10, key="a")

    # Our own clock is a month ahead of the one that entries are booked by.
    booked = Entry.objects.get().created_at
    assert closing.prepare_days(at=booked + timedelta(days=30)) == []


def test_a_run_that_dies_between_days_is_gone_on_with(alice: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    with booked_at(noon(DAY1)) as at:
        earn(alice.pk, 10, key="a", on=MARCH_2025, at=at)
    keep = closing.closing.keep_groups

    def dies_on_day2(on: date) -> None:
        keep(on)
        if on == DAY2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(closing.closing, "keep_groups", dies_on_day2)
        with pytest.raises(KeyboardInterrupt):
            prepare_until(DAY3)
    assert not BookDay.objects.filter(on=DAY2).exists()

    assert prepare_until(DAY3) == [DAY2, DAY3]
    assert prepare_until(DAY3) == []
    assert moved(DAY3) == {"opening": 10, "closing": 10}


# --- closing -----------------------------------------------------------------------------------------------------


@pytest.fixture
def three_days(alice: Member) -> Member:
    with booked_at(noon(DAY1)) as at:
        earn(alice.pk, 100, key="a", on=MARCH_2025, at=at)
    with booked_at(noon(DAY2)) as at:
        spend(alice.pk, 30, key="s", at=at)
    prepare_until(DAY3)
    return alice


def test_days_are_closed_in_their_order(three_days: Member, lead: User) -> None:
    with pytest.raises(closing.EarlierDayOpen):
        closing.close_day(on=DAY2, staff_id=lead.pk, at=LATE)

    closed = closing.close_day(on=DAY1, staff_id=lead.pk, at=LATE)
    assert (closed.closed_by, closed.closed_at) == (lead, LATE)
    closing.close_day(on=DAY2, staff_id=lead.pk, at=LATE)

    with pytest.raises(closing.DayClosed):
        closing.close_day(on=DAY1, staff_id=lead.pk, at=LATE)
    with pytest.raises(closing.DayNotPrepared):
        closing.close_day(on=DAY3 + timedelta(days=1), staff_id=lead.pk, at=LATE)


SABOTAGE: dict[str, tuple[str, int]] = {
    "account": ("UPDATE points_account SET balance = balance + 1", 0),
    "lot": ("UPDATE points_lot SET remaining = remaining + 1, granted = granted + 1", 1),
    "lot moved to another month": ("UPDATE points_lot SET expires_on = '2026-01-01'", 2),
    "late entry": (
        (
            "INSERT INTO points_entry (member_id, kind, amount, debt_change, balance_after, counterparty, source,"
            " title, key, lot_ids, lot_points, occurred_at, created_at)"
            " SELECT member_id, kind, 5, 0, 0, counterparty, source, title, 'late', lot_ids, '{5}', occurred_at,"
            " created_at"
            " FROM points_entry WHERE kind = 'award'"
        ),
        1,
    ),
}


@pytest.mark.parametrize("name", SABOTAGE)
def test_a_day_that_differs_is_found_and_cannot_be_closed(name: str, three_days: Member, lead: User) -> None:
    statement, differences = SABOTAGE[name]
    run(statement)

    with pytest.raises(closing.DayDiffers):
        closing.close_day(on=DAY1, staff_id=lead.pk, at=LATE)

    assert not day(DAY1).ties_out
    assert day(DAY1).differences == differences
    with pytest.raises(DatabaseError, match="day_close_only_when_it_ties_out"), transaction.atomic():
        run('UPDATE points_dayclose SET closed_at = now(), closed_by_id = %s WHERE "on" = %s', lead.pk, DAY1)


def test_an_open_day_can_be_prepared_again(three_days: Member, lead: User) -> None:
    closing.close_day(on=DAY1, staff_id=lead.pk, at=LATE)
    with booked_at(noon(DAY2)) as at:
        earn(three_days.pk, 5, key="late", on=MARCH_2025, at=at)
    with pytest.raises(closing.DayDiffers):
        closing.close_day(on=DAY2, staff_id=lead.pk, at=LATE)

    assert closing.prepare_again(on=DAY2, at=start_of_day(DAY3) + timedelta(days=1, hours=1)) == [DAY2, DAY3]

    assert moved(DAY2) == {"opening": 100, "awarded": 5, "spent": -30, "closing": 75}
    assert closing.close_day(on=DAY2, staff_id=lead.pk, at=LATE).ties_out
    with pytest.raises(closing.DayClosed):
        closing.prepare_again(on=DAY2, at=LATE)


CHANGES = [
    'UPDATE points_dayclose SET closed_at = NULL, closed_by_id = NULL WHERE "on" = %s',
    'UPDATE points_dayclose SET pending = pending + 1 WHERE "on" = %s',
    'DELETE FROM points_dayclose WHERE "on" = %s',
    'DELETE FROM points_bookday WHERE "on" = %s',
    "UPDATE points_bookday SET source = source || 'x' WHERE \"on\" = %s",
    (
        'INSERT INTO points_bookday ("on", source, expires_month, pool, classified, opening, awarded, spent, refunded,'
        " expired, taken_back, repaid, transferred_out, transferred_in, adjusted, closing)"
        " VALUES (%s, 'x', '2025-01-01', 'marketing', true, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)"
    ),
]
OPEN_DAYS_TOO = "UPDATE points_bookday"


@pytest.mark.parametrize("statement", CHANGES)
def test_a_closed_day_cannot_be_changed_in_the_database(statement: str, three_days: Member, lead: User) -> None:
    closing.close_day(on=DAY1, staff_id=lead.pk, at=LATE)

    with pytest.raises(DatabaseError, match="pgtrigger"), transaction.atomic():
        run(statement, DAY1)


@pytest.mark.parametrize("statement", [one for one in CHANGES if not one.startswith(OPEN_DAYS_TOO)])
def test_control_an_open_day_can(statement: str, three_days: Member) -> None:
    run(statement, DAY1)


@pytest.mark.parametrize("table", ["points_bookday", "points_dayclose"])
def test_a_day_that_does_not_add_up_cannot_be_written(table: str, three_days: Member) -> None:
    run("ALTER TABLE points_bookday DISABLE TRIGGER USER")

    with pytest.raises(DatabaseError, match="adds_up"), transaction.atomic():
        run(f"UPDATE {table} SET spent = spent - 1")


# --- the figures of the day --------------------------------------------------------------------------------------


def test_cohorts_follow_points_to_their_end(alice: Member) -> None:
    with booked_at(noon(DAY1)) as at:
        earn(alice.pk, 1_000, key="a", on=date(2024, 3, 31), by=PURCHASE, at=at)
        spend(alice.pk, 750, key="s", at=at)
    after = date(2024, 4, 1)
    with booked_at(noon(after)) as at:
        expiry.expire_due(at=at)
        earn(alice.pk, 40, key="b", on=APRIL_2025, at=at)
    prepare_until(after)

    before_end, final = finance.cohorts(on=DAY1)[0], finance.cohorts(on=after)[0]
    assert (before_end.granted, before_end.spent, before_end.remaining, before_end.is_final) == (1_000, 750, 250, False)
    assert (final.expired, str(final.breakage), final.is_final) == (250, "0.25", True)
    assert (final.earned_from, final.earned_until) == (DAY1, DAY1)
    assert [one.expires_month for one in finance.cohorts(on=after, pool="marketing")] == [date(2025, 4, 1)]


def test_the_contract_liability_is_recognised_with_redemption_and_gone_with_the_last_point(alice: Member) -> None:
    with booked_at(noon(DAY1)) as at:
        earn(alice.pk, 10_000, key="a", on=date(2024, 3, 31), by=PURCHASE, at=at)
        spend(alice.pk, 4_500, key="s", at=at)
        earn(alice.pk, 500, key="free", on=APRIL_2025, at=at)
    after = date(2024, 4, 1)
    with booked_at(noon(after)) as at:
        expiry.expire_due(at=at)
    prepare_until(after)
    figures = {"fen_per_point": Decimal(10), "point_fen": Decimal(1), "redemption_rate": Decimal("0.95")}

    first, last = finance.contract(on=DAY1, **figures), finance.contract(on=after, **figures)

    # The handbook's purchase: 100,000 for goods with 10,000 points of 1.
    assert (first.price_fen, first.allocated, first.recognised) == (100_000, 8_676, 4_110)
    assert (last.allocated, last.recognised, last.liability) == (8_676, 8_676, 0)


def test_the_running_day_is_shown_but_not_kept(alice: Member) -> None:
    earn(alice.pk, 100, key="a", on=MARCH_2025)
    at = Entry.objects.get().created_at

    total = finance.total(finance.running_day(at=at), on=DAY1)

    assert (total.awarded, total.closing, total.marketing) == (100, 100, 100)
    assert not BookDay.objects.exists()
