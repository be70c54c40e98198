"""Movements as Python makes them: the product's doors beside psycopg2 calling the lean functions.

Two processes call at the same time, in turns of a few seconds per kind, each over a connection of its own.
"""

import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from typing import Any

from bench.data import Size
from bench.pgbench import Amount, Reading
from bench.report import Goal, Report, Table
from bench.server import Server

PROCESSES = 2
GOAL = 0.7
LOOKS = ("balance", "first page of the statement")
LOOKS_A_ROUND = 200


@dataclass(frozen=True)
class Done:
    """What one process did: calls, seconds, and its own CPU seconds."""

    calls: int
    seconds: float
    cpu: float


@dataclass
class Speed:
    """What calls of one kind came to over all rounds: calls, calls per second, CPU seconds."""

    calls: int = 0
    per_second: float = 0.0
    client: float = 0.0
    server: float = 0.0

    @property
    def micros(self) -> float:
        """Return CPU microseconds per call, client and server."""
        return 1e6 * (self.client + self.server) / self.calls


def measure(report: Report, server: Server, url: str, size: Size, amount: Amount) -> None:
    """Add the table of calls per second to the report."""
    names = [
        f"{what}{how}" for what in ("earn", "spend") for how in (", psycopg2, autocommit", ", psycopg2, commit", "")
    ]
    speeds = {name: Speed() for name in names}
    with pool(url) as callers:
        for _number in range(amount.rounds):
            for name in names:
                _round(callers, server, speeds[name], (name, size.accounts, amount.seconds))
    table = Table(
        f"Calls per second from Python ({PROCESSES} processes)",
        ("", "calls/s", "client µs", "server µs", "to autocommit", "to commit"),
    )
    for name in names:
        what, speed = name.split(",")[0], speeds[name]
        cheap, like = (speeds[f"{what}, psycopg2, {how}"].per_second for how in ("autocommit", "commit"))
        client, at_server = (1e6 * seconds / speed.calls for seconds in (speed.client, speed.server))
        rates = [f"{speed.per_second / other:.2f}" for other in (cheap, like)]
        title = name if "," in name else f"{name}, ours in atomic()"
        table.add(title, f"{speed.per_second / amount.rounds:,.0f}", f"{client:.0f}", f"{at_server:.0f}", *rates)
        if "," not in name:
            for how, other in (("autocommit", cheap), ("commit", like)):
                ratio = speed.per_second / other
                report.goals.append(Goal(f"{name} from Python / lean, {how}", ratio, GOAL, at_most=False))
    report.show(table)


def once(server: Server, url: str, kind: str, accounts: int, seconds: float) -> Speed:
    """Return what the product's earn or spend comes to now."""
    speed = Speed()
    with pool(url) as callers:
        _round(callers, server, speed, (kind, accounts, seconds))
    return speed


def looks(server: Server, url: str, size: Size, amount: Amount) -> dict[tuple[str, int], Reading]:
    """Return what a look at the balance and one at the statement cost, client and server, by (name, member)."""
    calls = min(LOOKS_A_ROUND, size.accounts)
    found = {(name, member): Reading() for name in LOOKS for member in (size.new, size.old)}
    with pool(url, processes=1) as callers:
        for _number in range(amount.rounds):
            for (name, member), reading in found.items():
                before = server.cpu_seconds()
                # Many times as many as asked for: the clock of a process ticks a hundred times a second.
                client = callers.apply(_look, (name, member, calls * 10))
                reading.add(calls * 10, client + server.cpu_seconds() - before)
    return found


@contextmanager
def pool(url: str, *, processes: int = PROCESSES) -> Iterator[Any]:
    """Lend processes that have set up Django for the database."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(processes)
    with context.Pool(processes, initializer=_set_up, initargs=(url, barrier)) as callers:
        yield callers


def _round(callers: Any, server: Server, speed: Speed, what: tuple[str, int, float]) -> None:
    before = server.cpu_seconds()
    done = callers.starmap(_call, [what] * PROCESSES, chunksize=1)
    speed.server += server.cpu_seconds() - before
    speed.calls += sum(one.calls for one in done)
    speed.per_second += sum(one.calls / one.seconds for one in done)
    speed.client += sum(one.cpu for one in done)


_together: Barrier


def _set_up(url: str, barrier: Barrier) -> None:
    global _together  # noqa: PLW0603 - a pool's initializer has no other way to hand its processes something
    _together = barrier
    os.environ["DATABASE_URL"] = url
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench.settings"
    import django  # noqa: PLC0415 - settings are read once, and the address must stand before

    django.setup()


def _call(name: str, accounts: int, seconds: float) -> Any:
    from bench import work  # noqa: PLC0415 - needs Django set up

    call = work.kinds(accounts)[name]
    # Also hands each process its share: who waits here cannot take a second one.
    _together.wait()
    return work.loop(call, seconds)


def _look(name: str, member_id: int, calls: int) -> float:
    from bench import work  # noqa: PLC0415 - needs Django set up

    return work.look(name, member_id, calls)
