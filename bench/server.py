"""The PostgreSQL server under the benchmark: what CPU time it uses, and the programs that come with it."""

import sys
import time
from pathlib import Path

from bench import cpu
from bench.databases import cursor
from launcher.place import Programs

PROGRAMS = next(
    (
        programs
        for folder in map(Path, sys.path)
        if (programs := Programs(folder).postgres) and (programs / "pgbench").exists()
    ),
    None,
)
# A backend's time is counted to its parent only once it has gone.
SECONDS_TO_END = 0.3


class NotHereError(RuntimeError):
    """PostgreSQL runs on another machine, where its CPU time cannot be read."""


class Server:
    """One running server. All its processes descend from one."""

    def __init__(self, url: str, *, pause: float = SECONDS_TO_END) -> None:
        """Find the server behind the address. Raises NotHereError."""
        self.pause = pause
        with cursor(url) as at_server:
            at_server.execute("SELECT pg_backend_pid(), current_setting('server_version')")
            backend, self.version = at_server.fetchone()
            pid = postmaster_of(backend)
        if pid is None:
            raise NotHereError("These figures need PostgreSQL on this machine.")
        self.pid = pid

    def cpu_seconds(self) -> float:
        """Return what all its processes have used so far, after those that are about to end have ended."""
        time.sleep(self.pause)
        return cpu.tree_seconds(self.pid)


def postmaster_of(backend: int) -> int | None:
    """Return the process all of PostgreSQL's processes descend from, None when it runs on another machine."""
    return cpu.parent_of(backend) if cpu.name_of(backend).startswith("postgres") else None


def program(name: str) -> str:
    """Return the path of pgbench or psql: the one in the package, else the one on PATH."""
    return str(PROGRAMS / name) if PROGRAMS else name
