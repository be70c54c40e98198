"""Starting, recognising and ending processes. Linux in full; elsewhere without what needs /proc or prctl."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from launcher.service_user import ServiceUser, as_user

PROC = Path("/proc")
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Identity:
    """A process that cannot be taken for another: numbers are used again, a number with its start time is not."""

    pid: int
    started: str

    @property
    def is_running(self) -> bool:
        return identity(self.pid) == self


def identity(pid: int) -> Identity | None:
    """Return who runs under this number now, None for nobody (or somebody who has ended and waits to be reaped)."""
    try:
        # The name, in parentheses, may hold anything; the fields after it are fixed.
        fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        boot = (PROC / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
    return None if fields[0] in "ZX" else Identity(pid=pid, started=f"{boot}:{fields[19]}")


def working_folder(pid: int) -> Path | None:
    """Return the folder a process works in, None when there is no such process or it belongs to somebody else."""
    try:
        return (PROC / str(pid) / "cwd").readlink()
    except OSError:
        return None


def marked_with(marker: str) -> list[Identity]:
    """Return the other processes that have `NAME=value` in the environment they were started with."""
    wanted = marker.encode()
    found = []
    for folder in PROC.glob("[0-9]*"):
        with suppress(OSError):
            if wanted in (folder / "environ").read_bytes().split(b"\0") and int(folder.name) != os.getpid():
                found.append(identity(int(folder.name)))
    return [process for process in found if process]


def spawn(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    log: Path,
    folder: Path,
    user: ServiceUser | None = None,
    stdin: bytes = b"",
    death_signal: int = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a process in a session of its own; the kernel sends it `death_signal` when this process dies."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_us(death_signal),
            **as_user(user),
        )
    if process.stdin:
        with suppress(BrokenPipeError):
            process.stdin.write(stdin)
            process.stdin.close()
    return process


def die_with_us(death_signal: int) -> Callable[[], None]:
    """Return what a child does before it becomes its program, so that it does not outlive this process."""
    return partial(_ask_for_signal, death_signal, os.getpid())


def _ask_for_signal(death_signal: int, parent: int) -> None:
    if LIBC is None:
        return
    LIBC.prctl(PR_SET_PDEATHSIG, death_signal)
    if os.getppid() != parent:  # it died before we could ask
        os._exit(1)


def has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Tell whether a child has ended, without reaping it: until then its number is nobody else's."""
    if process.returncode is not None:
        return True
    return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def bury(process: subprocess.Popen[bytes]) -> str:
    """Reap a child that has ended, with all it left in its session's group, and return how it ended."""
    if process.returncode is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    status = process.wait()
    if status >= 0:
        return f"ended with status {status}"
    with suppress(ValueError):
        return f"killed by {signal.Signals(-status).name}"
    return f"killed by signal {-status}"


def stop(process: subprocess.Popen[bytes], *, with_signal: int, seconds: float) -> bool:
    """Ask a child to end, wait, then end it by force. Return whether it went by itself."""
    if not has_ended(process):
        # Not send_signal(): that reaps, and afterwards the rest of the group could not be named safely.
        os.kill(process.pid, with_signal)
    went = wait_until(partial(has_ended, process), seconds=seconds)
    if not went:
        os.killpg(process.pid, signal.SIGKILL)
    bury(process)
    return went


def end_stranded(strangers: Sequence[Identity], *, with_signal: int, seconds: float) -> None:
    """End processes that are not our children: asked first, by force after `seconds`."""
    for how, patience in ((with_signal, seconds), (signal.SIGKILL, 5.0)):
        left = [process for process in strangers if process.is_running]
        for process in left:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process.pid, how)
        wait_until(partial(_have_all_ended, left), seconds=patience)


def _have_all_ended(ones: Sequence[Identity]) -> bool:
    return not any(one.is_running for one in ones)


def wait_until(condition: Callable[[], bool], *, seconds: float) -> bool:
    """Ask again and again until the condition holds (True) or the seconds are over (False)."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
