"""The product as `make up` runs it, in a folder of its own, so that its processes can be killed."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import requests

from launcher import ports, state
from launcher.paths import Paths
from launcher.processes import Identity
from launcher.state import State

REPOSITORY = Path(__file__).resolve().parents[2]
# Of our own environment only these: the servers, settings and test names of whoever runs us are not this copy's.
PASSED_ON = ("PATH", "HOME", "USER", "LANG", "TMPDIR", "VIRTUAL_ENV")
# Neither demo members nor a stand-in for WeChat: nobody logs in here, and the copy is up in half the time.
PLAIN = {"DEMO_MODE": "false", "HTTPS_ONLY": "false", "WECHAT_APP_ID": "wx0123456789abcdef"}
# A few clients send here what a house full of members would; and no token ends before the test does.
FOR_LOAD = {
    "API_MEMBER_CALLS_PER_MINUTE": "1000000",
    "API_PARTNER_CALLS_PER_MINUTE": "1000000",
    "API_ANONYMOUS_CALLS_PER_MINUTE": "1000000",
    "ACCESS_TOKEN_MINUTES": "600",
    "LOG_LEVEL": "WARNING",
}
START_SECONDS = 180
T = TypeVar("T")


class Mall:
    """A copy of the product. As a context it is stopped, and its data deleted, at the end.

    `repository` is whose code it runs.
    """

    def __init__(self, repository: Path = REPOSITORY) -> None:
        self._repository = repository
        self._folder = Path(tempfile.mkdtemp(prefix="points-mall-chaos-"))
        # The account that runs PostgreSQL for root must be able to pass.
        self._folder.chmod(0o711)
        self._paths = Paths(repo=repository, var=self._folder / "var")
        self._environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        self._environment |= PLAIN | FOR_LOAD
        self._environment |= {
            "MALL_VAR": str(self._paths.var),
            "PORT": str(ports.pick()),
            "WECHAT_APP_SECRET": os.urandom(16).hex(),
        }
        self._launcher: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Mall":
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self._launch("down")
        if self._launcher:
            self._launcher.wait(timeout=60)
        self._launch("clean-data")
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def address(self) -> str:
        """Return the web server's address."""
        return self._state().address

    @property
    def environment(self) -> dict[str, str]:
        """Return the settings a command needs to work on this copy."""
        return self._environment | self._state().environment | {"DJANGO_SETTINGS_MODULE": "config.settings"}

    @property
    def output(self) -> str:
        """Return what the launcher has said."""
        return (self._folder / "launcher.log").read_text()

    def start(self) -> None:
        """Run the launcher and wait until all is up."""
        with (self._folder / "launcher.log").open("ab") as log:
            self._launcher = subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.launch", "up"],
                cwd=self._repository,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait_for(self._is_up, seconds=START_SECONDS)

    def kill(self, name: str) -> None:
        """Kill a service with all its children at one stroke. The launcher replaces it; nobody waits for that.

        A worker may just have fallen over the broker's death: then it is killed when it is back.
        """
        _kill_family(self._wait_for(lambda: self._running(name), seconds=60).pid)

    def crash(self) -> None:
        """Kill everything at one stroke, the launcher too, as when the power fails."""
        running, launcher = self._state(), self._launcher
        assert launcher is not None
        # Held, so that it cannot start anything again between two of the kills.
        launcher.send_signal(signal.SIGSTOP)
        for service in running.services.values():
            if service.is_running:
                _kill_family(service.pid)
        launcher.kill()
        launcher.wait()

    def program(self, module: str, *words: str) -> subprocess.Popen[bytes]:
        """Start `python -m …` of this copy with its settings; its output goes to the copy's log."""
        with (self._folder / "programs.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", module, *words],
                cwd=self._repository,
                env=self.environment,
                stdout=log,
                stderr=log,
            )

    def said(self) -> str:
        """Return what the programs have said."""
        return (self._folder / "programs.log").read_text()

    def log(self, name: str) -> str:
        """Return the log of a service."""
        return (self._paths.log / f"{name}.log").read_text(errors="replace")

    def _launch(self, word: str) -> None:
        subprocess.run(
            [sys.executable, "-m", "tests.chaos.launch", word],
            cwd=self._repository,
            env=self._environment,
            stdout=subprocess.DEVNULL,
            check=False,
            timeout=120,
        )

    def _state(self) -> State:
        found = state.load(self._paths)
        assert found is not None, f"the launcher is not running:\n{self.output}"
        return found

    def _running(self, name: str) -> Identity | None:
        who = self._state().services.get(name)
        return who if who and who.is_running else None

    def _is_up(self) -> bool:
        assert self._launcher is not None
        assert self._launcher.poll() is None, f"the launcher has ended:\n{self.output}"
        found = state.load(self._paths)
        return found is not None and found.is_alive and bool(found.address) and self._is_ready()

    def _is_ready(self) -> bool:
        try:
            return requests.get(f"{self.address}/readyz", timeout=5).ok
        except requests.RequestException:
            return False

    def _wait_for(self, condition: Callable[[], T | None], *, seconds: float) -> T:
        """Return what the condition returns once that is true."""
        deadline = time.monotonic() + seconds
        while not (found := condition()):
            assert time.monotonic() < deadline, f"not after {seconds:.0f} s; the launcher said:\n{self.output}"
            time.sleep(0.1)
        return found


def _kill_family(pid: int) -> None:
    """Kill a process with its group and its children: PostgreSQL's each lead a group of their own."""
    with suppress(ProcessLookupError):
        # Held, so that it has no more children while we look for them.
        os.kill(pid, signal.SIGSTOP)
        children = _children(pid)
        os.killpg(pid, signal.SIGKILL)
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)


def _children(parent: int) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            # The name, in parentheses, may hold anything; the state and the parent follow it.
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[1]) == parent:
                found.append(int(folder.name))
    return found
