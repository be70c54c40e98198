"""Finding members by the names partners use."""

import pytest
from pytest_django import DjangoAssertNumQueries

from core.business_time import now
from members import selectors
from members.models import Identity, Member, Partner
from members.services.growth import add_growth
from members.services.partners import issue_partner_key
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


def test_members_are_counted_by_tier_the_empty_ones_too(alice: Member, bob: Member, carol: Member) -> None:
    add_growth(member_id=bob.pk, points=5_000, reason="order", at=now())

    counted = selectors.members_per_tier(member_ids=[alice.pk, bob.pk])

    assert [held for _name, held in counted] == [1, 0, 1, 0]


def test_a_partner_is_found_by_code(db: None) -> None:
    issue_partner_key(partner_code="shop", at=now())

    assert selectors.partner_id_by_code(code="shop") == Partner.objects.get().pk
    assert selectors.partner_id_by_code(code="cms") is None
