"""The whole product on this machine: started, kept running, stopped, and used by other commands meanwhile."""

import os
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain

from launcher import files, place, ports, processes, secret_file, servers, state, steps
from launcher.errors import LaunchError
from launcher.paths import Paths
from launcher.processes import Identity
from launcher.state import State
from launcher.supervisor import Stopped, Supervisor, last_words
from launcher.terminal import say, step

INTERRUPTED = 130


def up(paths: Paths) -> int:
    """Run everything until Ctrl-C or SIGTERM and return the exit status."""
    with _alone(paths) as alone:
        if not alone:
            return _tell_who_runs(paths)
        try:
            with Supervisor(_recorder(state_now := State.of_this_process(paths), paths)) as supervisor:
                product = Product(paths, supervisor, state_now)
                product.start_servers()
                product.start_processes()
                product.announce()
                supervisor.run_forever()
                say("\nStopping.")
        except Stopped:
            say("\nStopped before all was up.")
            return INTERRUPTED
        finally:
            paths.state.unlink(missing_ok=True)
    return 0


def run(paths: Paths, command: Sequence[str], *, whole: bool) -> int:
    """Run a command with the running product's settings and return its exit status.

    If nothing runs, the servers (with `whole` the product) are started for it and stopped after it.
    """
    with _alone(paths) as alone:
        if not alone:
            _become(paths, command, whole=whole)
        try:
            with Supervisor(_recorder(state_now := State.of_this_process(paths), paths)) as supervisor:
                product = Product(paths, supervisor, state_now)
                product.start_servers()
                if whole:
                    product.start_processes()
                return supervisor.run_here(command, {**os.environ, **state_now.environment}, folder=paths.repo)
        except Stopped:
            return INTERRUPTED
        finally:
            paths.state.unlink(missing_ok=True)


def down(paths: Paths) -> int:
    """Stop what runs in this copy, and what a killed supervisor left behind."""
    running = state.load(paths)
    if running and running.is_alive and running.supervisor:
        os.kill(running.supervisor.pid, signal.SIGTERM)
        gone = processes.wait_until(lambda: not running.is_alive, seconds=120)
        say("Stopped." if gone else "It was asked to stop, but has not yet.")
        return 0 if gone else 1
    with _alone(paths) as alone:
        say("Nothing runs in this copy." if alone else "It is just starting; try again in a moment.")
        return 0 if alone else 1


def status(paths: Paths) -> int:
    """Print what runs. Exit status 0 when all is up, 3 when not."""
    running = state.load(paths)
    if not running or not running.is_alive:
        say("The points mall does not run in this copy. Start it with `make up`.")
        return 3
    say(f"Address: {running.address or '(still starting)'}")
    for name, who in running.services.items():
        say(f"  {name:<16} pid {who.pid:<8} {'running' if who.is_running else 'died, will be started again'}")
    everything = all(who.is_running for who in running.services.values())
    return 0 if running.address and everything else 3


class Product:
    """One run of the product under a supervisor. What comes to be is written into the state for other commands."""

    def __init__(self, paths: Paths, supervisor: Supervisor, running: State) -> None:
        self._paths = paths
        self._supervisor = supervisor
        self._state = running
        self._secrets = secret_file.load(paths)
        self._web_port_holder: socket.socket | None = None

    def start_servers(self) -> None:
        """Start PostgreSQL and Redis, after ending what a killed run left of this copy."""
        urls = dict.fromkeys(("DATABASE_URL", "REDIS_URL"), "")
        if servers.are_all_given():
            urls = {name: os.environ[name] for name in urls}
        else:
            where = place.kept(self._paths, self._secrets)
            urls = servers.start(self._supervisor, where, self._secrets, logs=self._paths.log, careless=False)
        self._state.environment = steps.environment(self._paths, self._secrets, urls)
        self._state.save(self._paths)

    def start_processes(self) -> None:
        """Prepare the database and start the product's own processes."""
        settings = self._state.environment
        if steps.wants_standin({**os.environ, **settings}):
            port = ports.pick()
            settings["WECHAT_API_BASE"] = f"http://{ports.HOST}:{port}"
            with step("WeChat stand-in"):
                self._supervisor.start(steps.Processes(self._paths, settings).standin(port))
        self._prepare()
        port, self._web_port_holder = ports.reserve_web(_first_web_port())
        self._state.address = settings["MALL_BASE_URL"] = f"http://{ports.HOST}:{port}"
        ours = steps.Processes(self._paths, settings)
        for title, service in (("Web", ours.web(port)), ("Worker", ours.worker()), ("Beat", ours.beat())):
            with step(title):
                self._supervisor.start(service)
        self._state.save(self._paths)

    def announce(self) -> None:
        """Print the addresses and logins."""
        address, demo = self._state.address, steps.is_demo(self._state.environment)
        pages = {"Preview page": "/"} if demo else {}
        pages |= {"Admin": "/admin/", "API documentation": "/api/v1/docs/"}
        say("\nThe points mall is running.\n")
        for title, path in pages.items():
            say(f"  {title:<20} {address}{path}")
        if demo:
            say(f"\n  Admin logins         {', '.join(steps.STAFF)}")
            say(f"  Password of each     {self._state.environment['DEMO_STAFF_PASSWORD']}")
        say(f"\n  Logs                 {os.path.relpath(self._paths.log)}")
        say("  To stop              Ctrl-C, or `make down`\n")

    def _prepare(self) -> None:
        demo = steps.is_demo(self._state.environment)
        log = self._paths.log / "prepare.log"
        environment = steps.Processes(self._paths, self._state.environment).environment
        for preparation in steps.PREPARATIONS:
            if preparation.demo_only and not demo:
                continue
            command = [str(self._paths.python), "manage.py", *preparation.arguments]
            with step(preparation.title):
                if self._supervisor.run(command, environment, folder=self._paths.repo, log=log):
                    raise LaunchError(f"`manage.py {preparation.arguments[0]}` failed:\n{last_words(log)}")


@contextmanager
def _alone(paths: Paths) -> Iterator[bool]:
    """Hold this copy's servers for ourselves; yield False when another process of this copy has them."""
    paths.make_folders()
    with files.lock(paths.run / "up.lock", wait=False) as held:
        if held is not None:
            _end_stranded(paths)
        yield held is not None


def _end_stranded(paths: Paths) -> None:
    """End what a killed supervisor left, PostgreSQL last. Most of it has ended by itself when the supervisor died."""
    last = state.load(paths)
    recorded = dict(last.services) if last else {}
    database = [who for who in [recorded.pop("postgres", None)] if who]
    others = [*recorded.values(), *processes.marked_with(f"{steps.MARKER}={paths.var}")]
    if any(who.is_running for who in chain(others, database)):
        with step("Ending what a killed run left behind"):
            processes.end_stranded(others, with_signal=signal.SIGTERM, seconds=10)
            processes.end_stranded(database, with_signal=signal.SIGINT, seconds=20)
    paths.state.unlink(missing_ok=True)


def _recorder(running: State, paths: Paths) -> Callable[[dict[str, Identity]], None]:
    def record(services: dict[str, Identity]) -> None:
        running.services = services
        running.save(paths)

    return record


def _tell_who_runs(paths: Paths) -> int:
    running = state.load(paths)
    if running and running.is_alive and running.address:
        say(f"The points mall already runs in this copy: {running.address}/ (stop it with `make down`).")
    else:
        say("Another command of this copy is starting or using its servers; wait until it has finished.")
    return 0


def _become(paths: Paths, command: Sequence[str], *, whole: bool) -> None:
    """Replace this process by the command, with the settings of what runs."""
    running = state.load(paths)
    if not running or not running.is_alive or not (running.address if whole else running.environment):
        raise LaunchError("This copy's servers are just starting, or serve another command. Try again in a moment.")
    os.chdir(paths.repo)
    os.execvpe(command[0], list(command), {**os.environ, **running.environment})


def _first_web_port() -> int:
    wanted = os.environ.get("PORT") or str(ports.FIRST_WEB_PORT)
    if not wanted.isdecimal() or int(wanted) not in ports.VALID:
        raise LaunchError(f"PORT is '{wanted}'. It must be a number from 1 to 65535.")
    return int(wanted)
