"""Keeps processes running: starts them in order, again when they die, and stops them in the opposite order."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from launcher import processes
from launcher.errors import LaunchError
from launcher.processes import Identity
from launcher.service_user import ServiceUser
from launcher.terminal import say

TICK_SECONDS = 0.1
FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 30.0
# A process that has run as long as this is well again: its next death is its first.
WELL_AFTER_SECONDS = 30.0
LOG_BYTES = 20 * 1024 * 1024


def nothing() -> None:
    """Do nothing."""


@dataclass(frozen=True)
class Service:
    """How to run one process, and to tell that it works."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    folder: Path
    is_ready: Callable[[], bool]
    user: ServiceUser | None = None
    stdin: bytes = b""
    before_start: Callable[[], None] = nothing
    stop_signal: int = signal.SIGTERM
    stop_seconds: float = 15


@dataclass
class Kept:
    """A service with its process of the moment; None while it waits to be started again."""

    service: Service
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    deaths: int = 0
    start_at: float = 0.0


class Stopped(Exception):
    """We were asked to stop (Ctrl-C, SIGTERM, the terminal closed)."""


class Supervisor:
    """Runs services until told to stop. `on_change` is called after each start, to write down who runs."""

    def __init__(self, on_change: Callable[[dict[str, Identity]], None] | None = None) -> None:
        self._kept: list[Kept] = []
        self._on_change = on_change
        self._asked_to_stop = False
        self._stopped_by_keyboard = False
        self._handlers_before: dict[int, Any] = {}

    def __enter__(self) -> "Supervisor":
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup
                self._handlers_before[number] = signal.signal(number, self._ask_to_stop)
        return self

    def __exit__(self, *_error: object) -> None:
        """Stop all, last started first."""
        while self._kept:
            kept = self._kept.pop()
            service = kept.service
            if kept.process and not processes.stop(
                kept.process, with_signal=service.stop_signal, seconds=service.stop_seconds
            ):
                say(f"  {service.name} did not stop within {service.stop_seconds:.0f} s and was killed.")
        for number, handler in self._handlers_before.items():
            signal.signal(number, handler)

    def start(self, service: Service, *, seconds: float = 60) -> None:
        """Start a service and wait until it works. Raises LaunchError after `seconds`, with its last words."""
        _turn_over(service.log)
        kept = Kept(service)
        self._kept.append(kept)
        self._start(kept)
        deadline = time.monotonic() + seconds
        while kept.process is None or not service.is_ready():
            if time.monotonic() > deadline:
                raise LaunchError(f"{service.name} does not start. Its last words:\n{last_words(service.log)}")
            self.tick()

    def tick(self) -> None:
        """Look after the services once, then sleep a moment. Raises Stopped when we are to stop."""
        for kept in self._kept:
            if kept.process is None:
                if time.monotonic() >= kept.start_at:
                    self._start(kept)
            elif processes.has_ended(kept.process):
                self._plan_restart(kept)
        time.sleep(TICK_SECONDS)
        if self._asked_to_stop:
            raise Stopped

    def run(self, command: Sequence[str], environment: Mapping[str, str], *, folder: Path, log: Path) -> int:
        """Run a command to its end, looking after the services meanwhile, and return its exit status."""
        _turn_over(log)
        process = processes.spawn(command, environment=environment, log=log, folder=folder)
        try:
            while not processes.has_ended(process):
                self.tick()
        finally:
            processes.stop(process, with_signal=signal.SIGTERM, seconds=10)
        return process.returncode

    def run_here(self, command: Sequence[str], environment: Mapping[str, str], *, folder: Path) -> int:
        """Run a command on our terminal, looking after the services meanwhile, and return its exit status.

        Asked to stop, it gets SIGTERM (Ctrl-C reaches it by itself) and ten seconds.
        """
        process = subprocess.Popen(
            command, env=dict(environment), cwd=folder, preexec_fn=processes.die_with_us(signal.SIGTERM)
        )
        try:
            while process.poll() is None:
                self.tick()
        except Stopped:
            if not self._stopped_by_keyboard:
                process.terminate()
            with suppress(subprocess.TimeoutExpired):
                return process.wait(timeout=10)
            process.kill()
        return process.wait()

    def run_forever(self) -> None:
        """Look after the services until asked to stop."""
        with suppress(Stopped):
            while True:
                self.tick()

    def _ask_to_stop(self, number: int, _frame: FrameType | None) -> None:
        self._asked_to_stop = True
        self._stopped_by_keyboard = number == signal.SIGINT

    def _start(self, kept: Kept) -> None:
        service = kept.service
        service.before_start()
        kept.started = time.monotonic()
        kept.process = processes.spawn(
            service.command,
            environment=service.environment,
            log=service.log,
            folder=service.folder,
            user=service.user,
            stdin=service.stdin,
            death_signal=service.stop_signal,
        )
        if self._on_change:
            self._on_change(self._identities())

    def _plan_restart(self, kept: Kept) -> None:
        if kept.process is None:
            return
        how = processes.bury(kept.process)
        now = time.monotonic()
        kept.deaths = 1 if now - kept.started > WELL_AFTER_SECONDS else kept.deaths + 1
        delay = min(FIRST_DELAY_SECONDS * 2 ** (kept.deaths - 1), LONGEST_DELAY_SECONDS)
        kept.process, kept.start_at = None, now + delay
        say(f"  {kept.service.name} {how}; starting it again in {delay:.1f} s (log: {_short(kept.service.log)})")

    def _identities(self) -> dict[str, Identity]:
        found = {kept.service.name: processes.identity(kept.process.pid) for kept in self._kept if kept.process}
        return {name: who for name, who in found.items() if who}


def last_words(log: Path, *, lines: int = 15) -> str:
    """Return the end of a log, indented, and where the rest is."""
    tail = log.read_text(errors="replace").splitlines()[-lines:] if log.exists() else []
    return "\n".join(f"    {line}" for line in tail) + f"\n  All of it: {_short(log)}"


def _turn_over(log: Path) -> None:
    """Keep a log and the one before it."""
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))


def _short(path: Path) -> str:
    return os.path.relpath(path)
