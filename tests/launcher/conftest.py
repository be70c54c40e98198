"""Copies of the project that the launcher runs for real: real PostgreSQL, real Redis, in folders of their own."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

REPO = Path(__file__).resolve().parents[2]


@dataclass
class Copy:
    """One copy's data, and the launcher's commands on it."""

    var: Path
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def temporary(self) -> Path:
        """Return the folder that it takes for temporary files."""
        folder = self.var.parent.parent / "temporary"
        folder.mkdir(mode=0o755, exist_ok=True)
        return folder

    @property
    def state(self) -> dict[str, Any]:
        return dict(json.loads((self.var / "run" / "state.json").read_text()))

    def pid(self, service: str) -> int:
        return int(self.state["services"][service]["pid"])

    def launch(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run a launcher command to its end."""
        return subprocess.run(
            self._command(words),
            env=self._environment(),
            cwd=REPO,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def python(self, code: str) -> str:
        """Run Python code with this copy's servers and return what it printed. Fails when the code does."""
        result = self.launch("servers", "--", "python", "-c", code)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout.splitlines()[-1]

    def start(self, *words: str) -> "subprocess.Popen[str]":
        """Start a launcher command and leave it running."""
        process = subprocess.Popen(
            self._command(words),
            env=self._environment(),
            cwd=REPO,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.started.append(process)
        return process

    def start_servers(self) -> "subprocess.Popen[str]":
        """Start this copy's servers and return once commands may use them."""
        process = self.start("servers", "--", "sleep", "300")
        wait_for(lambda: bool(self.state["environment"]), "the servers to start")
        return process

    def _command(self, words: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "launcher", *words]

    def _environment(self) -> dict[str, str]:
        # The servers that this test run uses are not for the copies under test.
        inherited = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
        return inherited | {"MALL_VAR": str(self.var), "TMPDIR": str(self.temporary)}


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 30) -> None:
    """Wait until a condition holds; a file that is not there yet counts as no."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if condition():
                return
        except (FileNotFoundError, KeyError, OSError):
            pass
        time.sleep(0.05)
    pytest.fail(f"waited {seconds} s in vain for {what}")


@pytest.fixture
def new_copy() -> Iterator[Callable[[], Copy]]:
    """Return a function that makes copies; they are stopped and their data deleted after the test."""
    copies: list[Copy] = []
    folder = Path(tempfile.mkdtemp(prefix="points-mall-test-"))
    folder.chmod(0o755)  # as a copy in an ordinary place

    def make() -> Copy:
        copies.append(Copy(var=folder / f"copy-{len(copies)}" / "var"))
        return copies[-1]

    yield make
    for copy in copies:
        for process in copy.started:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)
        assert copy.launch("down").returncode == 0
        assert copy.launch("clean-data").returncode == 0
    shutil.rmtree(folder)


@pytest.fixture
def copy(new_copy: Callable[[], Copy]) -> Copy:
    """One copy."""
    return new_copy()
