"""The day's figures: right, quick, and only for those who may see them."""

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from config.groups import sync_groups
from core.business_time import business_day, now, start_of_day
from core.models import ChainRun, ChainStep, OutboxJob, SetAside
from growth.models import CheckIn
from growth.services.check_in import check_in
from insights import dashboard, selectors
from mall.services.cancel import cancel
from mall.services.redeem import Wish, redeem
from members.models import Member
from members.services.addresses import add_address
from points.services.audits import run_audit
from tests.factories import give_points, new_coupon_item, new_goods_item, new_member
from tests.points.gifts import ask

HOME = {"recipient": "Alice", "phone": "13912345678", "region": "Hangzhou", "detail": "1 West Lake"}


def redeem_goods(member: Member, *, key: str, item_id: int) -> str:
    address = add_address(member_id=member.pk, facts=HOME, at=now())
    wish = Wish(member_id=member.pk, item_id=item_id, request_key=key, address_id=address.pk)
    return str(redeem(wish=wish, at=now())["no"])


def page_of(user: User) -> dict[str, Any]:
    """Return what the dashboard adds to the index for this user."""
    request = RequestFactory().get("/admin/")
    request.user = user
    return dashboard.figures(request, {})


def cards_of(user: User) -> dict[str, dashboard.Card]:
    """Return the cards by their icon, which does not depend on the language."""
    return {card.icon: card for section in page_of(user)["sections"] for card in section.cards}


@pytest.fixture
def boss(db: None) -> User:
    return User.objects.create_superuser("boss")


def test_the_figures_are_those_of_today(boss: User, alice: Member, bob: Member, run_jobs: Callable[[], int]) -> None:
    call_command("load_programme", "ecommerce")
    mug = new_goods_item(stock=10)
    new_coupon_item(codes=3)
    give_points(alice.pk, 1_800)
    check_in(member_id=alice.pk, at=now())
    redeem_goods(alice, key="kept", item_id=mug.pk)
    cancel(member_id=alice.pk, no=redeem_goods(alice, key="cancelled", item_id=mug.pk), at=now())
    run_jobs()
    run_audit(at=now())
    OutboxJob.objects.create(name="mall.fulfil", failed_at=now())
    ask(alice, 5_000, boss, at=now())

    cards = cards_of(boss)

    assert {icon: card.value for icon, card in cards.items() if icon not in {"verified", "bedtime"}} == {
        "local_shipping": 1,
        "approval": 1,
        "sync_problem": 1,
        "group": 2,
        "event_available": 1,
        "trending_up": 1_810,
        "redeem": 1_000,
        "timer_off": 0,
        "account_balance_wallet": 1_310,
        "hourglass_top": 0,
    }
    assert (cards["local_shipping"].tone, cards["sync_problem"].tone, cards["verified"].tone) == (
        "warning", "danger", "good"
    )  # fmt: skip
    assert "500" in str(cards["redeem"].hint)
    assert [(row["item"].kind, row["item"].left) for row in page_of(boss)["low_items"]] == [("coupon", 3)]


def test_a_finding_of_the_audit_shows_as_danger(boss: User, alice: Member) -> None:
    give_points(alice.pk, 100)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE points_account SET balance = balance + 1")
    audit = run_audit(at=now())

    card = cards_of(boss)["verified"]

    assert (card.value, card.tone) == (audit.findings_total, "danger")
    assert str(audit.pk) in card.link


MIDNIGHT = start_of_day(date(2026, 11, 23))


@pytest.mark.parametrize(
    ("on", "is_finished", "hours", "tone"),
    [
        (23, True, 9, "good"),
        (22, True, 1, "good"),  # tonight's has not had its time yet
        (22, True, 3, "danger"),
        (23, False, 1, "plain"),
        (23, False, 3, "danger"),
    ],
)
def test_the_last_night_shows_as_what_it_was(boss: User, on: int, is_finished: bool, hours: int, tone: str) -> None:
    finished_at = MIDNIGHT if is_finished else None
    ChainRun.objects.create(name="nightly", on=date(2026, 11, 1), finished_at=MIDNIGHT)
    run = ChainRun.objects.create(name="nightly", on=date(2026, 11, on), finished_at=finished_at)

    [card] = dashboard._night(MIDNIGHT + timedelta(hours=hours))

    assert card.tone == tone
    assert str(run.pk) in card.link


def test_rows_set_aside_show_until_they_are_done(boss: User) -> None:
    run = ChainRun.objects.create(name="nightly", on=date(2026, 11, 23), finished_at=MIDNIGHT)
    step = ChainStep.objects.create(run=run, position=1, name="expire")
    SetAside.objects.create(step=step, subject_id=1, error="RuntimeError")

    [card] = dashboard._night(MIDNIGHT + timedelta(hours=3))
    assert (card.tone, "1" in card.shown) == ("warning", True)

    SetAside.objects.update(settled_at=now())
    assert dashboard._night(MIDNIGHT + timedelta(hours=3))[0].tone == "good"


def test_a_member_of_staff_sees_only_what_they_may_open(db: None) -> None:
    user = User.objects.create_user("half", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_checkin"))

    assert set(cards_of(user)) == {"event_available"}
    assert page_of(user)["low_items"] is None


@pytest.mark.parametrize("group", ["ops", "finance", "risk", "support"])
def test_every_figure_leads_to_a_list_that_opens(group: str, db: None, client: Client) -> None:
    sync_groups()
    user = User.objects.create_user(group, is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    client.force_login(user)

    links = [card.link for card in cards_of(user).values()]

    assert len(links) >= 8
    assert client.get("/admin/").status_code == 200
    assert {link: client.get(link).status_code for link in links} == dict.fromkeys(links, 200)


def test_staff_without_any_right_get_a_page_all_the_same(db: None, client: Client) -> None:
    client.force_login(User.objects.create_user("new", is_staff=True))

    assert client.get("/admin/").status_code == 200


def test_the_number_of_queries_does_not_grow(boss: User, alice: Member) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page_of(boss)
        return len(captured)

    few = queries()
    mug = new_goods_item(stock=3)
    for number in range(5):
        give_points(alice.pk, 500)
        new_member(f"Member {number}")
    redeem_goods(alice, key="one", item_id=mug.pk)

    assert queries() == few <= 10


@pytest.mark.parametrize("seed", range(8))
def test_the_first_row_of_the_day_is_found_among_gaps(seed: int, alice: Member) -> None:
    chance = random.Random(seed)
    on = date(2026, 5, 20)
    at, pk, expected = datetime(2026, 5, 1, tzinfo=UTC), 0, 0
    rows = []
    for _row in range(chance.randint(0, 60)):
        at += timedelta(minutes=chance.randint(1, 3_000))
        pk += chance.choice([1, 1, 1, 7, 500])
        day = business_day(at)
        rows.append(CheckIn(pk=pk, member_id=1_000 + pk, on=day, streak=1, award={}, created_at=at))
        expected += day == on
    CheckIn.objects.bulk_create(rows)

    assert selectors.check_ins(on=on) == expected


def test_a_row_booked_a_moment_out_of_order_counts(alice: Member) -> None:
    on = date(2026, 5, 20)
    midnight = start_of_day(on)
    for pk, seconds in [(1, -100), (2, 5), (3, -3), (4, 9)]:
        at = midnight + timedelta(seconds=seconds)
        CheckIn.objects.create(pk=pk, member_id=pk, on=business_day(at), streak=1, award={}, created_at=at)

    assert selectors.check_ins(on=on) == 2
