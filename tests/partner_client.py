"""A partner system as tests play it: signs its calls by the protocol of docs/api.md, with code of its own."""

import hashlib
import hmac
import itertools
import json
from datetime import datetime, timedelta
from typing import Any

from rest_framework.test import APIClient

from core.business_time import now
from members.services.partners import issue_partner_key

_numbers = itertools.count(1)


class PartnerClient:
    """Reports events as one partner. `report` returns the results; `post` the raw response."""

    def __init__(self, *, code: str = "shop", history: bool = False, behaviours: tuple[str, ...] = ()) -> None:
        self.key = issue_partner_key(partner_code=code, behaviours=behaviours, may_report_history=history, at=now())

    def report(self, *events: dict[str, Any]) -> list[dict[str, Any]]:
        """Report the events as one batch and return their results."""
        response = self.post({"events": list(events)})
        assert response.status_code == 200, response.content
        results: list[dict[str, Any]] = response.json()["results"]
        return results

    def report_one(self, event: dict[str, Any]) -> dict[str, Any]:
        """Report one event and return its result."""
        return self.report(event)[0]

    def post(self, body: Any, *, path: str = "/api/v1/events", **headers: str) -> Any:
        """Send the body signed; headers given replace ours."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        timestamp = str(int(now().timestamp()))
        message = f"{timestamp}\nPOST\n{path}\n{hashlib.sha256(raw).hexdigest()}"
        signed = {
            "X-Mall-Key": self.key.key_id,
            "X-Mall-Timestamp": timestamp,
            "X-Mall-Signature": hmac.new(self.key.secret.encode(), message.encode(), hashlib.sha256).hexdigest(),
        }
        return APIClient().post(path, raw, content_type="application/json", headers=signed | headers)


def event(
    behaviour: str, member_no: str, *, at: datetime | None = None, event_id: str = "", **data: Any
) -> dict[str, Any]:
    """Return an event as the API takes it; without `at` it happened a minute ago."""
    happened = at or now() - timedelta(minutes=1)
    return {
        "event_id": event_id or f"event-{next(_numbers)}",
        "behaviour": behaviour,
        "member": {"no": member_no},
        "occurred_at": happened.isoformat(),
        "data": data,
    }
