"""Adjustments, transfers and pending points in admin: who may do what, and what a page says before and after."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from config.groups import sync_groups
from members.models import Member
from members.services.accounts import close_account
from points.models import Adjustment, Hold, HoldChange, LedgerPolicy, Transfer
from tests.points.book import NOON, account, earn, faults, hold, spend
from tests.points.gifts import ask, gift, policy

ADJUSTMENTS = "/admin/points/adjustment/"


def client_of(name: str, *groups: str) -> Client:
    user = User.objects.create_user(name, is_staff=True)
    user.groups.set(Group.objects.filter(name__in=groups))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture(autouse=True)
def _groups(db: None) -> None:
    sync_groups()


@pytest.fixture
def ops() -> Client:
    return client_of("ops", "ops")


@pytest.fixture
def finance() -> Client:
    return client_of("finance", "finance")


@pytest.fixture
def risk() -> Client:
    return client_of("risk", "risk")


def filled(page: Any, **facts: Any) -> dict[str, Any]:
    """Return what a browser would send: the form as it stands in the page, with `facts` filled in."""
    form = page.context["form"]
    values = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in (values | facts).items() if value not in {None, False}}


def send(client: Client, member: Member, points: int, **facts: Any) -> Any:
    """Fill the form in, look at what will happen, and send it."""
    page = client.get(ADJUSTMENTS + "add/")
    told = client.post(
        ADJUSTMENTS + "add/", filled(page, member=member.pk, points=points, reason="goodwill", note="case 17", **facts)
    )
    return client.post(ADJUSTMENTS + "add/", filled(told), follow=True)


def said(page: Any) -> list[tuple[str, str]]:
    return [(message.level_tag, str(message)) for message in page.context["messages"]]


def buttons(page: Any) -> set[str]:
    return set(re.findall(r'href="[^"]*/(approve|reject|withdraw|take-back|release|cancel)/?"', page.content.decode()))


# --- adjustments -------------------------------------------------------------------------------------------------


def test_a_small_adjustment_is_booked_at_once(ops: Client, alice: Member) -> None:
    page = send(ops, alice, 300, title="客服补偿", counts_for_growth="on")

    made = Adjustment.objects.get()
    assert page.redirect_chain == [(f"{ADJUSTMENTS}{made.pk}/change/", 302)]
    assert (made.status, made.title, made.requested_by.username) == ("booked", "客服补偿", "ops")
    assert account(alice.pk).balance == 300
    alice.refresh_from_db()
    assert alice.growth_value == 300
    assert faults() == []


def test_the_page_says_what_will_happen_and_does_nothing_before_it_is_confirmed(ops: Client, alice: Member) -> None:
    earn(alice.pk, 120, key="a")
    page = ops.get(ADJUSTMENTS + "add/")
    facts: dict[str, Any] = {"member": alice.pk, "reason": "goodwill", "note": "case 17"}

    small = ops.post(ADJUSTMENTS + "add/", filled(page, points=300, **facts))
    large = ops.post(ADJUSTMENTS + "add/", filled(page, points=1_001, **facts))
    short = ops.post(ADJUSTMENTS + "add/", filled(page, points=-121, **facts))

    def shown(told: Any) -> list[str]:
        return [str(value) for _name, value in told.context["facts"]]

    assert small.context["summary"] != large.context["summary"]
    assert shown(small)[1:4] == ["+300", "120", "420"]
    assert shown(large)[1:4] == ["+1,001", "120", "1,121"]
    assert not shown(short)[3].lstrip("-").isdigit()
    assert not Adjustment.objects.exists()


def test_what_was_confirmed_is_what_is_done(ops: Client, alice: Member) -> None:
    page = ops.get(ADJUSTMENTS + "add/")
    told = ops.post(ADJUSTMENTS + "add/", filled(page, member=alice.pk, points=30, reason="goodwill", note="case 17"))

    changed = ops.post(ADJUSTMENTS + "add/", filled(told, points=900))

    assert changed.status_code == 200
    assert not Adjustment.objects.exists()


def test_a_double_click_is_one_request(ops: Client, alice: Member) -> None:
    page = ops.get(ADJUSTMENTS + "add/")
    told = ops.post(ADJUSTMENTS + "add/", filled(page, member=alice.pk, points=30, reason="goodwill", note="case 17"))

    first = ops.post(ADJUSTMENTS + "add/", filled(told))
    second = ops.post(ADJUSTMENTS + "add/", filled(told))

    assert (first.status_code, second.status_code, second.url) == (302, 302, first.url)
    assert Adjustment.objects.count() == 1
    assert account(alice.pk).balance == 30


def test_refusals_are_said_and_what_was_typed_is_kept(ops: Client, alice: Member) -> None:
    page = send(ops, alice, -50)

    assert page.status_code == 200
    assert page.context["form"].non_field_errors()
    assert page.context["form"]["note"].value() == "case 17"
    assert not Adjustment.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [{"points": 0}, {"points": "x"}, {"note": ""}, {"member": 0}, {"expires_on": "2020-01-01"}, {"reason": "-"}],
)
def test_a_form_that_is_wrong_is_shown_again(ops: Client, alice: Member, wrong: dict[str, Any]) -> None:
    page = ops.get(ADJUSTMENTS + "add/")
    facts: dict[str, Any] = {"member": alice.pk, "points": 5, "reason": "goodwill", "note": "case 17"}

    answer = ops.post(ADJUSTMENTS + "add/", filled(page, **facts | wrong))

    assert list(answer.context["form"].errors) == list(wrong)


def test_the_requester_has_no_button_and_a_forged_click_is_refused(alice: Member) -> None:
    both = client_of("both", "ops", "finance")
    send(both, alice, 2_000)
    waiting = Adjustment.objects.get()
    address = f"{ADJUSTMENTS}{waiting.pk}/"

    assert buttons(both.get(f"{address}change/")) == {"withdraw"}
    assert both.get(f"{address}approve/").status_code == 403
    assert both.post(f"{address}approve/", {"note": ""}).status_code == 403
    waiting.refresh_from_db()
    assert waiting.status == "waiting"
    assert account(alice.pk).balance == 0


def test_even_who_may_do_everything_does_not_approve_their_own(alice: Member) -> None:
    boss = User.objects.create_superuser("boss")
    client = Client()
    client.force_login(boss)
    waiting = ask(alice, 2_000, boss)

    assert buttons(client.get(f"{ADJUSTMENTS}{waiting.pk}/change/")) == {"withdraw"}
    assert client.post(f"{ADJUSTMENTS}{waiting.pk}/approve/", {"note": ""}).status_code == 403
    waiting.refresh_from_db()
    assert waiting.status == "waiting"


def test_a_second_person_approves(ops: Client, finance: Client, alice: Member) -> None:
    send(ops, alice, 2_000)
    waiting = Adjustment.objects.get()
    address = f"{ADJUSTMENTS}{waiting.pk}/"

    assert buttons(finance.get(f"{address}change/")) == {"approve", "reject"}
    page = finance.post(f"{address}approve/", {"note": "checked"}, follow=True)

    assert said(page)[0][0] == "success"
    assert buttons(page) == set()
    waiting.refresh_from_db()
    assert (waiting.status, waiting.decided_by.username, waiting.decision_note) == ("booked", "finance", "checked")  # type: ignore[union-attr]
    assert account(alice.pk).balance == 2_000


def test_rejecting_and_withdrawing(ops: Client, finance: Client, alice: Member, bob: Member) -> None:
    send(ops, alice, 2_000)
    send(ops, bob, 2_000)
    first, second = Adjustment.objects.order_by("id")

    finance.post(f"{ADJUSTMENTS}{first.pk}/reject/", {"note": "no receipt"})
    ops.post(f"{ADJUSTMENTS}{second.pk}/withdraw/", {"note": ""})

    assert list(Adjustment.objects.order_by("id").values_list("status", flat=True)) == ["rejected", "withdrawn"]


def test_an_approval_that_cannot_be_booked_says_why_and_waits_on(ops: Client, finance: Client, alice: Member) -> None:
    waiting = ask(alice, -2_000, User.objects.get(username="ops"))

    page = finance.post(f"{ADJUSTMENTS}{waiting.pk}/approve/", {"note": ""}, follow=True)

    assert said(page)[0][0] == "error"
    assert buttons(page) == {"approve", "reject"}


@pytest.mark.parametrize("group", ["finance", "risk", "support"])
def test_only_ops_may_ask(group: str, alice: Member) -> None:
    client = client_of("somebody", group)

    assert client.get(ADJUSTMENTS + "add/").status_code == 403
    assert client.post(ADJUSTMENTS + "add/", {"points": 1}).status_code == 403


@pytest.mark.parametrize("group", ["ops", "risk", "support"])
def test_only_finance_may_decide(group: str, ops: Client, alice: Member) -> None:
    waiting = ask(alice, 2_000, User.objects.get(username="ops"))
    client = client_of("somebody", group)

    assert buttons(client.get(f"{ADJUSTMENTS}{waiting.pk}/change/")) == set()
    assert client.post(f"{ADJUSTMENTS}{waiting.pk}/approve/", {"note": ""}).status_code == 403


def test_what_waits_stands_first_and_on_the_first_page_of_who_may_decide(
    ops: Client, finance: Client, alice: Member
) -> None:
    asker = User.objects.get(username="ops")
    waiting = ask(alice, 2_000, asker)
    ask(alice, 5, asker)

    rows = finance.get(ADJUSTMENTS).context["cl"].result_list
    cards = {card.link for part in finance.get("/admin/").context["sections"] for card in part.cards}
    others = {card.link for part in ops.get("/admin/").context["sections"] for card in part.cards}

    assert next(iter(rows)).pk == waiting.pk
    assert f"{ADJUSTMENTS}?status__exact=waiting" in cards - others


def test_the_members_page_leads_to_the_form_with_the_member_in_it(ops: Client, risk: Client, alice: Member) -> None:
    link = f"{ADJUSTMENTS}add/?member={alice.pk}"

    assert link in ops.get(f"/admin/members/member/{alice.pk}/change/").content.decode()
    assert link not in risk.get(f"/admin/members/member/{alice.pk}/change/").content.decode()
    assert alice.no in ops.get(link).content.decode()


def test_a_closed_account_is_refused(ops: Client, alice: Member) -> None:
    close_account(member_id=alice.pk, because="", by="member", at=NOON)

    assert send(ops, alice, 5).context["form"].non_field_errors()


# --- transfers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rule", "owed"), [("within_balance", 0), ("owe", 30)])
def test_a_transfer_is_taken_back_once(risk: Client, alice: Member, bob: Member, rule: str, owed: int) -> None:
    earn(alice.pk, 100, key="a")
    made = gift(alice, bob, 80)
    spend(bob.pk, 30, key="s")
    address = f"/admin/points/transfer/{made.pk}/"

    asked = risk.get(f"{address}take-back/")
    page = risk.post(f"{address}take-back/", {"reason": "stolen account", "policy": rule}, follow=True)
    again = risk.post(f"{address}take-back/", {"reason": "stolen account", "policy": rule})

    assert [str(value) for _name, value in asked.context["facts"]][3:] == ["50", "50", "30"]
    assert said(page)[0][0] == "success"
    assert again.status_code == 403
    assert (account(alice.pk).balance, account(bob.pk).debt) == (70 + owed, owed)
    made.refresh_from_db()
    assert (made.status, made.reversed_by.username) == ("reversed", "risk")  # type: ignore[union-attr]
    assert faults() == []


@pytest.mark.parametrize(
    "form", [{"policy": "owe"}, {"policy": "owe", "reason": " "}, {"reason": "x", "policy": "pending_only"}]
)
def test_without_a_reason_or_a_policy_nothing_is_taken_back(
    risk: Client, alice: Member, bob: Member, form: dict[str, str]
) -> None:
    earn(alice.pk, 100, key="a")
    made = gift(alice, bob, 80)

    assert risk.post(f"/admin/points/transfer/{made.pk}/take-back/", form).status_code == 200
    assert Transfer.objects.get().status == "done"


def test_transfers_are_found_by_number_and_by_either_member(ops: Client, alice: Member, bob: Member) -> None:
    earn(alice.pk, 100, key="a")
    made = gift(alice, bob, 80)

    for term in (made.no, alice.no, bob.no):
        rows = ops.get("/admin/points/transfer/", {"q": term}).context["cl"].result_list
        assert [row.pk for row in rows] == [made.pk]
    page = ops.get(f"/admin/points/transfer/{made.pk}/change/")
    assert buttons(page) == set()
    assert ops.post(f"/admin/points/transfer/{made.pk}/take-back/", {"reason": "x", "policy": "owe"}).status_code == 403


# --- pending points ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("act", "balance", "growth"), [("release", 50, 50), ("cancel", 0, 0)])
def test_what_is_held_is_decided_on_once(risk: Client, alice: Member, act: str, balance: int, growth: int) -> None:
    waiting = hold(alice.pk, 50, key="h", release_at=None)
    address = f"/admin/points/hold/{waiting}/"

    assert buttons(risk.get(f"{address}change/")) == {"release", "cancel"}
    empty = risk.post(f"{address}{act}/", {"reason": ""})
    page = risk.post(f"{address}{act}/", {"reason": "looked at it"}, follow=True)
    again = risk.post(f"{address}{act}/", {"reason": "once more"})

    assert empty.context["form"].errors
    assert said(page)[0][0] == "success"
    assert again.status_code == 403
    assert account(alice.pk).balance == balance
    alice.refresh_from_db()
    assert alice.growth_value == growth
    assert HoldChange.objects.get().staff.username == "risk"  # type: ignore[union-attr]
    assert "looked at it" in page.content.decode()
    assert faults() == []


def test_others_see_what_waits_and_decide_nothing(ops: Client, alice: Member) -> None:
    waiting = hold(alice.pk, 50, key="h", release_at=None)

    assert buttons(ops.get(f"/admin/points/hold/{waiting}/change/")) == set()
    assert ops.post(f"/admin/points/hold/{waiting}/release/", {"reason": "x"}).status_code == 403


def test_the_list_tells_held_points_from_those_with_a_day(ops: Client, alice: Member) -> None:
    held, planned = hold(alice.pk, 50, key="h", release_at=None), hold(alice.pk, 20, key="p", release_at=NOON)

    page = ops.get("/admin/points/hold/?release_at__isempty=1")
    states = {row.pk: page.context["cl"].model_admin.shown_status(row)[0] for row in Hold.objects.all()}

    assert [row.pk for row in page.context["cl"].result_list] == [held]
    assert states == {held: "held", planned: "waiting"}


# --- policy ------------------------------------------------------------------------------------------------------


def test_the_lowest_tier_is_one_that_exists(alice: Member) -> None:
    keeper = User.objects.create_user("keeper", is_staff=True)
    keeper.user_permissions.set(Permission.objects.filter(codename__in=["view_ledgerpolicy", "change_ledgerpolicy"]))
    client = Client()
    client.force_login(keeper)
    policy(transfer_min_tier="")
    page = client.get("/admin/points/ledgerpolicy/1/change/")
    form = page.context["adminform"].form
    values = {name: form[name].value() for name in form.fields if form[name].value() is not None}

    def save(tier: str) -> int:
        return client.post("/admin/points/ledgerpolicy/1/change/", values | {"transfer_min_tier": tier}).status_code

    assert (save("diamond"), LedgerPolicy.objects.get().transfer_min_tier) == (200, "")
    assert (save("gold"), LedgerPolicy.objects.get().transfer_min_tier) == (302, "gold")
    assert (save(""), LedgerPolicy.objects.get().transfer_min_tier) == (302, "")
