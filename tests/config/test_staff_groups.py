"""What each group of staff may do, as the table says and as admin acts on it."""

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command
from django.test import Client

from config import groups
from config.groups import GROUPS, sync_groups
from core.business_time import now
from members.models import Member
from members.services.addresses import add_address
from tests.factories import new_goods_item

EVERYBODY = set(GROUPS)
MAY = [
    ("members.view_member", EVERYBODY),
    ("points.view_entry", EVERYBODY),
    ("growth.view_order", EVERYBODY),
    ("mall.view_redemption", EVERYBODY),
    ("growth.change_earnrule", {"ops"}),
    ("members.change_tier", {"ops"}),
    ("mall.add_item", {"ops"}),
    ("mall.change_item", {"ops"}),
    ("mall.import_codes", {"ops"}),
    ("mall.set_stock", {"ops"}),
    ("mall.ship_redemption", {"ops"}),
    ("mall.cancel_redemption", {"ops", "support"}),
    ("points.view_audit", {"finance"}),
    ("points.view_ledgerpolicy", {"finance"}),
    ("points.close_day", {"finance"}),
    ("points.view_dayclose", {"finance"}),
    ("points.change_financepolicy", {"finance"}),
    ("points.change_sourceclass", {"finance", "ops"}),
    ("members.freeze_member", {"risk"}),
    ("members.view_device", {"risk"}),
    ("members.view_session", {"risk"}),
    ("members.view_personal_data", {"risk", "support"}),
    ("core.view_outboxjob", {"ops"}),
    ("core.view_chainrun", {"ops", "finance"}),
    ("core.resume_chainrun", {"ops"}),
    ("mall.view_code_text", set()),
    ("members.add_partnerkey", set()),
    ("points.change_ledgerpolicy", set()),
    ("points.view_transfer", EVERYBODY),
    ("points.view_adjustment", EVERYBODY),
    ("points.add_adjustment", {"ops"}),
    ("points.approve_adjustment", {"finance"}),
    ("points.reverse_transfer", {"risk"}),
    ("points.decide_hold", {"risk"}),
    ("auth.change_user", set()),
]
# Rows that only services write, whoever asks.
BOOKS = {
    "account",
    "entry",
    "lot",
    "hold",
    "bookday",
    "dayclose",
    "audit",
    "auditfinding",
    "redemption",
    "order",
    "checkin",
}


@pytest.fixture
def staff(db: None) -> dict[str, User]:
    """Return one user per group."""
    sync_groups()
    users = {}
    for name in GROUPS:
        users[name] = User.objects.create_user(name, is_staff=True)
        users[name].groups.add(Group.objects.get(name=name))
    return users


@pytest.mark.parametrize(("permission", "who"), MAY, ids=[permission for permission, _ in MAY])
def test_a_right_belongs_to_these_groups_and_no_others(permission: str, who: set[str], staff: dict[str, User]) -> None:
    assert {name for name, user in staff.items() if user.has_perm(permission)} == who


def test_nobody_may_edit_the_books(staff: dict[str, User]) -> None:
    forbidden = {
        label
        for user in staff.values()
        for label in user.get_all_permissions()
        for verb, _, model in [label.split(".")[1].partition("_")]
        if verb in {"add", "change", "delete"} and model in BOOKS
    }

    assert forbidden == set()


def test_finance_reads_and_does_little_else(staff: dict[str, User]) -> None:
    labels = staff["finance"].get_all_permissions()

    assert {label for label in labels if not label.split(".")[1].startswith("view_")} == {
        "points.close_day",
        "points.approve_adjustment",
        "points.change_financepolicy",
        "points.add_sourceclass",
        "points.change_sourceclass",
    }


@pytest.mark.parametrize(
    ("name", "page", "status"),
    [
        ("ops", "growth/earnrule/add/", 200),
        ("finance", "growth/earnrule/add/", 403),
        ("ops", "mall/item/add/", 200),
        ("support", "mall/item/add/", 403),
        ("finance", "points/audit/", 200),
        ("support", "points/audit/", 403),
        ("support", "points/entry/", 200),
        ("ops", "points/entry/add/", 403),
        ("risk", "members/member/", 200),
        ("risk", "members/partner/", 403),
        ("ops", "auth/user/", 403),
    ],
)
def test_admin_opens_only_what_the_group_may_see(
    name: str, page: str, status: int, staff: dict[str, User], client: Client
) -> None:
    client.force_login(staff[name])

    assert client.get(f"/admin/{page}").status_code == status


def test_only_ops_reach_the_stock_of_goods(staff: dict[str, User], client: Client) -> None:
    item = new_goods_item(stock=3)
    answers = {}
    for name, user in staff.items():
        client.force_login(user)
        answers[name] = client.get(f"/admin/mall/item/{item.pk}/add-stock/").status_code

    assert answers == {"ops": 200, "finance": 403, "risk": 403, "support": 403}


def test_personal_data_shows_to_risk_and_support_only(staff: dict[str, User], client: Client, alice: Member) -> None:
    facts = {"recipient": "Alice", "phone": "13912345678", "region": "Hangzhou", "detail": "1 West Lake"}
    add_address(member_id=alice.pk, facts=facts, at=now())
    shown = set()
    for name, user in staff.items():
        client.force_login(user)
        page = client.get(f"/admin/members/member/{alice.pk}/change/").content.decode()
        if "13912345678" in page:
            shown.add(name)

    assert shown == {"risk", "support"}


def test_syncing_again_changes_nothing(staff: dict[str, User]) -> None:
    before = {group.name: set(group.permissions.values_list("pk", flat=True)) for group in Group.objects.all()}

    sync_groups()

    after = {group.name: set(group.permissions.values_list("pk", flat=True)) for group in Group.objects.all()}
    assert after == before
    assert set(after) == EVERYBODY


def test_a_right_that_is_not_in_the_table_is_taken_away(staff: dict[str, User]) -> None:
    staff["ops"].groups.get().permissions.set([])
    finance = Group.objects.get(name="finance")
    finance.permissions.add(*Group.objects.get(name="risk").permissions.all())

    sync_groups()

    assert not User.objects.get(username="finance").has_perm("members.freeze_member")
    assert User.objects.get(username="ops").has_perm("mall.ship_redemption")


def test_an_unknown_permission_stops_the_command_and_changes_nothing(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(groups.GROUPS, "ops", (*GROUPS["ops"], "mall.fly_to_the_moon"))

    with pytest.raises(CommandError, match=r"mall\.fly_to_the_moon"):
        call_command("sync_staff_groups")

    assert not Group.objects.exists()
