"""Pages of configuration: their history is read by those who may look, and gone back to by those who may change."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.db.models import Model
from django.test import Client
from simple_history.admin import SimpleHistoryAdmin

from core.admin import ConfigurationAdmin
from core.business_time import now
from growth.services.programme import load_programme
from mall.services.catalogue import load_category
from members.services.partners import issue_partner_key
from tests.factories import new_coupon_item

CONFIGURATION = [model for model, page in admin.site._registry.items() if isinstance(page, SimpleHistoryAdmin)]


def staff_with(verb: str, model: type[Model]) -> Client:
    user = User.objects.create_user("wang", is_staff=True)
    label, name = model._meta.app_label, model._meta.model_name
    user.user_permissions.add(Permission.objects.get(content_type__app_label=label, codename=f"{verb}_{name}"))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def configured(db: None) -> None:
    load_programme(name="ecommerce")
    load_category(name="Drinks", sort=1)
    new_coupon_item()
    issue_partner_key(partner_code="shop", at=now())


def former_version_of(model: type[Model]) -> str:
    former = model.history.latest()  # type: ignore[attr-defined]
    return f"/admin/{model._meta.app_label}/{model._meta.model_name}/{former.id}/history/{former.history_id}/"


def test_every_page_with_a_history_guards_it() -> None:
    assert CONFIGURATION
    assert all(isinstance(admin.site._registry[model], ConfigurationAdmin) for model in CONFIGURATION)


@pytest.mark.parametrize("model", CONFIGURATION, ids=lambda model: model.__name__)
def test_who_may_only_look_changes_nothing_through_the_history(model: type[Model], configured: None) -> None:
    client = staff_with("view", model)
    before = list(model.objects.order_by("pk").values())  # type: ignore[attr-defined]
    address = former_version_of(model)

    assert client.get(address).status_code == 200
    assert client.post(address, {}).status_code == 403
    assert list(model.objects.order_by("pk").values()) == before  # type: ignore[attr-defined]


@pytest.mark.parametrize("model", CONFIGURATION, ids=lambda model: model.__name__)
def test_who_may_change_is_let_in(model: type[Model], configured: None) -> None:
    assert staff_with("change", model).post(former_version_of(model), {}).status_code in {200, 302}
