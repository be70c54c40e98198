"""Finding members by the names partners use."""

import pytest
from pytest_django import DjangoAssertNumQueries

from members import selectors
from members.models import Identity, Member
from tests.factories import new_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def carol() -> Member:
    return new_member("Carol", openid="openid-carol", unionid="union-carol")


def test_a_member_is_found_by_each_public_name(carol: Member) -> None:
    assert selectors.member_id_by_no(no=carol.no) == carol.pk
    assert selectors.member_id_by_openid(openid="openid-carol") == carol.pk
    assert selectors.member_id_by_unionid(unionid="union-carol") == carol.pk


def test_nobody_is_none(carol: Member) -> None:
    assert selectors.member_id_by_no(no="0000000000") is None
    assert selectors.member_id_by_openid(openid="union-carol") is None
    assert selectors.member_id_by_unionid(unionid="openid-carol") is None


def test_a_batch_is_answered_in_order_with_one_query_for_each_kind(
    alice: Member, bob: Member, carol: Member, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    openid = Identity.objects.get(member=bob).openid
    refs = [
        {"unionid": "union-carol"},
        {"no": alice.no},
        {"openid": "nobody"},
        {"openid": openid},
        {"no": alice.no},
        {},
    ]

    with django_assert_num_queries(3):
        found = selectors.resolve_members(refs=refs)

    assert found == [carol.pk, alice.pk, None, bob.pk, alice.pk, None]


def test_standing_takes_one_query(alice: Member, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(1):
        assert selectors.standing(member_id=alice.pk).tier_level == 0


def test_standing_of_nobody_is_refused(alice: Member) -> None:
    with pytest.raises(selectors.MemberNotFound):
        selectors.standing(member_id=alice.pk + 1000)
