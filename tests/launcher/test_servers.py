"""PostgreSQL and Redis of a copy: kept, closed to others, and back after a kill."""

import os
import signal
import stat
from collections.abc import Callable
from pathlib import Path

import psycopg2
import pytest
import redis

from launcher import processes
from tests.launcher.conftest import Copy, wait_for

QUERY = "import os, psycopg2; c = psycopg2.connect(os.environ['DATABASE_URL']).cursor(); "
NOTE = QUERY + "c.execute('create table note as select 7 as n'); c.execute('commit'); print('noted')"
READ = QUERY + "c.execute('select n from note'); print(c.fetchone()[0])"


def test_data_is_kept_between_runs(copy: Copy) -> None:
    assert copy.python(NOTE) == "noted"
    assert copy.python("import os, redis; print(redis.from_url(os.environ['REDIS_URL']).set('n', 8))") == "True"
    assert copy.python(READ) == "7"
    assert copy.python("import os, redis; print(redis.from_url(os.environ['REDIS_URL']).get('n'))") == "b'8'"


def test_the_database_is_postgres_18_in_utf8_and_our_role_is_no_superuser(copy: Copy) -> None:
    facts = (
        "c.execute('select current_setting(%s)::int / 10000, current_user, rolsuper, pg_encoding_to_char(encoding),"
        " datlocprovider, datlocale from pg_roles, pg_database where rolname = current_user and"
        " datname = current_database()', ['server_version_num']); print(*c.fetchone())"
    )
    assert copy.python(QUERY + facts) == "18 mall False UTF8 b C.UTF-8"


def test_what_holds_passwords_is_for_the_owner_only(copy: Copy) -> None:
    copy.start_servers()
    for path in (copy.var / "secrets.json", copy.var / "run" / "state.json"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    for service in ("postgres", "redis"):
        command = Path(f"/proc/{copy.pid(service)}/cmdline").read_bytes()
        for url in (copy.state["environment"]["DATABASE_URL"], copy.state["environment"]["REDIS_URL"]):
            assert url.rpartition("@")[0].rpartition(":")[2].encode() not in command


def test_a_wrong_password_is_refused(copy: Copy) -> None:
    copy.start_servers()
    database, broker = copy.state["environment"]["DATABASE_URL"], copy.state["environment"]["REDIS_URL"]
    psycopg2.connect(database).close()
    assert redis.from_url(broker).ping()
    for wrong in ("postgres://mall:wrong@", "postgres://postgres:wrong@"):
        with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
            psycopg2.connect(wrong + database.partition("@")[2])
    with pytest.raises(redis.AuthenticationError):
        redis.from_url("redis://" + broker.partition("@")[2]).ping()


def test_servers_that_are_killed_come_back_with_their_data(copy: Copy) -> None:
    process = copy.start_servers()
    assert copy.python(NOTE) == "noted"
    broker = redis.from_url(copy.state["environment"]["REDIS_URL"])
    broker.set("n", 8)
    killed = {name: copy.pid(name) for name in ("postgres", "redis")}
    for pid in killed.values():
        os.kill(pid, signal.SIGKILL)

    def is_back() -> bool:
        if any(copy.pid(name) == pid for name, pid in killed.items()):
            return False
        try:
            psycopg2.connect(copy.state["environment"]["DATABASE_URL"]).close()
        except psycopg2.OperationalError:
            return False
        return True

    wait_for(is_back, "both servers to come back")
    assert copy.python(READ) == "7"
    assert broker.get("n") == b"8"
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=60)[0]
    assert "postgres killed by SIGKILL; starting it again in 0.5 s" in said
    assert "redis killed by SIGKILL; starting it again in 0.5 s" in said


def test_sigterm_closes_the_database_properly(copy: Copy) -> None:
    process = copy.start_servers()
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=60)
    assert "database system is shut down" in (copy.var / "log" / "postgres.log").read_text()
    assert not (copy.var / "run" / "state.json").exists()


def test_nothing_outlives_a_killed_supervisor_and_the_next_start_recovers(copy: Copy) -> None:
    process = copy.start_servers()
    assert copy.python(NOTE) == "noted"
    servers = [copy.pid(name) for name in ("postgres", "redis")]
    process.kill()
    process.wait()
    assert copy.python(READ) == "7"
    assert not any(processes.identity(pid) for pid in servers)


def test_a_pid_file_that_names_a_stranger_does_not_stop_the_database(copy: Copy) -> None:
    assert copy.python(NOTE) == "noted"
    process = copy.start_servers()
    where = Path(f"/proc/{copy.pid('postgres')}/cwd").readlink()
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=60)
    (where / "postmaster.pid").write_text(f"{os.getpid()}\n{where}\n")
    assert copy.python(READ) == "7"


def test_two_copies_run_side_by_side(new_copy: Callable[[], Copy]) -> None:
    one, other = new_copy(), new_copy()
    one.start_servers()
    other.start_servers()
    assert one.python(NOTE) == "noted"
    assert one.python(READ) == "7"
    assert other.python(QUERY + "c.execute(\"select to_regclass('note')\"); print(c.fetchone()[0])") == "None"


def test_data_without_its_passwords_is_refused_in_words(copy: Copy) -> None:
    assert copy.python(NOTE) == "noted"
    (copy.var / "secrets.json").rename(copy.var / "lost.json")
    result = copy.launch("servers", "--", "true")
    assert result.returncode == 1
    assert "made with other passwords" in result.stderr
    (copy.var / "secrets.json").unlink()
    (copy.var / "lost.json").rename(copy.var / "secrets.json")
    assert copy.python(READ) == "7"


def test_a_copy_that_is_closed_to_others_stays_so(copy: Copy) -> None:
    closed = copy.var.parent
    closed.mkdir(mode=0o700)
    assert copy.python(NOTE) == "noted"
    assert copy.python(READ) == "7"
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


def test_a_second_run_in_the_same_copy_steps_back(copy: Copy) -> None:
    copy.start_servers()
    pids = copy.state["services"]
    result = copy.launch("up")
    assert result.returncode == 0
    assert "Another command of this copy is starting or using its servers" in result.stdout
    assert copy.state["services"] == pids


def test_status_and_down_tell_that_nothing_runs(copy: Copy) -> None:
    status, down = copy.launch("status"), copy.launch("down")
    assert (status.returncode, down.returncode) == (3, 0)
    assert "does not run in this copy" in status.stdout
    assert "Nothing runs in this copy." in down.stdout
