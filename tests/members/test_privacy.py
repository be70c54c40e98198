"""Nothing personal and no secret in the logs, whatever is called."""

import io
import logging
from collections.abc import Iterator

import pytest
import structlog
from django.db import IntegrityError, transaction
from django.test import Client
from rest_framework.test import APIClient

from core import logs
from core.business_time import now
from growth.services.programme import load_programme
from members.models import Identity, Member
from members.services.partners import issue_partner_key
from tests.factories import new_member
from tests.standin import StandIn

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("wechat_settings")]


@pytest.fixture
def everything_logged() -> Iterator[io.StringIO]:
    """What the process would write to its log at the lowest level, formatted as in production."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    formatter = logs.logging_settings(level="DEBUG")["formatters"]["json"]
    handler.setFormatter(formatter.pop("()")(**formatter))
    loggers = [logging.getLogger(name) for name in ("", "django")]
    before = [(logger, logger.level) for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
    # Each query with its values would be logged by a debugger's choice, never in production.
    logging.getLogger("django.db.backends").setLevel(logging.INFO)
    yield stream
    logging.getLogger("django.db.backends").setLevel(logging.NOTSET)
    for logger, level in before:
        logger.removeHandler(handler)
        logger.setLevel(level)


def test_a_members_whole_life_leaves_nothing_personal_in_the_log(
    standin: StandIn, everything_logged: io.StringIO
) -> None:
    load_programme(name="ecommerce")
    code = standin.new_code("openid-private", unionid="union-private")
    body = {
        "code": code,
        "device_id": "device-private",
        "invite_code": "invite-private",
        "share_token": "share-private",
    }
    login = APIClient().post("/api/v1/auth/login", body, format="json").json()
    client = APIClient(headers={"Authorization": f"Bearer {login['access']}", "User-Agent": "agent-private"})
    client.patch("/api/v1/members/me", {"nickname": "nick-private", "birthday": "1991-07-13"}, format="json")
    client.patch("/api/v1/members/me", {"nickname": "nick\x00-private", "birthday": "nonsense-private"}, format="json")
    address = {"recipient": "who-private", "phone": "13800138000", "region": "where-private", "detail": "door-private"}
    client.post("/api/v1/members/me/addresses", address, format="json")
    client.get("/api/v1/members/me")
    refreshed = APIClient().post("/api/v1/auth/refresh", {"refresh": login["refresh"]}, format="json").json()
    APIClient().post("/api/v1/auth/refresh", {"refresh": login["refresh"]}, format="json")
    client.get("/api/v1/members/me", headers={"Authorization": "Bearer token-private"})
    APIClient().post("/api/v1/auth/login", {"code": "code-private"}, format="json")

    written = everything_logged.getvalue()
    assert "member_registered" in written
    assert "refresh_token_reused" in written
    secrets = [code, login["access"], login["refresh"], refreshed["access"], refreshed["refresh"]]
    private = ["-private", "13800138000", "1991-07-13", *secrets]
    assert [text for text in private if text in written] == []


def test_what_staff_search_for_and_what_callers_claim_stays_out_of_the_log(
    everything_logged: io.StringIO, admin_client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    # Templates tell a debugger every name they did not find, with all that was there instead.
    caplog.set_level(logging.INFO, logger="django.template")
    headers = {"X-Correlation-ID": "claim-private"}

    assert admin_client.get("/admin/members/member/?q=openid-private", headers=headers).status_code == 200

    written = everything_logged.getvalue()
    assert "GET /admin/members/member/" in written
    assert "-private" not in written


def test_a_row_that_the_database_refuses_is_not_quoted(everything_logged: io.StringIO) -> None:
    member = new_member(openid="openid-private")
    log = structlog.get_logger("tests")
    for refused in ({"openid": "openid-private"}, {"kind": "none", "openid": "other-private"}):
        try:
            with transaction.atomic():
                Identity.objects.create(**{"member": member, "kind": "mini_program", "created_at": now()} | refused)
        except IntegrityError:
            log.exception("job_failed")

    written = everything_logged.getvalue()
    assert "identity_openid_unique_per_kind" in written
    assert "identity_kind_known" in written
    assert "-private" not in written


def test_a_partners_secret_stays_out_of_the_log(everything_logged: io.StringIO) -> None:
    key = issue_partner_key(partner_code="shop", at=now())

    written = everything_logged.getvalue()
    assert key.key_id in written
    assert key.secret not in written


def test_closing_an_account_is_logged_by_id_only(standin: StandIn, everything_logged: io.StringIO) -> None:
    load_programme(name="ecommerce")
    login = APIClient().post("/api/v1/auth/login", {"code": standin.new_code("openid-private")}, format="json").json()

    APIClient(headers={"Authorization": f"Bearer {login['access']}"}).delete("/api/v1/members/me")

    written = everything_logged.getvalue()
    assert f'"member_id": {Member.objects.get().pk}' in written
    assert "account_closed" in written
    assert "-private" not in written
