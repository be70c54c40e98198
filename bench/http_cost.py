"""What a check-in and a redemption cost over HTTP, beside a bare view.

All are measured in one run, in turns, so that whatever else the machine does falls on all alike. The measure is CPU
time of the web processes per request: it does not depend on how many cores there are or how busy they are. PostgreSQL's
share is shown apart.
"""

import logging
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench import cpu, load, world
from bench.load import Call
from bench.report import Goal, Report, Table
from bench.server import Server
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
        return 1000 * max(self.web, cpu.TICK) / len(self.latencies)


def measure(report: Report, server: Server, *, rounds: int, requests: int, clients: int) -> None:
    """Add this part's table to the report. Django is set up, and its database is a scratch one."""
    logging.disable(LOAD_LOGGING)
    scene = world.prepare(members=WARM_UP + rounds * requests)
    with _servers() as (product, bare):
        subjects = [
            Subject("bare view", scene.bare, *bare),
            Subject("bare view, in the product", scene.bare, *product),
            Subject("check-in", scene.check_ins, *product),
            Subject("redemption", scene.redemptions, *product),
        ]
        _measure(subjects, server, rounds=rounds, requests=requests, clients=clients)
    report.show(_table(subjects))
    for subject in subjects[2:]:
        ratio = subject.web_ms / subjects[0].web_ms
        report.goals.append(Goal(f"web CPU of {subject.title} / bare view", ratio, GOAL, at_most=True))


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


def _measure(subjects: Sequence[Subject], server: Server, *, rounds: int, requests: int, clients: int) -> None:
    for subject in subjects:
        load.send(subject.calls(0, WARM_UP), port=subject.port, clients=clients)
    for number in range(rounds):
        start = WARM_UP + number * requests
        for subject in subjects:
            _measure_round(subject, subject.calls(start, start + requests), server, clients=clients)


def _measure_round(subject: Subject, calls: Sequence[Call], server: Server, *, clients: int) -> None:
    web, postgres = cpu.tree_seconds(subject.pid), cpu.tree_seconds(server.pid)
    sent = load.send(calls, port=subject.port, clients=clients)
    subject.web += cpu.tree_seconds(subject.pid) - web
    subject.postgres += cpu.tree_seconds(server.pid) - postgres
    subject.seconds += sent.seconds
    subject.latencies += sent.latencies


def _table(subjects: Sequence[Subject]) -> Table:
    bare, in_product = subjects[0], subjects[1]
    table = Table(
        "Over HTTP: CPU per request",
        ("", "web ms", "to bare", "to bare in the product", "PostgreSQL ms", "requests/s", "median ms", "p95 ms"),
    )
    for subject in subjects:
        median = 1000 * statistics.median(subject.latencies)
        late = 1000 * statistics.quantiles(subject.latencies, n=20)[-1]
        postgres = f"{1000 * subject.postgres / len(subject.latencies):.2f}"
        to_bare, to_in_product = (f"{subject.web_ms / other.web_ms:.2f}" for other in (bare, in_product))
        rate = f"{len(subject.latencies) / subject.seconds:,.0f}"
        table.add(
            subject.title,
            f"{subject.web_ms:.2f}",
            to_bare,
            to_in_product,
            postgres,
            rate,
            f"{median:.1f}",
            f"{late:.1f}",
        )
    table.notes.append(
        "The bare view verifies the token and does one SELECT. In the product: behind its middleware, limits and logs."
    )
    return table
