"""What members say about themselves."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from rest_framework.test import APIClient

from core.business_time import business_day, now
from members.models import Member
from members.services import profile

pytestmark = pytest.mark.django_db
ME = "/api/v1/members/me"


@pytest.fixture
def me(api: Callable[[Member], APIClient], alice: Member) -> APIClient:
    return api(alice)


def test_nickname_avatar_and_birthday_can_be_set(me: APIClient, alice: Member) -> None:
    changes = {"nickname": "小礼 👩‍👩‍👧", "avatar_url": "https://img.example/a.png", "birthday": "1990-02-28"}

    answer = me.patch(ME, changes, format="json")

    assert answer.status_code == 200
    assert answer.json().items() >= changes.items()
    assert me.get(ME).json() == answer.json()


def test_what_is_not_named_stays(me: APIClient) -> None:
    me.patch(ME, {"nickname": "First", "birthday": "1990-02-28"}, format="json")

    body = me.patch(ME, {"avatar_url": "https://img.example/a.png"}, format="json").json()

    assert (body["nickname"], body["birthday"]) == ("First", "1990-02-28")
    assert me.patch(ME, {}, format="json").json() == body


def test_an_avatar_can_be_removed(me: APIClient) -> None:
    me.patch(ME, {"avatar_url": "https://img.example/a.png"}, format="json")

    assert me.patch(ME, {"avatar_url": ""}, format="json").json()["avatar_url"] == ""


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("nickname", ""),
        ("nickname", "   "),
        ("nickname", "x" * 31),
        ("nickname", "a\nb"),
        ("nickname", "a\tb"),
        ("nickname", "a\x1bb"),
        ("nickname", "a\x85b"),
        ("nickname", "a\u2028b"),
        ("nickname", "evil\u202egnp.exe"),
        ("nickname", "\u200b\u200d\ufeff"),
        ("nickname", "\u2800\u3164"),
        ("nickname", "\u0301"),
        ("nickname", 7),
        ("nickname", None),
        ("nickname", ["a"]),
        ("avatar_url", "http://img.example/a.png"),
        ("avatar_url", "javascript:alert(1)"),
        ("avatar_url", "https://img.example/" + "a" * 500),
        ("avatar_url", None),
        ("birthday", "1899-12-31"),
        ("birthday", "1990-02-30"),
        ("birthday", "1990-2-3"),
        ("birthday", "19900203"),
        ("birthday", "1990-W05-6"),
        ("birthday", "1990-02-03T00:00:00Z"),
        ("birthday", 19900203),
        ("birthday", None),
        ("birthday", ""),
        ("tier", "gold"),
        ("growth_value", 100_000),
        ("no", "1234567890"),
        ("status", "active"),
    ],
)
def test_a_value_outside_the_contract_is_refused(me: APIClient, alice: Member, field: str, value: object) -> None:
    answer = me.patch(ME, {"nickname": "Ok", field: value}, format="json")

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert list(answer.json()["fields"]) == [field]
    alice.refresh_from_db()
    assert alice.nickname == "Alice"


def test_a_nickname_of_one_or_thirty_characters_is_fine(me: APIClient) -> None:
    for nickname in ("礼", "礼" * 30):
        assert me.patch(ME, {"nickname": nickname}, format="json").json()["nickname"] == nickname


def test_today_may_be_a_birthday_and_tomorrow_not(me: APIClient) -> None:
    today = business_day(now())

    assert me.patch(ME, {"birthday": str(today + timedelta(days=1))}, format="json").status_code == 400
    assert me.patch(ME, {"birthday": str(today)}, format="json").status_code == 200


def test_today_is_the_business_day(api: Callable[[Member], APIClient], alice: Member) -> None:
    # 17:00 in UTC is 01:00 of the next day in Shanghai.
    with time_machine.travel(datetime(2027, 1, 10, 17, tzinfo=UTC), tick=False):
        me = api(alice)
        assert me.patch(ME, {"birthday": "2027-01-12"}, format="json").status_code == 400
        assert me.patch(ME, {"birthday": "2027-01-11"}, format="json").status_code == 200


def test_a_birthday_changes_once_a_year(me: APIClient, alice: Member) -> None:
    me.patch(ME, {"birthday": "1990-02-28"}, format="json")

    answer = me.patch(ME, {"birthday": "1991-03-01", "nickname": "Other"}, format="json")

    assert (answer.status_code, answer.json()["code"]) == (409, "birthday_locked")
    a_year_on = business_day(now()).replace(year=business_day(now()).year + 1)
    assert answer.json()["detail"] == {"available_on": str(a_year_on)}
    alice.refresh_from_db()
    assert (alice.birthday, alice.nickname) == (date(1990, 2, 28), "Alice")


def test_the_same_birthday_again_is_no_change(me: APIClient) -> None:
    for _turn in range(2):
        assert me.patch(ME, {"birthday": "1990-02-28"}, format="json").status_code == 200


def test_a_year_later_it_may_change_again(alice: Member) -> None:
    first_at = datetime(2025, 6, 15, 4, tzinfo=UTC)
    profile.update_profile(member_id=alice.pk, changes={"birthday": date(1990, 2, 28)}, at=first_at)

    with pytest.raises(profile.BirthdayLocked):
        profile.update_profile(
            member_id=alice.pk, changes={"birthday": date(1991, 3, 1)}, at=datetime(2026, 6, 14, 15, 59, tzinfo=UTC)
        )
    # Midnight in Shanghai.
    profile.update_profile(
        member_id=alice.pk, changes={"birthday": date(1991, 3, 1)}, at=datetime(2026, 6, 14, 16, 0, tzinfo=UTC)
    )

    alice.refresh_from_db()
    assert alice.birthday == date(1991, 3, 1)
