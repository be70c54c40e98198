"""One crash test from beginning to end: a world, clients at work, services killed, jobs drained, the verdict."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos import books, journal, killer, verdict, watcher
from tests.chaos.journal import Deed, Progress
from tests.chaos.killer import Kill
from tests.chaos.mall import REPOSITORY, Mall
from tests.chaos.verdict import Fault
from tests.chaos.watcher import Look
from tests.chaos.world import World

ENDING_SECONDS = 600


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How many clients ask for how many things in all (`keys`), and how often which service is killed meanwhile."""

    clients: int
    keys: int
    members: int
    kills: Mapping[str, int]
    seed: int
    # For how long a client asks for the same thing again: longer than anything that was killed stays away.
    patience_seconds: float = 120
    # Jobs whose hint died with worker or broker are found by the sweeper, half a minute later; or hurried to.
    drain_seconds: float = 150
    hurry: bool = False
    repository: Path = REPOSITORY


@dataclass
class Ending:
    """What came of a plan. `faults` is empty when all is right."""

    plan: Plan
    deeds: list[Deed]
    looks: list[Look]
    kills: list[Kill]
    seconds: float
    faults: list[Fault] = field(default_factory=list)


def run(plan: Plan, folder: Path, *, say: Callable[[str], None] = print) -> Ending:
    """Live through the plan. `folder` gets the journals."""
    with Mall(plan.repository) as mall:
        say("The product is up.")
        try:
            return _Run(plan, mall, folder, say).live_through()
        finally:
            say(f"The launcher said:\n{mall.output}\nThe programs said:\n{mall.said()}")


class _Run:
    def __init__(self, plan: Plan, mall: Mall, folder: Path, say: Callable[[str], None]) -> None:
        self._plan, self._mall, self._folder, self._say = plan, mall, folder, say
        self._journals = [folder / f"journal-{number}" for number in range(plan.clients)]
        self._progress = Progress(self._journals)
        self._clients: list[subprocess.Popen[bytes]] = []
        self._watcher: subprocess.Popen[bytes] | None = None

    def live_through(self) -> Ending:
        """Return what came of it."""
        world = self._make_world()
        with ExitStack() as ending:
            ending.callback(self._end_all)
            self._start_watcher()
            started = time.monotonic()
            self._start_clients()
            kills = self._kill_in_the_middle()
            self._wait_for_clients()
            seconds = time.monotonic() - started
            self._say(f"All clients are done after {seconds:.0f} s.")
            self._drain_jobs()
            self._stop_watcher()
            deeds, looks = journal.read(self._journals), watcher.read(self._looks_file)
            found = books.read(self._database_url)
        return Ending(
            plan=self._plan,
            deeds=deeds,
            looks=looks,
            kills=kills,
            seconds=seconds,
            faults=verdict.faults(deeds, found, looks, world),
        )

    @property
    def _looks_file(self) -> Path:
        return self._folder / "looks"

    @property
    def _database_url(self) -> str:
        return self._mall.environment["DATABASE_URL"]

    def _make_world(self) -> World:
        file = self._folder / "world.json"
        made = self._mall.program("tests.chaos.creation", str(self._plan.members), str(file))
        assert made.wait(timeout=ENDING_SECONDS) == 0, f"no world:\n{self._mall.said()}"
        return World.load(file)

    def _start_clients(self) -> None:
        keys, left = divmod(self._plan.keys, self._plan.clients)
        for number in range(self._plan.clients):
            words = [str(number), str(keys + (number < left)), str(self._plan.seed), str(self._plan.patience_seconds)]
            # Beside the product, not in it: no settings, no Django.
            self._clients.append(
                subprocess.Popen(
                    [sys.executable, "-m", "tests.chaos.client", *words, str(self._folder)], cwd=REPOSITORY
                )
            )

    def _kill_in_the_middle(self) -> list[Kill]:
        kills = killer.schedule(self._plan.kills, seed=self._plan.seed)
        done = killer.strike(kills, self._mall, seed=self._plan.seed, share=self._share, crash=self._crash)
        self._say(f"Killed: {', '.join(kill.victim for kill in done) or 'nobody'}.")
        return done

    def _share(self) -> float:
        share = self._progress.asked() / self._plan.keys
        assert share >= 1 or any(client.poll() is None for client in self._clients), "the clients ended too early"
        return share

    def _crash(self) -> None:
        """Kill all there is, and start it again; clients and their journals are elsewhere. The watcher starts anew."""
        address = self._mall.address
        self._mall.crash()
        self._end_watcher(signal.SIGKILL)
        self._mall.start()
        assert self._mall.address == address, "the clients have lost their mall"
        self._start_watcher()

    def _wait_for_clients(self) -> None:
        deadline = time.monotonic() + ENDING_SECONDS
        statuses = [client.wait(timeout=max(1.0, deadline - time.monotonic())) for client in self._clients]
        assert not any(statuses), f"clients broke: {statuses}"

    def _drain_jobs(self) -> None:
        """Wait until no job is open; what is still open after that, the verdict finds."""
        if self._plan.hurry:
            self._mall.program("tests.chaos.sweep").wait(timeout=60)
        deadline = time.monotonic() + self._plan.drain_seconds
        while time.monotonic() < deadline and books.open_jobs(self._database_url):
            time.sleep(0.5)

    def _start_watcher(self) -> None:
        self._watcher = self._mall.program("tests.chaos.watcher", str(self._looks_file))

    def _stop_watcher(self) -> None:
        assert self._end_watcher(signal.SIGTERM) == 0, f"the watcher broke:\n{self._mall.said()}"

    def _end_watcher(self, how: int) -> int | None:
        if self._watcher is None:
            return None
        self._watcher.send_signal(how)
        status, self._watcher = self._watcher.wait(timeout=60), None
        return status

    def _end_all(self) -> None:
        for client in self._clients:
            client.kill()
            client.wait()
        self._end_watcher(signal.SIGKILL)
