"""Freezing, unfreezing and closing accounts."""

from collections.abc import Callable
from datetime import date

import pytest
from rest_framework.test import APIClient

from core.business_time import now
from members import selectors
from members.models import Address, Device, Identity, Member, Session, StatusChange, TierChange
from members.services import accounts, profile, registration, sessions, standing
from members.services.addresses import add_address
from members.services.growth import add_growth

pytestmark = pytest.mark.django_db
ME = "/api/v1/members/me"
STAFF = {"because": "looks odd", "by": "risk.officer"}


def test_an_active_member_may_act_and_is_described(alice: Member) -> None:
    assert standing.require_active(member_id=alice.pk).no == alice.no


def test_a_frozen_member_may_not_act(alice: Member) -> None:
    accounts.freeze(member_id=alice.pk, **STAFF, at=now())

    with pytest.raises(standing.MemberFrozen) as refusal:
        standing.require_active(member_id=alice.pk)
    assert (refusal.value.status, refusal.value.code) == (403, "member_frozen")


def test_an_unfrozen_member_may_act_again(alice: Member) -> None:
    accounts.freeze(member_id=alice.pk, **STAFF, at=now())
    accounts.unfreeze(member_id=alice.pk, because="explained", by="risk.officer", at=now())

    assert standing.require_active(member_id=alice.pk).status == "active"


def test_each_move_is_logged(alice: Member) -> None:
    first, second = now(), now()
    accounts.freeze(member_id=alice.pk, **STAFF, at=first)
    accounts.unfreeze(member_id=alice.pk, because="explained", by="chief", at=second)

    log = StatusChange.objects.filter(member=alice).order_by("id")
    assert list(log.values_list("old", "new", "because", "by", "at")) == [
        ("active", "frozen", "looks odd", "risk.officer", first),
        ("frozen", "active", "explained", "chief", second),
    ]


@pytest.mark.parametrize(
    ("before", "move"),
    [
        (["freeze"], "freeze"),
        ([], "unfreeze"),
        (["freeze"], "close_account"),
        (["close_account"], "freeze"),
        (["close_account"], "unfreeze"),
        (["close_account"], "close_account"),
    ],
)
def test_an_illegal_move_changes_nothing(alice: Member, before: list[str], move: str) -> None:
    for step in before:
        getattr(accounts, step)(member_id=alice.pk, **STAFF, at=now())
    status = Member.objects.get(pk=alice.pk).status

    with pytest.raises(accounts.StatusMoveNotAllowed) as refusal:
        getattr(accounts, move)(member_id=alice.pk, **STAFF, at=now())

    assert refusal.value.detail is not None
    assert refusal.value.detail["status"] == status
    assert Member.objects.get(pk=alice.pk).status == status
    assert StatusChange.objects.count() == len(before)


def test_nobody_cannot_be_frozen(alice: Member) -> None:
    with pytest.raises(selectors.MemberNotFound):
        accounts.freeze(member_id=alice.pk + 1000, **STAFF, at=now())


@pytest.fixture
def rich(alice: Member) -> Member:
    """Alice with everything an account can hold."""
    at = now()
    profile.update_profile(
        member_id=alice.pk,
        changes={"nickname": "Secret Name", "avatar_url": "https://img.example/a.png", "birthday": date(1990, 2, 28)},
        at=at,
    )
    facts = {"recipient": "李雷", "phone": "13800138000", "region": "上海市", "detail": "漕溪北路 1 号"}
    add_address(member_id=alice.pk, facts=facts, at=at)
    add_growth(member_id=alice.pk, points=1_500, reason="order", at=at)
    Member.objects.filter(pk=alice.pk).update(invited_with="INV7", shared_with="SHR9")
    return alice


def test_closing_removes_what_identifies_the_person(rich: Member, api: Callable[[Member], APIClient]) -> None:
    assert api(rich).delete(ME).status_code == 204

    rich.refresh_from_db()
    assert (rich.status, rich.nickname, rich.avatar_url) == ("closed", "", "")
    assert (rich.birthday, rich.birthday_set_at, rich.invited_with, rich.shared_with) == (None, None, "", "")
    for table in (Identity, Device, Address):
        assert not table.objects.filter(member=rich).exists()


def test_closing_keeps_the_books(rich: Member, api: Callable[[Member], APIClient]) -> None:
    api(rich).delete(ME)

    kept = Member.objects.get(pk=rich.pk)
    assert (kept.no, kept.growth_value, kept.registered_at) == (rich.no, 1_500, rich.registered_at)
    assert TierChange.objects.filter(member=rich).count() == 1
    assert StatusChange.objects.get(member=rich).by == "member"


def test_closing_ends_all_sessions_at_once(rich: Member, api: Callable[[Member], APIClient]) -> None:
    phone, tablet = api(rich), api(rich)

    phone.delete(ME)

    assert phone.get(ME).status_code == tablet.get(ME).status_code == 401
    assert set(Session.objects.values_list("revoked_because", flat=True)) == {"account_closed"}


def test_a_closed_member_opens_no_session_and_adds_no_data(rich: Member) -> None:
    accounts.close_account(member_id=rich.pk, **STAFF, at=now())

    with pytest.raises(standing.MemberClosed):
        sessions.open_session(member_id=rich.pk, device_id="phone", at=now())
    with pytest.raises(standing.MemberClosed):
        profile.update_profile(member_id=rich.pk, changes={"nickname": "back"}, at=now())
    with pytest.raises(standing.MemberClosed):
        add_address(member_id=rich.pk, facts={"recipient": "x"}, at=now())
    with pytest.raises(standing.MemberClosed):
        standing.require_active(member_id=rich.pk)


def test_a_closed_member_is_found_by_no_public_name(rich: Member) -> None:
    identity = Identity.objects.get(member=rich)
    accounts.close_account(member_id=rich.pk, **STAFF, at=now())

    assert selectors.member_id_by_no(no=rich.no) is None
    assert selectors.member_id_by_openid(openid=identity.openid) is None


def test_the_same_person_may_register_anew_as_somebody_new(rich: Member) -> None:
    openid = Identity.objects.get(member=rich).openid
    accounts.close_account(member_id=rich.pk, **STAFF, at=now())

    again = Member.objects.get(pk=registration.register(openid=openid, at=now()))

    assert again.pk != rich.pk
    assert again.no != rich.no
    assert (again.growth_value, again.nickname) == (0, "")


def test_a_frozen_member_cannot_close_the_account(rich: Member, api: Callable[[Member], APIClient]) -> None:
    client = api(rich)
    accounts.freeze(member_id=rich.pk, **STAFF, at=now())

    answer = client.delete(ME)

    assert (answer.status_code, answer.json()["code"]) == (409, "member_status_move_not_allowed")
    assert Identity.objects.filter(member=rich).exists()
