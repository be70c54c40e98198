"""What staff see of members, and what they may do."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db.models import Value
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from core.business_time import now
from members import panels
from members.models import Identity, Member, Partner, PartnerKey, Session, StatusChange, Tier
from members.services import accounts, partners, sessions
from members.services.addresses import add_address

pytestmark = pytest.mark.django_db
MEMBERS = reverse("admin:members_member_changelist")
SEEING = ["view_member"]
FREEZING = [*SEEING, "freeze_member"]


@pytest.fixture
def staff() -> Callable[[list[str]], Client]:
    """Return a function from permissions to a browser logged in as somebody who has them."""

    def browser_of(codenames: list[str]) -> Client:
        user = User.objects.create(username="staff", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        browser = Client()
        browser.force_login(user)
        return browser

    return browser_of


def page_of(member: Member) -> str:
    return reverse("admin:members_member_change", args=[member.pk])


def do(browser: Client, member: Member, action: str, **form: Any) -> Any:
    address = reverse(f"admin:members_member_{action}", args=[member.pk])
    return browser.post(address, {"_form_submitted": "True", **form})


def test_members_are_found_by_number_nickname_and_whole_openid(
    staff: Callable[[list[str]], Client], alice: Member, bob: Member
) -> None:
    browser = staff(SEEING)
    openid = Identity.objects.get(member=alice).openid

    for term in (alice.no, "lic", openid):
        found = browser.get(MEMBERS, {"q": term}).content.decode()
        assert alice.no in found
        assert bob.no not in found
    assert alice.no not in browser.get(MEMBERS, {"q": openid[:-1]}).content.decode()


def test_the_list_filters_by_status_and_tier(staff: Callable[[list[str]], Client], alice: Member, bob: Member) -> None:
    accounts.freeze(member_id=alice.pk, because="odd", by="staff", at=now())

    shown = staff(SEEING).get(MEMBERS, {"status__exact": "frozen", "tier__id__exact": alice.tier_id}).content.decode()

    assert alice.no in shown
    assert bob.no not in shown


def test_personal_data_needs_its_own_permission(staff: Callable[[list[str]], Client], alice: Member) -> None:
    facts = {"recipient": "李雷", "phone": "13800138000", "region": "上海市", "detail": "漕溪北路 1 号"}
    add_address(member_id=alice.pk, facts=facts, at=now())
    Member.objects.filter(pk=alice.pk).update(birthday="1990-02-28")
    private = ["李雷", "13800138000", "漕溪北路", Identity.objects.get(member=alice).openid, "1990"]
    browser = staff(SEEING)

    shown = browser.get(page_of(alice)).content.decode()
    assert alice.no in shown
    assert not [text for text in private if text in shown]

    User.objects.get().user_permissions.add(Permission.objects.get(codename="view_personal_data"))
    shown = browser.get(page_of(alice)).content.decode()
    assert [text for text in private if text in shown] == private


def test_a_member_is_edited_by_nobody(alice: Member, admin_client: Client) -> None:
    answer = admin_client.post(page_of(alice), {"nickname": "Changed", "growth_value": 10**6})

    assert answer.status_code == 403
    assert admin_client.get(reverse("admin:members_member_add")).status_code == 403
    assert admin_client.get(reverse("admin:members_member_delete", args=[alice.pk])).status_code == 403
    alice.refresh_from_db()
    assert (alice.nickname, alice.growth_value) == ("Alice", 0)


def test_freezing_asks_why_and_logs_who(staff: Callable[[list[str]], Client], alice: Member) -> None:
    browser = staff(FREEZING)
    dialog = browser.get(reverse("admin:members_member_freeze", args=[alice.pk]))
    assert b'name="because"' in dialog.content
    assert Member.objects.get(pk=alice.pk).status == "active"

    answer = do(browser, alice, "freeze", because="looks odd")

    assert answer.headers["HX-Redirect"] == page_of(alice)
    change = StatusChange.objects.get(member=alice)
    assert (change.new, change.because, change.by) == ("frozen", "looks odd", "staff")
    do(browser, alice, "unfreeze", because="explained")
    assert Member.objects.get(pk=alice.pk).status == "active"


def test_freezing_without_a_reason_does_nothing(staff: Callable[[list[str]], Client], alice: Member) -> None:
    do(staff(FREEZING), alice, "freeze", because=" ")

    assert Member.objects.get(pk=alice.pk).status == "active"


def test_an_impossible_move_is_shown_as_an_error(staff: Callable[[list[str]], Client], alice: Member) -> None:
    browser = staff(FREEZING)

    do(browser, alice, "unfreeze", because="by mistake")

    assert str(escape(accounts.StatusMoveNotAllowed.message)) in browser.get(page_of(alice)).content.decode()


def test_ending_sessions_works_at_once(staff: Callable[[list[str]], Client], alice: Member) -> None:
    sessions.open_session(member_id=alice.pk, device_id="phone", at=now())

    do(staff(FREEZING), alice, "end_sessions")

    assert Session.objects.get().revoked_because == "ended_by_staff"


@pytest.mark.parametrize("action", ["freeze", "unfreeze", "end_sessions"])
def test_only_staff_with_the_permission_may(staff: Callable[[list[str]], Client], alice: Member, action: str) -> None:
    sessions.open_session(member_id=alice.pk, device_id="phone", at=now())
    browser = staff([*SEEING, "change_member"])

    assert do(browser, alice, action, because="no right").status_code == 403

    assert Member.objects.get(pk=alice.pk).status == "active"
    assert Session.objects.get().revoked_at is None
    assert (
        reverse(f"admin:members_member_{action}", args=[alice.pk]) not in browser.get(page_of(alice)).content.decode()
    )


@pytest.fixture
def registered_panels() -> Iterator[None]:
    before, columns = list(panels.panels), dict(panels.columns)
    panels.register(
        panels.Panel(
            title="Probe panel",
            headers=["What"],
            rows=lambda member_id: [[f"<row of {member_id}>"]],
            permission="auth.view_group",
            more=lambda member_id: f"/all/{member_id}",
        )
    )
    panels.register_column("probe", "Probe column", Value("probe value"))
    yield
    panels.panels[:] = before
    panels.columns.clear()
    panels.columns.update(columns)


@pytest.mark.usefixtures("registered_panels")
def test_other_apps_add_tables_for_who_may_see_them(staff: Callable[[list[str]], Client], alice: Member) -> None:
    browser = staff(SEEING)
    assert "Probe panel" not in browser.get(page_of(alice)).content.decode()

    User.objects.get().user_permissions.add(Permission.objects.get(codename="view_group"))

    shown = browser.get(page_of(alice)).content.decode()
    assert "Probe panel" in shown
    assert f"&lt;row of {alice.pk}&gt;" in shown
    assert f"/all/{alice.pk}" in shown


@pytest.mark.usefixtures("registered_panels")
def test_other_apps_add_sortable_columns(staff: Callable[[list[str]], Client], alice: Member) -> None:
    browser = staff(SEEING)
    shown = browser.get(MEMBERS).content.decode()

    assert "Probe column" in shown
    assert "probe value" in shown
    last_column = 6 + len(panels.columns)
    assert browser.get(MEMBERS, {"o": str(last_column)}).status_code == 200


def test_every_page_opens(admin_client: Client, alice: Member) -> None:
    partners.issue_partner_key(partner_code="shop", at=now())
    for model, pk in (
        ("member", alice.pk),
        ("tier", alice.tier_id),
        ("partner", Partner.objects.get().pk),
        ("partnerkey", PartnerKey.objects.get().pk),
    ):
        assert admin_client.get(reverse(f"admin:members_{model}_changelist")).status_code == 200
        assert admin_client.get(reverse(f"admin:members_{model}_change", args=[pk])).status_code == 200
        assert admin_client.get(reverse(f"admin:members_{model}_history", args=[pk])).status_code == 200


def tier_form(tier: Tier, **changes: Any) -> dict[str, Any]:
    fields = ("name", "level", "growth_threshold", "earn_multiplier")
    return {name: getattr(tier, name) for name in fields} | {"benefits": "\n".join(tier.benefits)} | changes


def test_a_tier_is_changed_with_benefits_as_lines_and_history(alice: Member, admin_client: Client) -> None:
    silver = Tier.objects.get(code="silver")

    form = tier_form(silver, growth_threshold=900, benefits="One\r\n\r\n  Two \r\n")
    answer = admin_client.post(reverse("admin:members_tier_change", args=[silver.pk]), form)

    assert answer.status_code == 302
    silver.refresh_from_db()
    assert (silver.code, silver.growth_threshold, silver.benefits) == ("silver", 900, ["One", "Two"])
    latest = silver.history.latest()
    assert latest.history_user is not None
    assert latest.history_user.username == "admin"


@pytest.mark.parametrize("changes", [{"growth_threshold": 5_000}, {"level": 0}, {"growth_threshold": 0}])
def test_tiers_stay_a_ladder(alice: Member, admin_client: Client, changes: dict[str, int]) -> None:
    silver = Tier.objects.get(code="silver")

    answer = admin_client.post(reverse("admin:members_tier_change", args=[silver.pk]), tier_form(silver, **changes))

    assert answer.status_code == 200
    assert Tier.objects.get(code="silver").growth_threshold == 1_000


def issue(browser: Client, partner: Partner, **form: Any) -> Any:
    return browser.post(reverse("admin:members_partner_issue_key", args=[partner.pk]), form)


def test_a_key_is_issued_and_its_secret_shown_once(alice: Member, admin_client: Client) -> None:
    partner = Partner.objects.create(code="shop", name="Shop")
    end = now() + timedelta(days=90)

    answer = issue(
        admin_client,
        partner,
        behaviours="order_paid\norder_refunded",
        may_report_history="on",
        expires_at_0=end.strftime("%Y-%m-%d"),
        expires_at_1="12:00:00",
    )

    key = PartnerKey.objects.get()
    shown = answer.content.decode()
    secret = re.search(r'<code id="key-secret">([^<]+)</code>', shown)
    assert secret is not None
    assert key.key_id in shown
    assert "no-store" in answer.headers["Cache-Control"]
    assert (key.behaviours, key.may_report_history) == (["order_paid", "order_refunded"], True)
    assert key.expires_at is not None
    later_pages = [
        reverse("admin:members_partner_change", args=[partner.pk]),
        reverse("admin:members_partner_history", args=[partner.pk]),
        reverse("admin:members_partnerkey_change", args=[key.pk]),
        reverse("admin:members_partnerkey_changelist"),
    ]
    for page in later_pages:
        later = admin_client.get(page).content.decode()
        assert key.key_id in later or "history" in page
        assert secret[1] not in later


def test_looking_at_the_form_issues_nothing(alice: Member, admin_client: Client) -> None:
    partner = Partner.objects.create(code="shop", name="Shop")

    answer = admin_client.get(reverse("admin:members_partner_issue_key", args=[partner.pk]))

    assert answer.status_code == 200
    assert b'name="behaviours"' in answer.content
    assert not PartnerKey.objects.exists()


def test_issuing_and_revoking_need_their_permissions(staff: Callable[[list[str]], Client]) -> None:
    partners.issue_partner_key(partner_code="shop", at=now())
    partner = Partner.objects.get()
    browser = staff(["view_partner", "view_partnerkey", "change_partner"])

    assert issue(browser, partner).status_code == 403
    revoke(browser)

    assert PartnerKey.objects.get().revoked_at is None


def revoke(browser: Client) -> None:
    chosen = {"action": "revoke", "_selected_action": [PartnerKey.objects.get().pk]}
    browser.post(reverse("admin:members_partnerkey_changelist"), chosen)


def test_a_key_is_revoked_by_who_may(staff: Callable[[list[str]], Client]) -> None:
    partners.issue_partner_key(partner_code="shop", at=now())

    revoke(staff(["view_partnerkey", "change_partnerkey"]))

    assert PartnerKey.objects.get().revoked_at is not None


def test_a_partner_that_is_not_there_gets_no_key(admin_client: Client) -> None:
    for pk in ("0", "abc"):
        assert admin_client.post(reverse("admin:members_partner_issue_key", args=[pk])).status_code == 404
