"""Several at once, on real connections. Each guard has a control that shows the race it stands against."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from core.business_time import now
from growth.services.programme import load_programme
from members.models import Address, Identity, Member, Session, TierChange
from members.services import accounts, addresses, registration, sessions
from members.services.growth import add_growth
from members.services.standing import MemberClosed
from tests.factories import new_member
from tests.standin import StandIn

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]
PARALLEL = 8


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Start all calls together, each on its own connection; return what each returned, or the exception it raised."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        try:
            connection.ensure_connection()
            barrier.wait(timeout=10)
            return call()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def meet(monkeypatch: pytest.MonkeyPatch, target: Any, name: str, parties: int) -> None:
    """Make the first `parties` callers of a function wait for each other after it: the worst moment for a race."""
    barrier = threading.Barrier(parties)
    original, lock, entered = getattr(target, name), threading.Lock(), iter(range(parties))

    def slowed(*args: Any, **kwargs: Any) -> Any:
        result = original(*args, **kwargs)
        with lock:
            waits = next(entered, None) is not None
        if waits:
            barrier.wait(timeout=10)
        return result

    monkeypatch.setattr(target, name, slowed)


@pytest.mark.usefixtures("wechat_settings")
def test_parallel_first_logins_make_one_member(standin: StandIn) -> None:
    load_programme(name="ecommerce")
    codes = [standin.new_code("openid-new", unionid="union-new") for _login in range(PARALLEL)]

    answers = at_once(
        *(lambda code=code: APIClient().post("/api/v1/auth/login", {"code": code}, format="json") for code in codes)
    )

    assert [answer.status_code for answer in answers] == [200] * PARALLEL
    assert len({answer.json()["member"]["no"] for answer in answers}) == 1
    assert Member.objects.count() == Identity.objects.count() == 1
    assert Session.objects.count() == PARALLEL


def register_two_at_the_worst_moment(
    monkeypatch: pytest.MonkeyPatch, *openids: str, both_at: str = "_by_openid"
) -> list[Any]:
    load_programme(name="ecommerce")
    meet(monkeypatch, registration, both_at, parties=2)
    return at_once(
        *(
            lambda openid=openid: registration.register(openid=openid, unionid="union-new", at=now())
            for openid in openids
        )
    )


def test_one_person_coming_by_two_openids_at_once_is_one_member(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = register_two_at_the_worst_moment(monkeypatch, "openid-a", "openid-b")

    assert ids[0] == ids[1]
    assert Member.objects.count() == 1
    assert Identity.objects.count() == 2


def test_without_the_lock_one_person_would_be_two_members(monkeypatch: pytest.MonkeyPatch) -> None:
    """Control for the two tests above."""
    monkeypatch.setattr(registration, "_wait_for_the_same_person", lambda *_names: None)

    # Past every look at what is there: earlier, one could still see what the other has made.
    register_two_at_the_worst_moment(monkeypatch, "openid-a", "openid-b", both_at="_create")

    assert Member.objects.count() == 2


def test_parallel_growth_adds_up_and_rises_once() -> None:
    alice = new_member()

    results = at_once(*[lambda: add_growth(member_id=alice.pk, points=600, reason="order", at=now())] * PARALLEL)

    assert results == [None] * PARALLEL
    alice = Member.objects.select_related("tier").get(pk=alice.pk)
    assert (alice.growth_value, alice.tier.code) == (600 * PARALLEL, "silver")
    assert TierChange.objects.filter(member=alice).count() == 1


def test_parallel_growth_across_two_lines_ends_at_the_highest_with_an_unbroken_log() -> None:
    alice = new_member()

    at_once(*[lambda: add_growth(member_id=alice.pk, points=2_600, reason="order", at=now())] * PARALLEL)

    alice = Member.objects.select_related("tier").get(pk=alice.pk)
    assert (alice.growth_value, alice.tier.code) == (20_800, "platinum")
    log = list(TierChange.objects.filter(member=alice).order_by("growth_value").values_list("old_id", "new_id"))
    assert all(former[1] == following[0] for former, following in pairwise(log))
    assert log[-1][1] == alice.tier_id


def test_reading_and_writing_the_growth_apart_would_lose_points() -> None:
    """Control for the two tests above: the same sum done in Python."""
    alice = new_member()
    both_have_read = threading.Barrier(2)

    def read_then_write() -> None:
        member = Member.objects.get(pk=alice.pk)
        both_have_read.wait(timeout=10)
        member.growth_value += 600
        member.save()

    at_once(read_then_write, read_then_write)

    assert Member.objects.get(pk=alice.pk).growth_value == 600


def test_one_refresh_token_used_by_many_at_once_works_once_and_ends_the_session() -> None:
    alice = new_member()
    pair = sessions.open_session(member_id=alice.pk, device_id="phone", at=now())

    answers = at_once(
        *[lambda: APIClient().post("/api/v1/auth/refresh", {"refresh": pair.refresh}, format="json")] * PARALLEL
    )

    assert Counter(answer.status_code for answer in answers) == {200: 1, 401: PARALLEL - 1}
    assert Session.objects.get().revoked_because == "refresh_token_reused"


def test_parallel_first_addresses_leave_one_default() -> None:
    alice = new_member()
    facts = {"recipient": "x", "phone": "13800138000", "region": "x", "detail": "x", "is_default": True}

    results = at_once(*[lambda: addresses.add_address(member_id=alice.pk, facts=facts, at=now())] * PARALLEL)

    assert all(isinstance(result, Address) for result in results)
    assert Address.objects.count() == PARALLEL
    assert Address.objects.filter(is_default=True).count() == 1


def test_a_login_racing_with_closing_leaves_no_live_session() -> None:
    alice = new_member()

    results = at_once(
        lambda: accounts.close_account(member_id=alice.pk, because="asked", by="member", at=now()),
        *[lambda: sessions.open_session(member_id=alice.pk, device_id="phone", at=now())] * (PARALLEL - 1),
    )

    assert results[0] is None
    assert all(isinstance(result, sessions.TokenPair | MemberClosed) for result in results[1:])
    assert not Session.objects.filter(member=alice, revoked_at__isnull=True).exists()


def test_freezing_twice_at_once_is_one_move() -> None:
    alice = new_member()

    results = at_once(*[lambda: accounts.freeze(member_id=alice.pk, because="odd", by="staff", at=now())] * PARALLEL)

    assert Counter(type(result).__name__ for result in results) == {
        "NoneType": 1,
        "StatusMoveNotAllowed": PARALLEL - 1,
    }
