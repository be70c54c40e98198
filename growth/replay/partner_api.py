"""The partner's side of `POST events`: signed, in batches, sent again until it is answered."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import requests

from core.business_time import now
from growth.replay import patience
from members.services.partners import IssuedKey, signed_headers

PATH = "/api/v1/events"
CONNECT_SECONDS = 5
# A batch of 1,000 events takes seconds; a server that was killed takes none, its connection is closed.
ANSWER_SECONDS = 120
TOO_MANY_REQUESTS = 429
SERVER_ERRORS = 500
# Events answered so were not taken in, for a reason that passes.
PASSING = {"unavailable", "event_in_progress"}


class Unavailable(Exception):
    """Not answered, or answered by "later"; sent again it may be."""


class GaveUp(Exception):
    """The server has been away for longer than we wait."""


class Refused(Exception):
    """The server will not take this call however often it is sent."""


class PartnerApi:
    """One partner's connection. `on_trouble` is told each reason to wait."""

    def __init__(
        self, *, base_url: str, key: IssuedKey, patience_seconds: float, on_trouble: Callable[[str], None]
    ) -> None:
        self._url = base_url.rstrip("/") + PATH
        self._key = key
        self._patience_seconds = patience_seconds
        self._on_trouble = on_trouble
        self._http = requests.Session()
        # Proxies and passwords of this machine's user are nothing to do with us.
        self._http.trust_env = False

    def report(self, events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Report the events and return one answer each. Raises GaveUp or Refused.

        Sent again after an answer was lost, an event that had been taken in is answered as a duplicate, with the
        award it got the first time.
        """
        trouble = Unavailable("never tried")
        for _attempt in patience.attempts(seconds=self._patience_seconds):
            try:
                return self._send(events)
            except Unavailable as reason:
                trouble = reason
                self._on_trouble(str(reason))
        raise GaveUp(f"no answer for {self._patience_seconds:.0f} s: {trouble}")

    def _send(self, events: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        body = json.dumps({"events": list(events)}, separators=(",", ":")).encode()
        # Signed at each attempt: a signature is fresh for minutes, and we may have waited.
        request = self._http.prepare_request(requests.Request("POST", self._url, data=body))
        request.headers.update(signed_headers(key=self._key, method="POST", path=request.path_url, body=body, at=now()))
        request.headers["Content-Type"] = "application/json"
        try:
            response = self._http.send(request, timeout=(CONNECT_SECONDS, ANSWER_SECONDS))
        except requests.RequestException as error:
            raise Unavailable(type(error).__name__) from error
        return _results(response)


def _results(response: requests.Response) -> list[dict[str, Any]]:
    if response.status_code >= SERVER_ERRORS or response.status_code == TOO_MANY_REQUESTS:
        raise Unavailable(f"HTTP {response.status_code}")
    if response.status_code != requests.codes.ok:
        raise Refused(f"HTTP {response.status_code}: {response.text[:300]}")
    try:
        results: list[dict[str, Any]] = response.json()["results"]
    except (ValueError, KeyError) as error:
        raise Refused("The answer is not one of the points mall. Is the address right?") from error
    if passing := [result for result in results if result.get("code") in PASSING]:
        raise Unavailable(f"{len(passing)} events: {passing[0]['code']}")
    return results
