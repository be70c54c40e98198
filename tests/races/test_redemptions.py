"""Redemptions that meet. Each guard has a control: the same scenario without it, in which the harm must show.

If a control fails, the scenario above it proves nothing.
"""

import itertools
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from core import idempotency, jobs
from core.business_time import now
from core.errors import DomainError
from mall import selectors
from mall.models import NEXT, CouponCode, Item, Redemption, RedemptionStatus
from mall.services import cancel as cancelling
from mall.services import codes, deliver, fulfil, stock
from mall.services import redeem as redeeming
from mall.services.cancel import cancel_by_staff
from members.models import Member
from points import audit
from points.ledger import accounts, movements
from tests.factories import give_points, new_coupon_item, new_goods_item, new_member
from tests.mall.steps import balance, cancel, new_address, redeem
from tests.races.together import at_once, without_constraint

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]
Api = Callable[[Member], APIClient]

# Long enough for every thread to have read before the first one writes.
PAUSE = 0.2
MANY = 32
PAIRS = 16


def statuses(answers: list[Any]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


def books_are_right() -> bool:
    return audit.check().findings == []


# --- one member, many taps, points for three ---------------------------------------------------------------------


def tap_with_points_for_three(member: Member, api: Api) -> Counter[int]:
    item = new_coupon_item(codes=MANY, price_points=100)
    give_points(member.pk, 350)
    client = api(member)
    return statuses(at_once([partial(redeem, client, item) for _tap in range(MANY)]))


def test_points_for_three_buy_exactly_three(alice: Member, api: Api) -> None:
    assert tap_with_points_for_three(alice, api) == {201: 3, 402: MANY - 3}

    assert balance(api(alice)) == 50
    assert Redemption.objects.count() == 3
    assert books_are_right()


def test_control_a_balance_checked_before_it_is_written_buys_more(
    alice: Member, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spend(*, member_id: int, points: int, **_facts: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT balance FROM points_account WHERE member_id = %s", [member_id])
            (seen,) = cursor.fetchone()
            if seen < points:
                raise accounts.InsufficientPoints(detail={"missing_points": points - seen})
            time.sleep(PAUSE)
            cursor.execute("UPDATE points_account SET balance = %s WHERE member_id = %s", [seen - points, member_id])

    monkeypatch.setattr(movements, "spend", spend)

    assert tap_with_points_for_three(alice, api)[201] > 3
    assert not books_are_right()


# --- two hundred buyers, stock for fifty ---------------------------------------------------------------------------


def sell_to_two_hundred(item: Item, api: Api) -> Counter[int]:
    clients = []
    for _buyer in range(200):
        member = new_member()
        give_points(member.pk, 100)
        clients.append(api(member))

    def buy(share: list[APIClient]) -> list[Any]:
        return [redeem(client, item) for client in share]

    shares = [clients[start::MANY] for start in range(MANY)]
    answers = at_once([partial(buy, share) for share in shares])
    return statuses(list(itertools.chain.from_iterable(answers)))


def test_two_hundred_buyers_get_a_stock_of_fifty(db: None, api: Api) -> None:
    item = new_coupon_item(codes=50)

    assert sell_to_two_hundred(item, api) == {201: 50, 409: 150}

    item.refresh_from_db()
    assert (item.stock_left, item.stock_sold) == (0, 50)
    assert books_are_right()
    jobs.run_open_jobs(at=now())
    assert CouponCode.objects.filter(status="assigned").values("redemption").distinct().count() == 50
    assert books_are_right()


def test_control_a_stock_checked_before_it_is_written_is_oversold(
    db: None, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def take(*, item_id: int, quantity: int) -> bool:
        left, sold = Item.objects.values_list("stock_left", "stock_sold").get(pk=item_id)
        if left < quantity:
            return False
        time.sleep(PAUSE)
        Item.objects.filter(pk=item_id).update(stock_left=left - quantity, stock_sold=sold + quantity)
        return True

    monkeypatch.setattr(stock, "take", take)
    item = new_coupon_item(codes=50)

    assert sell_to_two_hundred(item, api)[201] > 50
    assert not books_are_right()


# --- twenty taps with one key --------------------------------------------------------------------------------------


def tap_until_answered(client: APIClient, item: Item) -> Any:
    """Tap as a client would that does not get its answer: with the same key, after as long as it is told to wait."""
    while True:
        answer = redeem(client, item, key="one-tap")
        if answer.json().get("code") != "request_in_progress":
            return answer
        time.sleep(int(answer.headers["Retry-After"]))


def tap_twenty_times_with_one_key(member: Member, api: Api) -> list[Any]:
    item = new_coupon_item(codes=20)
    give_points(member.pk, 2000)
    client = api(member)
    return at_once([partial(tap_until_answered, client, item) for _tap in range(20)])


def test_one_key_redeems_once_and_answers_the_same_twenty_times(alice: Member, api: Api) -> None:
    answers = tap_twenty_times_with_one_key(alice, api)

    assert {(answer.status_code, answer.content) for answer in answers} == {(201, answers[0].content)}
    assert Redemption.objects.count() == 1
    assert balance(api(alice)) == 1900
    assert books_are_right()


@pytest.fixture
def no_stored_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    for guard in ("_claim", "_first_answer", "_keep"):
        monkeypatch.setattr(idempotency, guard, lambda **_facts: None)


@pytest.mark.usefixtures("no_stored_answers")
def test_without_stored_answers_the_key_on_the_row_still_redeems_once(alice: Member, api: Api) -> None:
    assert statuses(tap_twenty_times_with_one_key(alice, api)) == {201: 1, 409: 19}
    assert Redemption.objects.count() == 1


@pytest.mark.usefixtures("no_stored_answers")
def test_control_without_answers_and_key_twenty_taps_redeem_twenty_times(
    alice: Member, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        redeeming, "PLACE", redeeming.PLACE.replace("ON CONFLICT (member_id, request_key) DO NOTHING", "")
    )
    with without_constraint("mall_redemption", "redemption_once_per_request"):
        assert statuses(tap_twenty_times_with_one_key(alice, api)) == {201: 20}
        assert Redemption.objects.count() == 20


# --- the limit per member ------------------------------------------------------------------------------------------


def tap_against_a_limit_of_two(member: Member, api: Api) -> Counter[int]:
    item = new_coupon_item(codes=MANY, per_member_limit=2)
    give_points(member.pk, 100 * MANY)
    client = api(member)
    return statuses(at_once([partial(redeem, client, item) for _tap in range(MANY)]))


def test_a_limit_of_two_holds_under_parallel_taps(alice: Member, api: Api) -> None:
    assert tap_against_a_limit_of_two(alice, api) == {201: 2, 409: MANY - 2}
    assert balance(api(alice)) == 100 * (MANY - 2)
    assert books_are_right()


def test_control_a_limit_counted_without_the_accounts_lock_is_passed(
    alice: Member, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = selectors.redeemed

    def redeemed(**facts: Any) -> int:
        found = count(**facts)
        time.sleep(PAUSE)
        return found

    monkeypatch.setattr(movements, "spend", lambda **_facts: None)
    monkeypatch.setattr(selectors, "redeemed", redeemed)

    assert tap_against_a_limit_of_two(alice, api)[201] > 2


# --- cancel against fulfil, ship and itself ------------------------------------------------------------------------


def naive_move(*, redemption_id: int, to: RedemptionStatus, by: str, at: datetime, because: str = "") -> bool:
    """A change of state as it is often written: look, then write."""
    old = RedemptionStatus(Redemption.objects.values_list("status", flat=True).get(pk=redemption_id))
    time.sleep(PAUSE)
    if to not in NEXT[old]:
        return False
    Redemption.objects.filter(pk=redemption_id).update(status=to)
    return True


@pytest.fixture
def no_compare_and_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (cancelling, deliver, fulfil):
        monkeypatch.setattr(module, "move", naive_move)


def cancel_while_codes_are_handed_out(member: Member, api: Api) -> Counter[int]:
    item = new_coupon_item(codes=PAIRS)
    give_points(member.pk, 100 * PAIRS)
    client = api(member)
    numbers = [redeem(client, item).json()["no"] for _redemption in range(PAIRS)]
    hand_out = [
        partial(fulfil.fulfil, redemption_id=one.pk, at=now()) for one in Redemption.objects.filter(member=member)
    ]
    call_off = [partial(cancel, client, no) for no in numbers]
    answers = at_once([call for pair in zip(call_off, hand_out, strict=True) for call in pair])
    return statuses(answers[::2])


def test_a_redemption_is_either_cancelled_or_has_its_code(alice: Member, api: Api) -> None:
    cancelled = cancel_while_codes_are_handed_out(alice, api)[200]

    assert Redemption.objects.filter(status="cancelled").count() == cancelled
    assert Redemption.objects.filter(status="completed").count() == PAIRS - cancelled
    assert balance(api(alice)) == 100 * cancelled
    assert books_are_right()


@pytest.mark.usefixtures("no_compare_and_set")
def test_control_looking_before_moving_gives_both_code_and_points(alice: Member, api: Api) -> None:
    cancelled = cancel_while_codes_are_handed_out(alice, api)[200]

    assert CouponCode.objects.filter(status="assigned").count() + cancelled > PAIRS
    assert not books_are_right()


def cancel_while_goods_are_shipped(member: Member, api: Api) -> tuple[int, int]:
    item = new_goods_item(stock=PAIRS)
    give_points(member.pk, 500 * PAIRS)
    client = api(member)
    address_id = new_address(client)
    numbers = [redeem(client, item, address_id=address_id).json()["no"] for _redemption in range(PAIRS)]
    jobs.run_open_jobs(at=now())

    def ship(no: str) -> int:
        redemption_id = Redemption.objects.get(no=no).pk
        try:
            deliver.ship(redemption_id=redemption_id, carrier="SF", tracking_no=no, by="wang", at=now())
        except deliver.NotShippable:
            return 0
        return 1

    def call_off(no: str) -> int:
        return int(cancel(client, no).status_code == 200)

    done = at_once([partial(call, no) for no in numbers for call in (call_off, ship)])
    return sum(done[::2]), sum(done[1::2])


def test_goods_are_either_shipped_or_given_back(alice: Member, api: Api) -> None:
    cancelled, shipped = cancel_while_goods_are_shipped(alice, api)

    assert cancelled + shipped == PAIRS
    assert Redemption.objects.filter(status="cancelled").count() == cancelled
    assert balance(api(alice)) == 500 * cancelled
    assert books_are_right()


@pytest.mark.usefixtures("no_compare_and_set")
def test_control_looking_before_moving_ships_what_was_given_back(alice: Member, api: Api) -> None:
    cancelled, shipped = cancel_while_goods_are_shipped(alice, api)

    assert cancelled + shipped > PAIRS


def cancel_sixteen_times(member: Member, api: Api) -> Counter[int]:
    item = new_coupon_item(codes=PAIRS + 1)
    give_points(member.pk, 100 * (PAIRS + 1))
    client = api(member)
    no = redeem(client, item).json()["no"]
    # Sold to others, so that stock given back twice is not stopped by there being none to give back.
    redeem(client, item, quantity=PAIRS)
    staff = partial(cancel_by_staff, redemption_id=Redemption.objects.get(no=no).pk, because="x", by="wang", at=now())

    def by_staff() -> int:
        try:
            staff()
        except DomainError as error:
            return error.status
        return 200

    by_member = [partial(cancel, client, no) for _tap in range(PAIRS - 1)]
    *answers, last = at_once([*by_member, by_staff])
    return statuses(answers) + Counter([last])


def test_cancelling_at_once_gives_back_once(alice: Member, api: Api) -> None:
    assert cancel_sixteen_times(alice, api) == {200: 1, 409: PAIRS - 1}

    assert balance(api(alice)) == 100
    assert books_are_right()


@pytest.mark.usefixtures("no_compare_and_set")
def test_control_looking_before_moving_gives_back_again_and_again(alice: Member, api: Api) -> None:
    assert cancel_sixteen_times(alice, api)[200] > 1
    assert not books_are_right()


# --- stock that moves while it is sold -----------------------------------------------------------------------------


def test_imports_voids_sales_and_cancellations_that_meet_leave_the_books_right(alice: Member, api: Api) -> None:
    item = new_coupon_item(codes=[f"FIRST-{number:02}" for number in range(20)])
    give_points(alice.pk, 10_000)
    client = api(alice)
    placed = [redeem(client, item).json()["no"] for _redemption in range(8)]
    waiting = list(Redemption.objects.values_list("pk", flat=True))
    free = list(CouponCode.objects.order_by("-id").values_list("pk", flat=True)[:8])
    fresh = [f"SECOND-{number:02}" for number in range(8)]

    def void(code_id: int) -> None:
        try:
            codes.void_code(code_id=code_id)
        except (codes.CodeNotFree, codes.CodePromised):
            return

    at_once(
        [
            *(partial(redeem, client, item) for _tap in range(8)),
            *(partial(cancel, client, no) for no in placed[:4]),
            *(partial(fulfil.fulfil, redemption_id=one, at=now()) for one in waiting),
            *(partial(void, code_id) for code_id in free),
            *(partial(codes.import_codes, item_id=item.pk, rows=rows, at=now()) for rows in (fresh, fresh[::-1])),
        ]
    )

    assert books_are_right()
    jobs.run_open_jobs(at=now())
    assert books_are_right()
    assert CouponCode.objects.filter(code__startswith="SECOND").count() == 8
    assert not Redemption.objects.filter(status="paid").exists()
