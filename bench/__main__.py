"""`python -m bench [part …]`: measure on scratch databases of the server that DATABASE_URL names.

ledger   server CPU and calls per second of award and spend, beside the limit and beside other packages
jobs     expiry, release, award to all and audit, beside bare SQL
http     a check-in and a redemption over HTTP, beside a bare view
schema   what each index and constraint of the ledger's tables costs (only when named)
"""

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import django
from django.db import connections

from bench import callers, data, jobs, ledger_cost, schema
from bench.data import Size
from bench.databases import ROOT, Databases
from bench.peers import comparison
from bench.pgbench import Amount
from bench.report import Report
from bench.server import Server

PARTS = ("ledger", "jobs", "http", "schema")
BY_DEFAULT = ("ledger", "jobs", "http")


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.settings")


def main(arguments: Sequence[str]) -> int:
    """Measure the parts that are asked for, print everything, and return 0; with --strict 1 for a missed goal."""
    options = _options(arguments)
    report = Report()
    with Databases(os.environ["DATABASE_URL"]) as databases:
        _measure(report, databases, options)
    if report.goals:
        print(report.goals_table().as_text(), flush=True)
    if options.report:
        report.write(options.report, f"make bench ARGS={shlex.quote(shlex.join(arguments))}")
    return 1 if options.strict and not all(goal.is_met for goal in report.goals) else 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS))
    parser.add_argument("--accounts", type=int, default=1_000_000, help="members on both sides of ledger and jobs")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4, help="of each kind in a round")
    parser.add_argument("--requests", type=int, default=400, help="over HTTP, of each kind in a round")
    parser.add_argument("--clients", type=int, default=12, help="HTTP connections at a time")
    parser.add_argument("--chunks", type=int, nargs="+", default=[], help="sizes to try in jobs; else the jobs' own")
    parser.add_argument("--no-peers", action="store_true", help="leave out the other packages")
    parser.add_argument("--peers", type=Path, default=ROOT / "var" / "bench-peers", help="folder of their environment")
    parser.add_argument("--smoke", action="store_true", help="only a few calls of each kind, to see that all runs")
    parser.add_argument("--report", type=Path, metavar="FILE", help="also write everything as Markdown")
    parser.add_argument("--strict", action="store_true", help="fail when a goal is missed")
    options = parser.parse_args(arguments)
    options.parts = options.parts or list(BY_DEFAULT)
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    return options


def _measure(report: Report, databases: Databases, options: argparse.Namespace) -> None:
    parts = set(options.parts)
    server = Server(databases.server, pause=0) if options.smoke else Server(databases.server)
    amount = Amount(rounds=options.rounds, seconds=options.seconds)
    if options.smoke:
        amount = Amount(rounds=1, seconds=0.1, calls=20)
    _say("Making tables …")
    databases.migrated(data.EMPTY)
    if {"ledger", "jobs"} & parts:
        _say(f"Loading {options.accounts:,} members …")
        data.load_product(databases.create(data.PRODUCT, like=data.EMPTY), Size(options.accounts))
    if "ledger" in parts:
        _measure_ledger(report, server, databases, amount, options)
    if "jobs" in parts:
        jobs.measure(report, server, databases, options.accounts, options.chunks)
    if "http" in parts:
        _measure_http(report, server, databases, options)
    if "schema" in parts:
        schema.measure(report, server, databases, options.accounts, amount, few=options.smoke)


def _measure_ledger(
    report: Report, server: Server, databases: Databases, amount: Amount, options: argparse.Namespace
) -> None:
    size = Size(options.accounts)
    with databases.copy(data.PRODUCT, "ledger") as url:
        data.load_special(url, size)
        data.warm(url)
        databases.settle()
        ledger_cost.measure(report, server, url, size, amount)
        callers.measure(report, server, url, size, amount)
        if not options.no_peers:
            comparison.measure(
                report, server, databases, ours_url=url, accounts=size.accounts, seconds=3 * amount.seconds,
                folder=options.peers,
            )  # fmt: skip


def _measure_http(report: Report, server: Server, databases: Databases, options: argparse.Namespace) -> None:
    os.environ["DATABASE_URL"] = databases.create("http", like=data.EMPTY)
    os.environ["CACHE_KEY_PREFIX"] = f"bench-{os.getpid()}"
    django.setup()
    from bench import http_cost  # noqa: PLC0415 - it needs Django set up, and no other part does

    http_cost.measure(report, server, rounds=options.rounds, requests=options.requests, clients=options.clients)
    connections.close_all()


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
