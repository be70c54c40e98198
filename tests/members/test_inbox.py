"""The inbox: each thing told once, read by the member it was told to, and gone with the account."""

import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from core.business_time import now
from members.models import Member, Notice
from members.services import notices
from members.services.accounts import close_account, freeze
from members.services.notices import Telling, Text, notify, notify_many
from tests.factories import new_member
from tests.races.together import at_once

INBOX = "/api/v1/inbox"
KIND = "tests_greeting"
Api = Callable[[Member], APIClient]


def greet(params: Mapping[str, Any]) -> Text:
    return Text(f"Hello {params['name']}", "How are you?")


@pytest.fixture(autouse=True)
def greetings() -> Iterator[None]:
    notices.register_kind(KIND, greet)
    yield
    notices._kinds.pop(KIND)


def tell(member: Member, key: str = "1", name: str = "Alice") -> bool:
    return notify(member_id=member.pk, kind=KIND, key=key, params={"name": name}, at=now())


def test_a_notice_is_read_with_its_text_and_counted_as_unread(alice: Member, api: Api) -> None:
    assert tell(alice)

    body = api(alice).get(INBOX).json()

    [line] = body["results"]
    assert {name: line[name] for name in ("kind", "title", "body", "params", "read_at")} == {
        "kind": KIND,
        "title": "Hello Alice",
        "body": "How are you?",
        "params": {"name": "Alice"},
        "read_at": None,
    }
    assert (body["unread"], body["next"], body["previous"]) == (1, None, None)


def test_the_same_key_is_told_once_to_each_member(alice: Member, bob: Member) -> None:
    assert [tell(alice), tell(alice, name="Eve"), tell(bob), tell(alice, key="2")] == [True, False, True, True]

    assert list(Notice.objects.filter(member=alice).order_by("id").values_list("key", "params__name")) == [
        ("1", "Alice"), ("2", "Alice")
    ]  # fmt: skip


def test_pages_run_from_the_newest_to_the_oldest(alice: Member, api: Api) -> None:
    for number in range(5):
        tell(alice, key=str(number), name=str(number))
    client = api(alice)

    first = client.get(INBOX, {"page_size": 3}).json()
    second = client.get(INBOX, {"page_size": 3, "cursor": first["next"]}).json()

    titles = [line["title"] for page in (first, second) for line in page["results"]]
    assert titles == ["Hello 4", "Hello 3", "Hello 2", "Hello 1", "Hello 0"]
    assert (first["unread"], second["unread"], second["next"]) == (5, 5, None)


def test_what_was_read_is_marked_once_and_left_out_when_unread_is_asked_for(alice: Member, api: Api) -> None:
    tell(alice, key="old")
    tell(alice, key="new")
    old, new = Notice.objects.order_by("id").values_list("pk", flat=True)
    client = api(alice)

    assert client.post(f"{INBOX}/{old}/read").status_code == 204
    first_time = Notice.objects.get(pk=old).read_at
    assert client.post(f"{INBOX}/{old}/read").status_code == 204

    assert Notice.objects.get(pk=old).read_at == first_time is not None
    unread = client.get(INBOX, {"unread": "true"}).json()
    assert ([line["id"] for line in unread["results"]], unread["unread"]) == ([new], 1)
    assert [line["id"] for line in client.get(INBOX, {"unread": "false"}).json()["results"]] == [new, old]


def test_anothers_notice_is_neither_seen_nor_marked(alice: Member, bob: Member, api: Api) -> None:
    tell(alice)
    notice = Notice.objects.get()

    refused = api(bob).post(f"{INBOX}/{notice.pk}/read")

    assert (refused.status_code, refused.json()["code"]) == (404, "notice_not_found")
    assert api(bob).get(INBOX).json()["results"] == []
    assert api(bob).get(INBOX).json()["unread"] == 0
    assert api(alice).post(f"{INBOX}/{notice.pk + 1}/read").status_code == 404
    assert Notice.objects.get().read_at is None


@pytest.mark.parametrize("query", [{"unread": "perhaps"}, {"page_size": 101}, {"kind": "x"}])
def test_a_wrong_parameter_is_refused(alice: Member, api: Api, query: dict[str, Any]) -> None:
    assert api(alice).get(INBOX, query).status_code == 400


def test_without_a_login_there_is_no_inbox(anyone: APIClient, db: None) -> None:
    assert anyone.get(INBOX).status_code == 401
    assert anyone.post(f"{INBOX}/1/read").status_code == 401


def test_a_frozen_member_reads_and_is_told_unless_left_out(alice: Member, api: Api) -> None:
    freeze(member_id=alice.pk, because="looked at", by="staff", at=now())
    telling = Telling(alice.pk, "left out", {"name": "Alice"})

    assert notify_many(kind=KIND, tellings=[telling], at=now(), to_frozen=False) == 0
    assert tell(alice)

    client = api(alice)
    assert client.get(INBOX).json()["unread"] == 1
    assert client.post(f"{INBOX}/{Notice.objects.get().pk}/read").status_code == 204


def test_the_inbox_goes_with_the_account_and_nothing_is_told_after(alice: Member, bob: Member) -> None:
    tell(alice)
    tell(bob)

    close_account(member_id=alice.pk, because="asked", by="member", at=now())

    assert not tell(alice, key="late")
    assert list(Notice.objects.values_list("member_id", flat=True)) == [bob.pk]


def test_many_are_told_in_one_statement(db: None) -> None:
    members = [new_member(f"m{number}") for number in range(9)]
    tellings = [Telling(member.pk, "all", {"name": "all"}) for member in members]

    with transaction.atomic(), CaptureQueriesContext(connection) as captured:
        assert notify_many(kind=KIND, tellings=tellings, at=now()) == 9
        assert notify_many(kind=KIND, tellings=tellings, at=now()) == 0
    assert len(captured) == 2
    assert notify_many(kind=KIND, tellings=[], at=now()) == 0


def test_a_kind_nobody_registered_is_refused_and_one_that_is_gone_still_reads(alice: Member, api: Api) -> None:
    with pytest.raises(ValueError, match="unheard"):
        notify(member_id=alice.pk, kind="unheard", key="1", params={}, at=now())
    Notice.objects.create(member=alice, kind="given_up", key="1", params={}, created_at=now())

    [line] = api(alice).get(INBOX).json()["results"]
    assert line["title"]
    assert line["body"] == ""


def test_the_number_of_queries_does_not_grow_with_the_page(alice: Member, api: Api) -> None:
    client = api(alice)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(INBOX)
        return len(captured)

    tell(alice)
    few = queries()
    for number in range(15):
        tell(alice, key=f"more {number}")

    assert queries() == few


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_a_notice_that_meets_the_closing_of_the_account_does_not_outlive_it() -> None:
    member = new_member("Alice")
    closing, told = threading.Event(), threading.Event()

    def close() -> None:
        with transaction.atomic():
            close_account(member_id=member.pk, because="asked", by="member", at=now())
            closing.set()
            # The notice must wait for us; so it cannot be told before we are through.
            assert not told.wait(timeout=0.5)

    def telling() -> bool:
        assert closing.wait(timeout=30)
        try:
            return tell(member)
        finally:
            told.set()

    assert at_once([close, telling])[1] is False
    assert not Notice.objects.exists()


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_control_without_the_shared_lock_the_notice_would_outlive_the_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices, "TELL", notices.TELL.replace("FOR SHARE", ""))
    member = new_member("Alice")
    closing, told = threading.Event(), threading.Event()

    def close() -> None:
        with transaction.atomic():
            close_account(member_id=member.pk, because="asked", by="member", at=now())
            closing.set()
            assert told.wait(timeout=30)

    def telling() -> bool:
        assert closing.wait(timeout=30)
        try:
            return tell(member)
        finally:
            told.set()

    assert at_once([close, telling])[1] is True
    assert Notice.objects.exists()


def test_notices_are_ordered_by_id_even_when_told_at_one_moment(alice: Member, api: Api) -> None:
    at = now() - timedelta(days=1)
    tellings = [Telling(alice.pk, key, {"name": key}) for key in ("a", "b")]
    notify_many(kind=KIND, tellings=tellings, at=at)

    assert [line["title"] for line in api(alice).get(INBOX).json()["results"]] == ["Hello b", "Hello a"]
