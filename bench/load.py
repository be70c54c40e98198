"""Clients that keep their connections open and send as fast as they are answered."""

import http.client
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from launcher.ports import HOST


@dataclass(frozen=True, kw_only=True)
class Call:
    """One POST to send, and the status it must be answered with."""

    path: str
    headers: dict[str, str]
    body: bytes = b""
    status: int = 201


@dataclass(frozen=True)
class Round:
    """What sending came to: all seconds from first to last, and each call's own."""

    seconds: float
    latencies: list[float]


def send(calls: Sequence[Call], *, port: int, clients: int) -> Round:
    """Send each call once, over so many connections at a time. Raises RuntimeError for a wrong answer."""
    started = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        shares = pool.map(lambda number: _send_share(calls[number::clients], port), range(clients))
        latencies = [latency for share in shares for latency in share]
    return Round(time.perf_counter() - started, latencies)


def _send_share(calls: Sequence[Call], port: int) -> list[float]:
    connection = http.client.HTTPConnection(HOST, port, timeout=60)
    latencies = []
    try:
        for call in calls:
            started = time.perf_counter()
            connection.request("POST", call.path, body=call.body, headers=call.headers)
            answer = connection.getresponse()
            body = answer.read()
            latencies.append(time.perf_counter() - started)
            if answer.status != call.status:
                raise RuntimeError(f"POST {call.path} was answered {answer.status}: {body.decode()[:300]}")
    finally:
        connection.close()
    return latencies
