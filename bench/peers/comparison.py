"""Awards and spends per second of the other packages, two processes at a time, beside the ledger's."""

import itertools
import json
import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench import callers
from bench.callers import PROCESSES, Speed
from bench.databases import ROOT, Databases
from bench.peers import environment
from bench.report import Goal, Report, Table
from bench.server import Server

GOALS = {"django-hordak": 10, "pinax-points": 70}
KINDS = ("earn", "spend")
# pinax-points looks at all accounts for each award, so it is also measured with fewer.
FEWER = 10
NOTE = (
    "On Django {version}: django-hordak as it is; pinax-points does not load there until two names that Django 4"
    " removed are put back (bench/peers/settings.py). Neither knows expiry, lots, repeated keys or what a member may"
    " spend at most: they do less. django-hordak writes a transaction and two legs, pinax-points a row and a total, and"
    " then renumbers who stands between the old total and the new, without a transaction: in one, two awards deadlock."
    " All totals differ, as suits it."
)
SECONDS_TO_START = 3.0


def measure(
    report: Report, server: Server, databases: Databases, *, ours_url: str, accounts: int, seconds: float, folder: Path
) -> None:
    """Add the table of other packages; the ledger is measured again right after each. Without network, say so."""
    table = Table(
        "The same award and spend by other packages",
        ("", "calls/s", "client µs", "server µs", "our calls/s", "ratio", "ratio of CPU"),
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
        databases.settle()
        first = last + 1
        for peer, kind in itertools.product(GOALS, KINDS):
            if last < accounts and peer != "pinax-points":
                continue
            theirs = _measure(server, interpreter, environ, (peer, kind, str(seconds), str(last)))
            ours = callers.once(server, ours_url, kind, accounts, seconds)
            ratio = ours.per_second / theirs.per_second
            client, at_server = (f"{1e6 * used / theirs.calls:,.0f}" for used in (theirs.client, theirs.server))
            table.add(
                f"{kind}, {peer}, {last:,} accounts", f"{theirs.per_second:,.1f}", client, at_server,
                f"{ours.per_second:,.0f}", f"{ratio:.1f}", f"{theirs.micros / ours.micros:.1f}",
            )  # fmt: skip
            if last == accounts:
                report.goals.append(Goal(f"{kind} / {peer}", ratio, GOALS[peer], at_most=False))
    table.notes.append(NOTE.format(version=made["django"]))
    report.show(table)
    databases.drop("peers")


def _measure(server: Server, interpreter: Path, environ: Mapping[str, str], what: tuple[str, ...]) -> Speed:
    speed = Speed()
    at = str(time.time() + SECONDS_TO_START)
    before = server.cpu_seconds()
    running = [_start(interpreter, environ, "run", *what, at) for _process in range(PROCESSES)]
    for one in [_answer(process) for process in running]:
        speed.calls += one["calls"]
        speed.per_second += one["calls"] / one["seconds"]
        speed.client += one["cpu"]
    speed.server = server.cpu_seconds() - before
    return speed


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
