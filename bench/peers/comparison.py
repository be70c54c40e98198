"""Awards and spends per second of the other packages, two processes at a time, beside the ledger's."""

import json
import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.callers import PROCESSES, Speed
from bench.databases import ROOT, Databases
from bench.peers import environment
from bench.pgbench import Amount
from bench.report import Goal, Report, Table
from bench.server import Server

GOALS = {"django-hordak": 10, "pinax-points": 70}
KINDS = ("earn", "spend")
# pinax-points looks at all accounts for each award, so it is also measured with fewer.
FEWER = 10
SECONDS_TO_START = 3.0


def measure(
    report: Report, server: Server, databases: Databases, *, ours: Mapping[str, float], accounts: int,
    amount: Amount, folder: Path,
) -> None:  # fmt: skip
    """Add the table of other packages; `ours` are the ledger's calls per second. Without network, say so."""
    table = Table(
        "The same award and spend by other packages", ("", "calls/s", "client µs", "server µs", "ours / theirs")
    )
    try:
        interpreter = environment.python(folder)
    except environment.NotInstalledError as error:
        table.notes.append(f"Not measured: the packages could not be installed ({error}).")
        report.show(table)
        return
    environ = os.environ | {"DATABASE_URL": databases.create("peers")}
    first = 1
    for last in sorted({max(1, accounts // FEWER), accounts}):
        made = _worker(interpreter, environ, "prepare", str(first), str(last))
        first = last + 1
        for peer, goal in GOALS.items():
            if last < accounts and peer != "pinax-points":
                continue
            for kind in KINDS:
                speed = _measure(server, interpreter, environ, (peer, kind, str(amount.seconds), str(last)), amount)
                ratio = ours[kind] / (speed.per_second / amount.rounds)
                _add(table, f"{kind}, {peer}, {last:,} accounts", speed, amount, ratio)
                if last == accounts:
                    report.goals.append(Goal(f"{kind} / {peer}", ratio, goal, at_most=False))
    table.notes.append(
        f"On Django {made['django']}: django-hordak as it is; pinax-points does not load there until two names that"
        " Django 4 removed are put back (bench/peers/settings.py). Neither knows expiry, lots, repeated keys or what a"
        " member may spend at most: they do less. django-hordak writes a transaction and two legs, pinax-points a row"
        " and a total, and then renumbers who stands between the old total and the new; all totals differ, as suits it."
    )
    report.show(table)
    databases.drop("peers")


def _measure(
    server: Server, interpreter: Path, environ: Mapping[str, str], what: tuple[str, ...], amount: Amount
) -> Speed:
    speed = Speed()
    for _number in range(amount.rounds):
        at = str(time.time() + SECONDS_TO_START)
        before = server.cpu_seconds()
        running = [_start(interpreter, environ, "run", *what, at) for _process in range(PROCESSES)]
        for one in [_answer(process) for process in running]:
            speed.calls += one["calls"]
            speed.per_second += one["calls"] / one["seconds"]
            speed.client += one["cpu"]
        speed.server += server.cpu_seconds() - before
    return speed


def _add(table: Table, name: str, speed: Speed, amount: Amount, ratio: float) -> None:
    client, at_server = (f"{1e6 * seconds / speed.calls:,.0f}" for seconds in (speed.client, speed.server))
    table.add(name, f"{speed.per_second / amount.rounds:,.1f}", client, at_server, f"{ratio:,.0f}")


def _worker(interpreter: Path, environ: Mapping[str, str], *arguments: str) -> Any:
    return _answer(_start(interpreter, environ, *arguments))


def _start(interpreter: Path, environ: Mapping[str, str], *arguments: str) -> subprocess.Popen[str]:
    called = [str(interpreter), "-m", "bench.peers.worker", *arguments]
    return subprocess.Popen(called, env=environ, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def _answer(process: subprocess.Popen[str]) -> Any:
    output, _errors = process.communicate()
    if process.returncode:
        raise RuntimeError(f"The peers' process ended with {process.returncode}.")
    return json.loads(output.splitlines()[-1])
