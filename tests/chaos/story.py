"""One run: a replay and shoppers at work, processes killed in the middle, all of it repeated and checked at the end."""

import json
import random
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from growth.replay import cdnow
from tests.chaos import facts
from tests.chaos.mall import REPOSITORY, Mall
from tests.chaos.shoppers import Shoppers

SAMPLE = REPOSITORY / "data" / "CDNOW_sample.txt"
# The share of the replay by which the last kill has come, so that each is in the middle of it.
LAST_KILL = 0.85
REPLAY_SECONDS = 900
EVERYTHING = "everything"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Who is killed, in order, while how many purchases are replayed. "everything" is a crash of the whole machine."""

    victims: Sequence[str]
    purchases: int
    batch: int
    seed: int
    # Codes lost with the worker or the broker are handed out by the sweeper, half a minute later.
    wait_for_codes_seconds: float = 0


@dataclass
class Ending:
    """What came of it. `faults` is empty when all is right; the rest is for checks of the checks, and for people."""

    facts: facts.Facts
    answers: list[dict[str, Any]]
    expected: dict[str, int]
    placed: dict[str, int]
    faults: list[str] = field(default_factory=list)
    kills: list[str] = field(default_factory=list)


def run(plan: Plan, folder: Path, *, say: Callable[[str], None] = print) -> Ending:
    """Live through the plan. `folder` gets the journals."""
    purchases = folder / "purchases.txt"
    purchases.write_text("".join(SAMPLE.read_text().splitlines(keepends=True)[: plan.purchases]))
    with Mall() as mall:
        say("The product is up.")
        try:
            return _live_through(plan, mall, folder, purchases, say)
        finally:
            say(f"The launcher said:\n{mall.output}")


def _live_through(plan: Plan, mall: Mall, folder: Path, purchases: Path, say: Callable[[str], None]) -> Ending:
    shoppers = _shoppers(mall)
    story = _Story(plan, mall, folder, purchases, say)
    shoppers.start()
    story.kill_in_the_middle()
    shoppers.stop()
    say(f"Answered: {len(story.answers())} events, {len(shoppers.answered)} redemptions. Repeating all of them.")
    story.replay_again()
    ending = story.ending(placed=shoppers.placed())
    ending.faults += [f"{key} got another answer when repeated" for key in shoppers.repeat()]
    if not ending.placed:
        ending.faults.append("no redemption was placed")
    ending.faults += story.undelivered(ending.placed)
    return ending


def _shoppers(mall: Mall) -> Shoppers:
    made = subprocess.run(
        [sys.executable, "-m", "tests.chaos.shoppers", "8", "20000"],
        cwd=REPOSITORY,
        env=mall.environment | {"LOG_LEVEL": "WARNING"},
        stdout=subprocess.PIPE,
        check=True,
    )
    return Shoppers(address=mall.address, **json.loads(made.stdout))


class _Story:
    def __init__(self, plan: Plan, mall: Mall, folder: Path, purchases: Path, say: Callable[[str], None]) -> None:
        self._plan = plan
        self._mall = mall
        self._folder = folder
        self._purchases = purchases
        self._say = say
        self._random = random.Random(plan.seed)
        self._replays = 0
        self._faults: list[str] = []
        self._kills: list[str] = []

    def kill_in_the_middle(self) -> None:
        """Replay, kill one victim after the other, and let the replay end."""
        replay = self._start_replay()
        for number, victim in enumerate(self._plan.victims):
            # An even share of what is left: while a service came back, the replay may have gone on without it.
            done = self._share_answered()
            self._wait_until_answered(done + (LAST_KILL - done) / (len(self._plan.victims) - number), replay)
            # Answers come batch by batch; a kill right after one would always meet the same moment.
            time.sleep(self._random.uniform(0, 0.4))
            self._kills.append(f"{victim} after {len(self.answers())} answers")
            if victim == EVERYTHING:
                replay = self._crash(replay)
            else:
                self._mall.kill(victim)
            self._say(f"Killed {self._kills[-1]}; it is back.")
        self._finish(replay)

    def replay_again(self) -> None:
        """Replay once more: nothing is new, and every answer the one that was given before."""
        self._finish(self._start_replay())
        again = facts.read_journal(self._journal(self._replays))
        if changed := [answer["event_id"] for answer in again if answer["status"] != "duplicate"]:
            self._faults.append(f"{len(changed)} events were not known when repeated, {changed[0]} for one")

    def ending(self, *, placed: dict[str, int]) -> Ending:
        """Hold what was answered against what is there."""
        purchases = cdnow.parse(self._purchases.read_text().splitlines())
        expected = {purchase.order_no: purchase.expected_points() for purchase in purchases}
        found, answers = facts.read(self._mall.environment["DATABASE_URL"]), self.answers()
        faults = facts.faults(found, answers=answers, expected=expected, placed=placed)
        if self._mall.command("audit_ledger").wait(timeout=120):
            faults.append(f"the audit is not clean:\n{self._mall.said()}")
        return Ending(
            facts=found,
            answers=answers,
            expected=expected,
            placed=placed,
            faults=self._faults + faults,
            kills=self._kills,
        )

    def undelivered(self, placed: dict[str, int]) -> list[str]:
        """Wait for the codes of all redemptions and return the complaints."""
        deadline = time.monotonic() + self._plan.wait_for_codes_seconds
        while self._plan.wait_for_codes_seconds:
            missing = placed.keys() - facts.read(self._mall.environment["DATABASE_URL"]).delivered
            if not missing:
                return []
            if time.monotonic() > deadline:
                return [f"{len(missing)} redemptions never got their code, {min(missing)} for one"]
            time.sleep(1)
        return []

    def answers(self) -> list[dict[str, Any]]:
        """Return all that was answered so far, over all replays."""
        journals = (self._journal(number) for number in range(1, self._replays + 1))
        return [answer for journal in journals for answer in facts.read_journal(journal)]

    def _journal(self, number: int) -> Path:
        return self._folder / f"journal-{number}"

    def _start_replay(self) -> subprocess.Popen[bytes]:
        self._replays += 1
        options = ["--batch", str(self._plan.batch), "--journal", str(self._journal(self._replays))]
        return self._mall.command("replay_orders", str(self._purchases), "--url", self._mall.address, *options)

    def _finish(self, replay: subprocess.Popen[bytes]) -> None:
        if status := replay.wait(timeout=REPLAY_SECONDS):
            self._faults.append(f"replay {self._replays} ended with status {status}:\n{self._mall.said()}")

    def _share_answered(self) -> float:
        return len({answer["event_id"] for answer in self.answers()}) / (2 * self._plan.purchases)

    def _wait_until_answered(self, share: float, replay: subprocess.Popen[bytes]) -> None:
        while self._share_answered() < share:
            assert replay.poll() is None, f"the replay ended too early:\n{self._mall.said()}"
            time.sleep(0.1)

    def _crash(self, replay: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
        """Kill all there is, the replay too; start the product, then the replay. The shoppers do not even notice."""
        address = self._mall.address
        replay.kill()
        self._mall.crash()
        replay.wait()
        self._mall.start()
        assert self._mall.address == address, "the shoppers have lost their mall"
        return self._start_replay()
