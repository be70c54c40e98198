"""A PostgreSQL server of this copy's own: loopback only, SCRAM passwords, nothing personal in its log."""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from launcher import processes
from launcher.errors import LaunchError
from launcher.place import Place
from launcher.ports import HOST
from launcher.secret_file import Secrets
from launcher.service_user import as_user
from launcher.supervisor import Service

ADMIN = "postgres"
ROLE = "mall"
INSTANCE_FILE = "mall-instance"

SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    # A failed statement, or the detail of a violated constraint, would put members' data into the log.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
# Memory for pages, as "4GB"; PostgreSQL's own 128 MB unless it is set.
SHARED_BUFFERS = "POSTGRES_SHARED_BUFFERS"
# The product prepares no transactions, but must not overlook those of others.
FOR_TESTS = {"max_prepared_transactions": "4"}
# For data that nobody will miss.
CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", **FOR_TESTS}


@dataclass(frozen=True)
class Postgres:
    """One server and its data folder. `careless` trades safety for speed: only for throw-away data."""

    place: Place
    secrets: Secrets
    port: int
    careless: bool = False

    @property
    def data(self) -> Path:
        return self.place.folder / "postgres"

    @property
    def url(self) -> str:
        """Return the address for the application's role, with its password."""
        return f"postgres://{ROLE}:{self.secrets.database}@{HOST}:{self.port}/{ROLE}"

    def prepare(self) -> None:
        """Make the data folder if there is none: whole, or not at all. Raises LaunchError."""
        if self.data.exists():
            self._check_instance()
            return
        new = self.place.private_folder("postgres.new")
        shutil.rmtree(new)
        new = self.place.private_folder("postgres.new")
        self._initdb(new)
        self._make_role_and_database(new)
        instance = new / INSTANCE_FILE
        instance.write_text(self.secrets.instance)
        instance.chmod(0o644)
        new.rename(self.data)

    def service(self, *, log: Path) -> Service:
        """Return how to keep the server running."""
        settings = SETTINGS | {"port": str(self.port)} | (CARELESS if self.careless else {}) | _memory()
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return Service(
            name="postgres",
            command=[str(self.place.programs.postgres / "postgres"), "-D", str(self.data), *options],
            environment=_environment(),
            log=log,
            folder=Path("/"),
            user=self.place.user,
            before_start=self._free_data_folder,
            is_ready=self._is_ready,
            # Fast shutdown: ends the sessions that are left and closes the database properly.
            stop_signal=signal.SIGINT,
            stop_seconds=30,
        )

    def _initdb(self, folder: Path) -> None:
        password = folder.with_name("postgres.password")
        descriptor = os.open(password, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(self.secrets.database_admin)
        if self.place.user:
            os.chown(password, self.place.user.uid, self.place.user.gid)
        options = ["-E", "utf8", "--locale-provider=builtin", "--locale=C.UTF-8", "--auth=scram-sha-256"]
        options += [f"--username={ADMIN}", f"--pwfile={password}", "--no-instructions"]
        try:
            self._run("initdb", "-D", str(folder), *options, *(["--no-sync"] if self.careless else []))
        finally:
            password.unlink()

    def _make_role_and_database(self, folder: Path) -> None:
        """Make the application's role and database in single-user mode: no server, no port, one statement a line."""
        statements = [
            # Not a superuser. It makes databases, for tests.
            f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{self.secrets.database}'",
            f"CREATE DATABASE {ROLE} OWNER {ROLE}",
        ]
        options = ["-c", "log_min_messages=error", "-c", "log_min_error_statement=panic"]
        text = "".join(f"{statement};\n\n" for statement in statements)
        self._run("postgres", "--single", "-j", *options, "-D", str(folder), ADMIN, stdin=text)

    def _run(self, program: str, *arguments: str, stdin: str = "") -> None:
        result = subprocess.run(
            [str(self.place.programs.postgres / program), *arguments],
            input=stdin.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=_environment(),
            cwd="/",
            check=False,
            preexec_fn=processes.die_with_us(signal.SIGKILL),
            **as_user(self.place.user),
        )
        output = result.stdout.decode(errors="replace")
        if result.returncode != 0 or "ERROR:" in output or "FATAL:" in output:
            raise LaunchError(f"PostgreSQL's {program} failed:\n{output.strip()}")

    def _check_instance(self) -> None:
        instance = self.data / INSTANCE_FILE
        if not instance.exists() or instance.read_text() != self.secrets.instance:
            raise LaunchError(
                f"The database in {self.data} was made with other passwords than those in the secrets file.\n"
                "Bring that file back, or start over with `make clean-data`."
            )

    def _free_data_folder(self) -> None:
        """End a server that still uses our folder, and remove the pid file that one left which died hard.

        PostgreSQL takes any process with the number in the file for itself. Ours works in the data folder.
        """
        pid_file = self.data / "postmaster.pid"
        try:
            pid = int(pid_file.read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return
        holder = processes.identity(pid)
        if holder and processes.working_folder(pid) == self.data.resolve():
            processes.end_stranded([holder], with_signal=signal.SIGINT, seconds=20)
        pid_file.unlink(missing_ok=True)

    def _is_ready(self) -> bool:
        command = [str(self.place.programs.postgres / "pg_isready"), "-q", "-h", HOST, "-p", str(self.port)]
        return subprocess.run([*command, "-d", ROLE, "-U", ROLE], env=_environment(), check=False).returncode == 0


def _memory() -> dict[str, str]:
    wanted = os.environ.get(SHARED_BUFFERS)
    return {"shared_buffers": wanted} if wanted else {}


def _environment() -> Mapping[str, str]:
    """Return little: a server has no business with the caller's variables, and PG… ones would change it."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
