"""What makes up the product: the commands that prepare it, in order, and the processes that are it."""

import http.client
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from launcher import files, ports
from launcher.paths import Paths
from launcher.ports import HOST
from launcher.secret_file import Secrets
from launcher.supervisor import Service

STAFF = ("ops", "finance", "risk", "support", "admin")
STANDIN_CREDENTIAL = "standin-secret"
# On every process of the product, to find those that a killed supervisor left behind.
MARKER = "MALL_PROCESS_OF"


@dataclass(frozen=True)
class Preparation:
    """A command of manage.py, run at each start: it must change nothing the second time."""

    title: str
    arguments: tuple[str, ...]
    demo_only: bool = False


PREPARATIONS = (
    Preparation("Database tables", ("migrate", "--no-input")),
    Preparation("Staff groups", ("sync_staff_groups",)),
    Preparation("Earning programme", ("load_programme", "ecommerce")),
    Preparation("Demo data", ("load_demo",), demo_only=True),
)


def is_demo(environment: Mapping[str, str]) -> bool:
    """Tell whether the preview page and demo members are wanted: yes unless DEMO_MODE says no."""
    return environment.get("DEMO_MODE", "true").lower() in {"true", "on", "1", "yes", "y", "ok"}


def wants_standin(environment: Mapping[str, str]) -> bool:
    """Tell whether WeChat is played by the stand-in: never beside real credentials."""
    return environment.get("WECHAT_APP_SECRET", "") in {"", STANDIN_CREDENTIAL}


def environment(paths: Paths, secrets: Secrets, servers: Mapping[str, str]) -> dict[str, str]:
    """Return the settings of the product; the caller's environment goes before our defaults."""
    defaults = {
        "SECRET_KEY": secrets.secret_key,
        "DEMO_MODE": "true",
        "DEMO_STAFF_PASSWORD": secrets.staff,
        "CELERY_BEAT_SCHEDULE_FILE": str(paths.run / "beat-schedule"),
        "LEDGER_LOG_KEY": secrets.ledger_log_key,
        "LEDGER_LOG_PUBLISH_FILE": str(paths.var / "log-checkpoints.jsonl"),
        "PYTHONUTF8": "1",
        "PYTHONUNBUFFERED": "1",
    }
    ours = {name: os.environ.get(name) or value for name, value in defaults.items()}
    return ours | dict(servers) | {"PATH": f"{paths.python.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}


class Processes:
    """The product's own processes, all with the same settings."""

    def __init__(self, paths: Paths, settings: Mapping[str, str]) -> None:
        self._paths = paths
        self.environment = {**os.environ, **settings, MARKER: str(paths.var)}

    def standin(self, port: int) -> Service:
        """Return the process that plays WeChat."""
        service = self._service("wechat-standin", "wechat.standin", ready_port=port)
        return replace(service, environment={**service.environment, "STANDIN_PORT": str(port)})

    def web(self, port: int) -> Service:
        """Return the web server: more processes than cores, and threads in each.

        A connection stays with the process that took it, busy or not. With one thread a member waited there for a
        batch of a thousand events (26 s beside three of them; 0.3 s with threads), for a slow WeChat, and without
        end for a phone that was gone in the middle of its request. More threads still wait for such phones one by
        one: a public host has a proxy in front that takes requests in whole. GRANIAN_WORKERS in the environment
        says another number of processes.
        """
        options = ["--interface", "wsgi", "--host", HOST, "--port", str(port), "--no-ws", "--respawn-failed-workers"]
        options += ["--blocking-threads", "4", "config.wsgi:application"]
        service = self._service("web", "granian", *options, ready_port=port, ready_path="/readyz")
        # Each of its processes counts for itself; through these files /metrics adds them up, whichever answers.
        counts = self._paths.run / "metrics"
        return replace(
            service,
            environment={
                "GRANIAN_WORKERS": str(max(4, 2 * (os.cpu_count() or 1))),
                **service.environment,
                "PROMETHEUS_MULTIPROC_DIR": str(counts),
            },
            before_start=partial(files.empty_folder, counts),
        )

    def worker(self) -> Service:
        """Return the process that works on background jobs, two at a time."""
        options = ["--concurrency", "2", "--loglevel", "WARNING", "--without-gossip", "--without-mingle"]
        return self._service("worker", "celery", "-A", "config", "worker", *options)

    def beat(self) -> Service:
        """Return the process that queues what is due. No pid file: one that a crash leaves would stop the next."""
        return self._service("beat", "celery", "-A", "config", "beat", "--loglevel", "WARNING", "--pidfile=")

    def _service(self, name: str, module: str, *options: str, ready_port: int = 0, ready_path: str = "") -> Service:
        def is_ready() -> bool:
            if ready_path:
                return _answers(ready_port, ready_path)
            return ready_port == 0 or ports.accepts(ready_port)

        return Service(
            name=name,
            command=[str(self._paths.python), "-m", module, *options],
            environment=self.environment,
            log=self._paths.log / f"{name}.log",
            folder=self._paths.repo,
            is_ready=is_ready,
        )


def _answers(port: int, path: str) -> bool:
    with suppress(OSError, http.client.HTTPException):
        connection = http.client.HTTPConnection(HOST, port, timeout=10)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == http.client.OK
        finally:
            connection.close()
    return False
