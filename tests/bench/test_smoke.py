"""The benchmark runs: every part of it, with next to no data. What it measures so is worth nothing."""

import os
import re
import subprocess
import sys
from pathlib import Path

import psycopg2
import pytest

from bench.peers import environment
from bench.peers.environment import NotInstalledError
from bench.pgbench import literal
from bench.report import Goal, Table

ROOT = Path(__file__).resolve().parent.parent.parent
SMALL = ["--smoke", "--accounts=200", "--rounds=1", "--requests=20", "--clients=2"]


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    called = [sys.executable, "-m", "bench", *arguments, *SMALL]
    # Its own settings: what the tests set for themselves would hide what it needs.
    environ = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    return subprocess.run(called, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)


def databases() -> set[str]:
    connection = psycopg2.connect(os.environ["DATABASE_URL"])
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE 'bench%'")
        return {name for (name,) in cursor.fetchall()}


def test_every_part_runs_and_is_in_the_report(tmp_path: Path) -> None:
    report = tmp_path / "bench.md"

    ran = bench("ledger", "jobs", "http", "schema", "--no-peers", f"--report={report}")

    assert ran.returncode == 0, ran.stderr[-2000:]
    text = report.read_text(encoding="utf-8")
    titles = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert [re.split(r"[(:]", title)[0].strip() for title in titles] == [
        "Goals",
        "Server CPU per movement",
        "A spend over many lots",
        "A member with 200 entries beside one without",
        "Calls per second from Python",
        "Jobs over 200 members",
        "The audit's queries, each alone by psql",
        "Over HTTP",
        "What each index and constraint costs",
    ]
    assert databases() == set()


def test_without_network_the_other_packages_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))

    with pytest.raises(NotInstalledError):
        environment.python(tmp_path / "peers")


def test_pgbench_finds_no_variable_in_a_literal() -> None:
    assert literal("award:check_in's \\") == r"E'award\x3Acheck_in''s \\'"


@pytest.mark.parametrize(("value", "at_most", "met"), [(1.2, True, True), (1.4, True, False), (1.4, False, True)])
def test_a_goal_has_a_right_side(value: float, at_most: bool, met: bool) -> None:
    assert Goal("ratio", value, 1.3, at_most=at_most).is_met is met


def test_a_table_reads_the_same_on_the_terminal_and_in_the_document() -> None:
    table = Table("Speed", ("", "µs"), [("earn", "12")], ["Measured."])

    assert table.as_text().split() == ["Speed", "µs", "earn", "12", "Measured."]
    assert table.as_markdown().split("\n\n") == [
        "## Speed",
        "|  | µs |\n| --- | ---: |\n| earn | 12 |",
        "Measured.\n",
    ]
