"""Throw-away servers leave with their command."""

import os
import signal

import pytest

from launcher import processes
from tests.launcher.conftest import Copy, wait_for

QUERY = "import os, psycopg2; c = psycopg2.connect(os.environ['DATABASE_URL']).cursor(); c.execute('show fsync');"


@pytest.mark.parametrize("status", [0, 7])
def test_the_command_gets_servers_and_its_exit_status_comes_back(copy: Copy, status: int) -> None:
    result = copy.launch(
        "throwaway", "--", "python", "-c", f"{QUERY} print(c.fetchone()[0]); raise SystemExit({status})"
    )
    assert result.returncode == status, result.stderr
    assert result.stdout.splitlines()[-1] == "off"
    assert list(copy.temporary.iterdir()) == []


def test_sigterm_ends_command_and_servers(copy: Copy) -> None:
    told = copy.temporary / "told"
    code = f"{QUERY} open({str(told)!r}, 'w').write(f'{{os.getpid()}}.'); import time; time.sleep(60)"
    process = copy.start("throwaway", "--", "python", "-c", code)
    wait_for(lambda: told.read_text().endswith("."), "the command to start")
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) != 0
    assert processes.identity(int(told.read_text().strip("."))) is None
    assert list(copy.temporary.iterdir()) == [told]


def test_what_a_killed_run_left_is_removed_by_the_next(copy: Copy) -> None:
    left = copy.temporary / "points-mall-throwaway-left"
    left.mkdir()
    (left / "in-use").touch()
    os.utime(left, (0, 0))
    assert copy.launch("throwaway", "--", "true").returncode == 0
    assert not left.exists()
