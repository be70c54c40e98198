"""The ledger in admin: everything can be read, and nothing touched, not even by who may do everything."""

import pytest
from django.contrib.auth.models import User
from django.db.models import Model
from django.test import Client

from members.models import Member
from points.models import Account, Audit, Entry, Hold, Lot
from points.services import audits
from tests.points.book import NOON, account, earn, faults, hold, spend


@pytest.fixture
def boss(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("boss", password="not used"))
    return client


@pytest.fixture
def books(alice: Member) -> Member:
    earn(alice.pk, 100, key="a")
    spend(alice.pk, 30, key="s")
    hold(alice.pk, 20, key="h")
    audits.run_audit(at=NOON)
    return alice


@pytest.mark.parametrize("model", [Account, Entry, Lot, Hold, Audit], ids=lambda model: model.__name__)
def test_a_row_is_shown_and_neither_edited_nor_deleted(model: type[Model], boss: Client, books: Member) -> None:
    row = model.objects.order_by("-pk").values()[0]  # type: ignore[attr-defined]
    pk = row[model._meta.pk.attname]
    address = f"/admin/points/{model._meta.model_name}/{pk}"

    page = boss.get(f"{address}/change/")

    assert page.status_code == 200
    assert not page.context["has_change_permission"]
    assert boss.post(f"{address}/change/", {"balance": 1_000, "amount": 1_000, "points": 1_000}).status_code == 403
    assert boss.post(f"{address}/delete/", {"post": "yes"}).status_code == 403
    assert model.objects.filter(pk=pk).values()[0] == row  # type: ignore[attr-defined]
    assert faults() == []


def test_the_members_page_shows_balance_and_statement(boss: Client, books: Member) -> None:
    panels = boss.get(f"/admin/members/member/{books.pk}/change/").context["panels"]

    balance, statement = (panel["table"]["rows"] for panel in panels[:2])
    assert [figure for _what, figure in balance[:3]] == [account(books.pk).balance, 20, 0]
    assert [row[2] for row in statement] == [-30, 100]
