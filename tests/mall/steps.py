"""What members do in the mall, over HTTP."""

import itertools
from typing import Any

from rest_framework.test import APIClient

from mall.models import Item

REDEMPTIONS = "/api/v1/mall/redemptions"
_keys = itertools.count(1)


def redeem(client: APIClient, item: Item, *, key: str | None = None, **body: Any) -> Any:
    """POST a redemption; without `key` as a new request."""
    return client.post(
        REDEMPTIONS,
        {"item_id": item.pk} | body,
        format="json",
        headers={"Idempotency-Key": key or f"redeem-{next(_keys)}"},
    )


def cancel(client: APIClient, no: str, *, key: str | None = None) -> Any:
    """POST a cancellation; without `key` as a new request."""
    return client.post(
        f"{REDEMPTIONS}/{no}/cancel", {}, format="json", headers={"Idempotency-Key": key or f"cancel-{next(_keys)}"}
    )


def new_address(client: APIClient) -> int:
    """Add an address and return its id."""
    body = {"recipient": "Alice", "phone": "13800138000", "region": "Shanghai", "detail": "1 Nanjing Road"}
    answer = client.post("/api/v1/members/me/addresses", body, format="json")
    assert answer.status_code == 201, answer.content
    return int(answer.json()["id"])


def balance(client: APIClient) -> int:
    """Return what the member can spend."""
    return int(client.get("/api/v1/points/balance").json()["balance"])
