"""What the running supervisor writes down for other commands, and for the next start to clean up after it."""

import json
import os
from dataclasses import asdict, dataclass, field
from typing import Any

from launcher import files, processes
from launcher.paths import Paths
from launcher.processes import Identity


@dataclass
class State:
    """Who runs here. `address` is set once all is up, `environment` once commands may use the servers."""

    copy: str
    supervisor: Identity | None
    address: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    services: dict[str, Identity] = field(default_factory=dict)

    @classmethod
    def of_this_process(cls, paths: Paths) -> "State":
        return cls(copy=str(paths.var), supervisor=processes.identity(os.getpid()))

    @property
    def is_alive(self) -> bool:
        """Tell whether the supervisor that wrote this still runs."""
        return self.supervisor is not None and self.supervisor.is_running

    def save(self, paths: Paths) -> None:
        """Write it down; with the environment it holds passwords, so only the owner may read it."""
        files.write_private(paths.state, json.dumps(asdict(self), indent=2))


def load(paths: Paths) -> State | None:
    """Return what was written down last. None if nothing was, or it came with a folder copied from elsewhere."""
    content = files.read_json(paths.state)
    if content.get("copy") != str(paths.var):
        return None
    return State(
        copy=content["copy"],
        supervisor=_identity(content.get("supervisor")),
        address=content.get("address", ""),
        environment=content.get("environment", {}),
        services={name: who for name, raw in content.get("services", {}).items() if (who := _identity(raw))},
    )


def _identity(raw: Any) -> Identity | None:
    return Identity(pid=raw["pid"], started=raw["started"]) if raw else None
