"""The supervisor, on small programs of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from launcher import processes
from launcher.errors import LaunchError
from launcher.processes import Identity
from launcher.supervisor import Service, Stopped, Supervisor
from tests.launcher.conftest import wait_for


@pytest.fixture
def service(tmp_path: Path) -> Callable[..., Service]:
    """Return a function that makes a service of Python code; it is ready once `is_ready` says so."""

    def make(name: str, code: str, is_ready: Callable[[], bool] = lambda: True) -> Service:
        return Service(
            name=name,
            command=[sys.executable, "-c", code],
            environment={},
            log=tmp_path / f"{name}.log",
            folder=tmp_path,
            is_ready=is_ready,
        )

    return make


def says_when_stopped(path: Path, name: str) -> str:
    return (
        "import signal, sys, time\n"
        f"signal.signal(signal.SIGTERM, lambda *_: (open({str(path)!r}, 'a').write('{name} '), sys.exit()))\n"
        "print('here', flush=True)\n"
        "time.sleep(60)"
    )


def test_services_stop_in_the_opposite_order_of_their_start(tmp_path: Path, service: Callable[..., Service]) -> None:
    told = tmp_path / "told"
    with Supervisor() as supervisor:
        for name in ("first", "second", "third"):
            log = tmp_path / f"{name}.log"
            supervisor.start(service(name, says_when_stopped(told, name), lambda log=log: "here" in log.read_text()))
    assert told.read_text().split() == ["third", "second", "first"]


def test_a_service_that_dies_is_started_again_later_and_later(
    service: Callable[..., Service], capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[Identity] = []
    with Supervisor(lambda running: seen.extend(running.values())) as supervisor:
        supervisor.start(service("web", "import time; time.sleep(60)"))
        for _death in range(2):
            os.kill(seen[-1].pid, signal.SIGKILL)
            before = len(seen)
            while len(seen) == before:
                supervisor.tick()
    said = capsys.readouterr().out
    assert "web killed by SIGKILL; starting it again in 0.5 s" in said
    assert "web killed by SIGKILL; starting it again in 1.0 s" in said
    assert len({process.pid for process in seen}) == 3


def test_what_a_dead_service_started_dies_with_it(tmp_path: Path, service: Callable[..., Service]) -> None:
    child_file = tmp_path / "child"
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(child_file)!r}, 'w').write(str(child.pid))\n"
        "time.sleep(60)"
    )
    seen: list[Identity] = []
    with Supervisor(lambda running: seen.extend(running.values())) as supervisor:
        supervisor.start(service("web", code, lambda: child_file.exists() and child_file.read_text() != ""))
        child = int(child_file.read_text())
        assert processes.identity(child)
        os.kill(seen[0].pid, signal.SIGKILL)
        while len(seen) == 1:
            supervisor.tick()
        wait_for(lambda: processes.identity(child) is None, "the orphan to be ended", seconds=5)


def test_a_service_that_never_works_is_quoted(service: Callable[..., Service]) -> None:
    with Supervisor() as supervisor, pytest.raises(LaunchError, match=r"(?s)web does not start.*no such luck"):
        supervisor.start(service("web", "print('no such luck'); raise SystemExit(1)", lambda: False), seconds=1)


def test_being_asked_to_stop_ends_the_waiting(service: Callable[..., Service]) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Supervisor() as supervisor:
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(Stopped):
            supervisor.start(service("web", "import time; time.sleep(60)", lambda: False))
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_number_that_is_used_again_is_not_the_same_process() -> None:
    with subprocess.Popen(["sleep", "60"]) as bystander:
        now = processes.identity(bystander.pid)
        assert now
        before = Identity(pid=bystander.pid, started="another-boot:1")
        processes.end_stranded([before], with_signal=signal.SIGKILL, seconds=0)
        assert now.is_running
        processes.end_stranded([now], with_signal=signal.SIGTERM, seconds=0)
        assert not now.is_running
