"""The jobs over all members, in rows per second, beside bare SQL doing the same writes on a copy of the same tables."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import date, timedelta

from bench import bare_jobs
from bench.data import DAYS_APART, PRODUCT
from bench.databases import ROOT, Databases, cursor
from bench.report import Goal, Report, Table
from bench.server import Server, program

GOAL = 0.7
PEAK_GOAL_MB = 200
AUDIT = ROOT / "points" / "sql" / "audit"
# On which day from now each job finds one row a member that is due.
ON_DAY = {"expire": DAYS_APART + 1, "release": 2, "award": 0}
TABLES = ("points_account", "points_lot", "points_entry", "points_hold")
OWN = 0


@dataclass(frozen=True)
class Ran:
    """What one run of a job came to."""

    rows: int
    chunk: int
    seconds: float
    server: float
    peak_mb: float

    @property
    def per_second(self) -> float:
        """Return rows per second."""
        return self.rows / self.seconds


def measure(report: Report, server: Server, databases: Databases, accounts: int, chunks: list[int]) -> None:
    """Add the tables of this part; `chunks` are sizes to try, none for the product's own."""
    table = Table(
        f"Jobs over {accounts:,} members",
        ("", "chunk", "rows/s", "bare rows/s", "ratio", "server CPU s", "bare CPU s", "peak MB"),
    )
    for job in ON_DAY:
        sizes = chunks if chunks and job != "award" else [OWN]
        for chunk in sizes:
            ours = _product(server, databases, job, accounts, chunk)
            bare = _bare(server, databases, job, accounts, ours.chunk)
            if ours.rows != accounts or bare.rows != accounts:
                raise RuntimeError(f"{job}: {ours.rows} and {bare.rows} rows, wanted {accounts}.")
            _add(report, table, job, ours, bare)
    _audit(report, table, server, databases)


def _add(report: Report, table: Table, job: str, ours: Ran, bare: Ran) -> None:
    ratio = ours.per_second / bare.per_second
    table.add(
        job, f"{ours.chunk:,}" if ours.chunk else "-", f"{ours.per_second:,.0f}", f"{bare.per_second:,.0f}",
        f"{ratio:.2f}", f"{ours.server:.1f}", f"{bare.server:.1f}", f"{ours.peak_mb:.0f}",
    )  # fmt: skip
    print(" ".join(table.rows[-1]), flush=True)
    chunk = f", chunks of {ours.chunk:,}" if ours.chunk else ""
    report.goals.append(Goal(f"{job} rows/s / bare SQL{chunk}", ratio, GOAL, at_most=False))
    report.goals.append(Goal(f"{job}, peak memory{chunk}", ours.peak_mb, PEAK_GOAL_MB, at_most=True, unit="MB"))


def _product(server: Server, databases: Databases, job: str, accounts: int, chunk: int) -> Ran:
    with databases.copy(PRODUCT, f"{job}_ours") as url:
        return _process(server, url, job, accounts, chunk)


def _process(server: Server, url: str, job: str, accounts: int, chunk: int) -> Ran:
    on = date.today() + timedelta(days=ON_DAY.get(job, 0))  # noqa: DTZ011 - only has to agree with current_date
    called = [sys.executable, "-m", "bench.job_process", job, on.isoformat(), str(chunk), str(accounts)]
    before = server.cpu_seconds()
    ran = subprocess.run(
        called, env=os.environ | {"DATABASE_URL": url}, cwd=ROOT, check=True, capture_output=True, text=True
    )
    used = server.cpu_seconds() - before
    done = json.loads(ran.stdout.splitlines()[-1])
    return Ran(done["rows"], done["chunk"], done["seconds"], used, done["peak_kb"] / 1024)


def _bare(server: Server, databases: Databases, job: str, accounts: int, chunk: int) -> Ran:
    on = date.today() + timedelta(days=ON_DAY[job])  # noqa: DTZ011
    with databases.copy(PRODUCT, f"{job}_bare") as url:
        before = server.cpu_seconds()
        rows, seconds = bare_jobs.run(job, url, on=on, chunk=chunk, accounts=accounts)
        return Ran(rows, chunk, seconds, server.cpu_seconds() - before, 0)


def _audit(report: Report, table: Table, server: Server, databases: Databases) -> None:
    """Run the audit as the worker does, and its queries by psql, over the same rows."""
    with databases.copy(PRODUCT, "audit") as url:
        # Both read what the other has brought into memory: once before.
        counts = [f"SELECT count(*) FROM {name}" for name in TABLES]
        rows = _count(url, counts)
        ours = _process(server, url, "audit", 0, OWN)
        queries = {path.stem: path.read_text(encoding="utf-8") for path in sorted(AUDIT.glob("*.sql"))}
        before = server.cpu_seconds()
        each = _psql(url, list(queries.values()))
        bare = Ran(rows, OWN, sum(each), server.cpu_seconds() - before, 0)
        scans = _psql(url, counts)
    _add(report, table, "audit", Ran(rows, OWN, ours.seconds, ours.server, ours.peak_mb), bare)
    parts = Table("The audit's queries, each alone by psql", ("", "seconds"))
    for name, seconds in zip(queries, each, strict=True):
        parts.add(name, f"{seconds:.2f}")
    parts.add("one bare scan of each table", f"{sum(scans):.2f}")
    report.show(table, parts)


def _count(url: str, statements: list[str]) -> int:
    with cursor(url) as at_database:
        at_database.execute(f"SELECT ({') + ('.join(statements)})")
        rows: int = at_database.fetchone()[0]
    return rows


def _psql(url: str, statements: list[str]) -> list[float]:
    """Run statements in one session; return the seconds of each."""
    script = "\\timing on\n" + "".join(f"{statement.rstrip()}\n;\n" for statement in statements)
    called = [program("psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", url]
    ran = subprocess.run(called, input=script, capture_output=True, text=True, check=True)
    return [float(found) / 1000 for found in re.findall(r"Time: ([\d.]+) ms", ran.stdout)]
