"""The WeChat stand-in as its own process, for every test that needs a member to log in.

`standin` is the process, one per test run; `wechat_settings` points the project at it.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from pytest_django import Settings

from wechat.standin import credentials

REPOSITORY = Path(__file__).resolve().parent.parent
CODE2SESSION = "/sns/jscode2session"
START_SECONDS = 20
_LISTENING = re.compile(r"listening on (http://127\.0\.0\.1:\d+)$")


@dataclass(frozen=True)
class StandIn:
    """A running stand-in, used through its control door."""

    base_url: str
    log_path: Path
    http: requests.Session

    def new_code(self, openid: str, unionid: str | None = None) -> str:
        """Do what wx.login does on a phone."""
        identity = {"openid": openid} | ({"unionid": unionid} if unionid else {})
        return str(self._post("/standin/codes", identity)["code"])

    def script_fault(self, *, path: str = CODE2SESSION, times: int = 1, **fault: Any) -> None:
        """Spoil the next `times` calls of `path` by errcode=, status=, delay_seconds= or garbage=."""
        self._post("/standin/faults", {"path": path, "times": times, **fault})

    def clear_faults(self) -> None:
        """Forget the faults still to come."""
        self.http.delete(f"{self.base_url}/standin/faults", timeout=5).raise_for_status()

    def advance_clock(self, seconds: float) -> None:
        """Let the stand-in's clock skip `seconds`."""
        self._post("/standin/clock", {"advance_seconds": seconds})

    def log_text(self) -> str:
        """Return what the process has logged so far."""
        return self.log_path.read_text()

    def _post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        response = self.http.post(f"{self.base_url}{path}", json=body, timeout=5)
        response.raise_for_status()
        answer: dict[str, Any] = response.json()
        return answer


def standin_environment(**changes: str) -> dict[str, str]:
    """Return this process's environment without WeChat credentials, for starting a stand-in."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("WECHAT_", "STANDIN_"))}
    return kept | changes


@contextmanager
def start_standin(*arguments: str, **popen: Any) -> Iterator[subprocess.Popen[str]]:
    """Run `python -m wechat.standin` for the length of a with block, however that ends."""
    command = [sys.executable, "-m", "wechat.standin", *arguments]
    with subprocess.Popen(
        command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, **{"env": standin_environment()} | popen
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


def read_base_url(process: subprocess.Popen[str]) -> str:
    """Return the address a starting stand-in prints on its first line."""
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    found = _LISTENING.search(line)
    assert found, f"the stand-in did not start: {line!r}"
    return found[1]


@pytest.fixture(scope="session")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    log_path = tmp_path_factory.mktemp("standin") / "log.txt"
    with log_path.open("w") as log, start_standin(stderr=log) as process:
        http = requests.Session()
        # A proxy of the machine cannot reach our loopback.
        http.trust_env = False
        yield StandIn(base_url=read_base_url(process), log_path=log_path, http=http)


@pytest.fixture
def wechat_settings(standin: StandIn, settings: Settings) -> Iterator[Settings]:
    """Point the project at the stand-in; faults a test leaves behind are forgotten after it."""
    settings.WECHAT_API_BASE = standin.base_url
    settings.WECHAT_APP_ID = credentials.APP_ID
    settings.WECHAT_APP_SECRET = credentials.APP_SECRET
    yield settings
    standin.clear_faults()
