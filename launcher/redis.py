"""A Redis server of this copy's own: loopback only, with a password, every write in its append-only file."""

import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from launcher.place import Place
from launcher.ports import HOST
from launcher.secret_file import Secrets
from launcher.supervisor import Service

READY = b"+OK\r\n+PONG\r\n"


@dataclass(frozen=True)
class Redis:
    """One server and its folder. `careless` keeps nothing on disk: only for throw-away data."""

    place: Place
    secrets: Secrets
    port: int
    careless: bool = False

    @property
    def url(self) -> str:
        """Return the address with its password."""
        return f"redis://:{self.secrets.redis}@{HOST}:{self.port}/0"

    def service(self, *, log: Path) -> Service:
        """Return how to keep the server running."""
        return Service(
            name="redis",
            # Read from standard input, the configuration puts its password neither on disk nor in the process list.
            command=[str(self.place.programs.redis), "-"],
            environment={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"},
            log=log,
            folder=Path("/"),
            user=self.place.user,
            stdin=self._configuration().encode(),
            is_ready=self._is_ready,
        )

    def _configuration(self) -> str:
        folder = self.place.private_folder("redis")
        settings = {
            "bind": HOST,
            "port": str(self.port),
            "requirepass": self.secrets.redis,
            "dir": f'"{folder}"',
            "daemonize": "no",
            # The append-only file holds everything; snapshots beside it would only cost.
            "save": '""',
            "appendonly": "no" if self.careless else "yes",
            "appendfsync": "everysec",
        }
        return "".join(f"{name} {value}\n" for name, value in settings.items())

    def _is_ready(self) -> bool:
        """Ask for a PONG: while it reads its file, Redis accepts connections but answers LOADING."""
        with suppress(OSError), socket.create_connection((HOST, self.port), timeout=1) as connection:
            connection.sendall(f"AUTH {self.secrets.redis}\r\nPING\r\n".encode())
            answer = b""
            while len(answer) < len(READY) and (more := connection.recv(256)):
                answer += more
            return answer == READY
        return False
