"""The OpenAPI document says how to call what members offer."""

from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from core.api import PartnerView
from tests.members import probe


@pytest.fixture(scope="module")
def document() -> Any:
    return SchemaGenerator(patterns=None).get_schema(request=None, public=True)


def test_member_calls_need_the_token_and_logging_in_does_not(document: Any) -> None:
    paths = document["paths"]

    assert paths["/api/v1/members/me"]["get"]["security"] == [{"memberToken": []}]
    for name in ("login", "refresh", "logout"):
        assert "security" not in paths[f"/api/v1/auth/{name}"]["post"]
    scheme = document["components"]["securitySchemes"]["memberToken"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")


def test_a_cursor_is_no_address(document: Any) -> None:
    page = document["paths"]["/api/v1/members/me/addresses"]["get"]["responses"]["200"]["content"]["application/json"]
    name = page["schema"]["$ref"].rpartition("/")[2]

    assert document["components"]["schemas"][name]["properties"]["next"] == {"type": "string", "nullable": True}


def test_partner_calls_need_three_headers_together() -> None:
    assert issubclass(probe.ProbeView, PartnerView)
    document: Any = SchemaGenerator(patterns=probe.urlpatterns).get_schema(request=None, public=True)

    assert document["paths"]["/api/v1/probe"]["post"]["security"] == [
        {"partnerKey": [], "partnerTimestamp": [], "partnerSignature": []}
    ]
    schemes = document["components"]["securitySchemes"]
    assert [schemes[name]["name"] for name in ("partnerKey", "partnerTimestamp", "partnerSignature")] == [
        "X-Mall-Key",
        "X-Mall-Timestamp",
        "X-Mall-Signature",
    ]


def test_bodies_and_answers_are_described(document: Any) -> None:
    login = document["paths"]["/api/v1/auth/login"]["post"]
    schemas = document["components"]["schemas"]

    body = schemas[login["requestBody"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]]
    assert body["required"] == ["code"]
    assert set(body["properties"]) == {"code", "device_id", "invite_code", "share_token"}
    answer = schemas[login["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]]
    assert set(answer["required"]) == {"access", "refresh", "expires_at", "device_id", "member"}


def test_lists_are_described_as_pages(document: Any) -> None:
    listing = document["paths"]["/api/v1/members/me/addresses"]["get"]["responses"]["200"]
    name = listing["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]

    assert set(document["components"]["schemas"][name]["properties"]) == {"next", "previous", "results"}


@pytest.mark.parametrize(("method", "status"), [("GET", 200), ("HEAD", 200), ("OPTIONS", 405), ("POST", 405)])
def test_the_page_about_the_api_is_there_to_be_read(anyone: APIClient, method: str, status: int) -> None:
    assert anyone.generic(method, "/api/v1/docs/").status_code == status
