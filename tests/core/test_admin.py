"""What every page of admin keeps to: rows of services are read-only, and former versions need the right to change."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.db.models import Model
from django.test import Client
from simple_history.admin import SimpleHistoryAdmin

from core.admin import ConfigurationAdmin, ReadOnlyAdmin
from core.business_time import now
from core.models import OutboxJob
from growth.services.programme import load_programme
from mall.services.catalogue import load_category
from members.services.partners import issue_partner_key
from points.models import Adjustment
from tests.factories import new_coupon_item

CONFIGURATION = [model for model, page in admin.site._registry.items() if isinstance(page, SimpleHistoryAdmin)]

READ_ONLY = [model for model, page in admin.site._registry.items() if isinstance(page, ReadOnlyAdmin)]


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


@pytest.mark.parametrize("model", READ_ONLY, ids=lambda model: model.__name__)
def test_rows_that_services_own_are_listed_and_not_added_without_a_use_case(
    model: type[Model], admin_client: Client, configured: None
) -> None:
    rows = model.objects.count()  # type: ignore[attr-defined]
    address = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"

    assert admin_client.get(address).status_code == 200
    # A form of a use case's own, as for adjustments, says what is missing.
    assert admin_client.post(f"{address}add/", {}).status_code == (200 if model is Adjustment else 403)
    assert model.objects.count() == rows  # type: ignore[attr-defined]


def test_a_job_that_was_given_up_is_opened_again_by_those_who_may(db: None) -> None:
    job = OutboxJob.objects.create(name="mall.fulfil", arguments={"redemption_id": 1}, attempts=12, failed_at=now())
    again = {"action": "retry_given_up", "_selected_action": [job.pk]}

    staff_with("view", OutboxJob).post("/admin/core/outboxjob/", again)
    job.refresh_from_db()
    assert job.failed_at is not None

    User.objects.all().delete()
    staff_with("change", OutboxJob).post("/admin/core/outboxjob/", again)
    job.refresh_from_db()
    assert (job.failed_at, job.attempts) == (None, 0)
