"""What a check-in and a redemption cost over HTTP, beside a bare view.

All are measured in one run, in turns, so that whatever else the machine does falls on all alike. The measure is CPU
time of the web processes per request: it does not depend on how many cores there are or how busy they are. PostgreSQL's
share is shown apart.
"""

import argparse
import logging
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from django.db import connection

from bench import cpu, load, world
from bench.load import Call
from launcher import ports, steps
from launcher.paths import Paths
from launcher.processes import Identity
from launcher.supervisor import Supervisor

GOAL = 3.0
WARM_UP = 100
LOAD_LOGGING = logging.WARNING

Calls = Callable[[int, int], Sequence[Call]]


@dataclass
class Subject:
    """Something measured: which calls, to which server, and what they have cost so far (seconds)."""

    title: str
    calls: Calls
    port: int
    pid: int
    web: float = 0.0
    postgres: float = 0.0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)

    @property
    def web_ms(self) -> float:
        """Return the web processes' CPU milliseconds per request."""
        return 1000 * self.web / len(self.latencies)


def main() -> int:
    """Measure, print the table, and return 0; 1 when the goal is asked for and missed."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=400, help="of each kind in a round")
    parser.add_argument("--clients", type=int, default=12, help="connections at a time")
    parser.add_argument("--strict", action="store_true", help=f"fail when a ratio is above {GOAL:g}")
    options = parser.parse_args()
    logging.disable(LOAD_LOGGING)
    print("Preparing members …", flush=True)
    scene = world.prepare(members=WARM_UP + options.rounds * options.requests)
    with _servers() as (product, bare):
        subjects = [
            Subject("bare view", scene.bare, *bare),
            Subject("bare view, in the product", scene.bare, *product),
            Subject("check-in", scene.check_ins, *product),
            Subject("redemption", scene.redemptions, *product),
        ]
        _measure(subjects, rounds=options.rounds, requests=options.requests, clients=options.clients)
    _print(subjects)
    missed = [subject for subject in subjects if subject.web_ms / subjects[0].web_ms > GOAL]
    return 1 if options.strict and missed else 0


@contextmanager
def _servers() -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Run the product's web server and the bare one; yield (port, process id) of each."""
    running: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as folder, Supervisor(_recorder(running)) as supervisor:
        paths = Paths(repo=Path(__file__).resolve().parent.parent, var=Path(folder))
        paths.make_folders()
        found = []
        for settings in ("bench.settings", "bench.settings_bare"):
            port = ports.pick()
            service = steps.Processes(paths, {"DJANGO_SETTINGS_MODULE": settings}).web(port)
            supervisor.start(replace(service, name=settings, log=paths.log / f"{settings}.log"))
            found.append((port, running[settings]))
        yield found[0], found[1]


def _recorder(running: dict[str, int]) -> Callable[[dict[str, Identity]], None]:
    def record(services: dict[str, Identity]) -> None:
        running.update({name: who.pid for name, who in services.items()})

    return record


def _measure(subjects: Sequence[Subject], *, rounds: int, requests: int, clients: int) -> None:
    postmaster = _postmaster()
    for subject in subjects:
        load.send(subject.calls(0, WARM_UP), port=subject.port, clients=clients)
    for number in range(rounds):
        start = WARM_UP + number * requests
        for subject in subjects:
            _measure_round(subject, subject.calls(start, start + requests), postmaster, clients=clients)
        print(f"Round {number + 1} of {rounds}", flush=True)


def _measure_round(subject: Subject, calls: Sequence[Call], postmaster: int | None, *, clients: int) -> None:
    web, postgres = cpu.tree_seconds(subject.pid), cpu.tree_seconds(postmaster) if postmaster else 0.0
    sent = load.send(calls, port=subject.port, clients=clients)
    subject.web += cpu.tree_seconds(subject.pid) - web
    subject.postgres += cpu.tree_seconds(postmaster) - postgres if postmaster else 0.0
    subject.seconds += sent.seconds
    subject.latencies += sent.latencies


def _postmaster() -> int | None:
    """Return the process all of PostgreSQL's processes descend from, None when it runs on another machine."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = cursor.fetchone()[0]
    return cpu.parent_of(backend) if cpu.name_of(backend).startswith("postgres") else None


def _print(subjects: Sequence[Subject]) -> None:
    bare, in_product = subjects[0], subjects[1]
    print(f"\n{'':<28}{'web CPU':>10}{'ratio':>8}{'to bare':>10}{'PostgreSQL':>13}{'requests':>11}{'latency ms':>16}")
    print(f"{'':<28}{'ms/req':>10}{'to bare':>8}{'in prod.':>10}{'CPU ms/req':>13}{'per s':>11}{'median   p95':>16}")
    for subject in subjects:
        median = 1000 * statistics.median(subject.latencies)
        late = 1000 * statistics.quantiles(subject.latencies, n=20)[-1]
        postgres = f"{1000 * subject.postgres / len(subject.latencies):.2f}" if subject.postgres else "-"
        print(
            f"{subject.title:<28}{subject.web_ms:>10.2f}{subject.web_ms / bare.web_ms:>8.2f}"
            f"{subject.web_ms / in_product.web_ms:>10.2f}{postgres:>13}"
            f"{len(subject.latencies) / subject.seconds:>11,.0f}{median:>9.1f}{late:>7.1f}"
        )
    print(f"\nGoal: at most {GOAL:g} × the bare view, in web CPU per request.")
    print(
        "The bare view verifies the token and does one SELECT. In the product: behind its middleware, limits and logs."
    )
