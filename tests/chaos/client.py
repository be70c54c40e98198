"""One client: `python -m tests.chaos.client NAME KEYS SEED PATIENCE_SECONDS FOLDER`, a process of its own.

It asks for one thing after the other, each under one key until it is answered, and asks three in ten again: at once
on a second connection, or at some later moment. Every question is on disk before it is sent.
"""

import random
import sys
import threading
import time
from pathlib import Path

from tests.chaos.journal import Answer, Journal, Wish
from tests.chaos.wire import NotAnswered, Wire
from tests.chaos.wishes import Chooser
from tests.chaos.world import World

REPEATED = 0.3
# Of the repeats, how many are sent while the first one is under way.
AT_ONCE = 0.3
RETRY_SECONDS = 0.3


class Client:
    """Asks for `keys` things. `patience` is for how many seconds one of them is asked again and again."""

    def __init__(self, world: World, journal: Journal, *, name: str, seed: int, patience: float) -> None:
        self._chooser = Chooser(world, name=name, seed=seed)
        self._chance = random.Random(f"{seed}:{name}:repeats")
        self._journal = journal
        self._patience = patience
        self._wire, self._second_wire = Wire(world), Wire(world)
        self._later: list[Wish] = []

    def run(self, keys: int) -> None:
        """Live through all of it."""
        for _number in range(keys):
            self._fulfil(self._chooser.next())
            while self._later and self._chance.random() < REPEATED:
                self._repeat_one()
        while self._later:
            self._repeat_one()

    def _fulfil(self, wish: Wish) -> None:
        self._journal.asked(wish)
        if wish.given_up:
            self._wire.ask_and_hang_up(wish)
            return
        repeated = self._chance.random() < REPEATED
        at_once = repeated and self._chance.random() < AT_ONCE
        twin = threading.Thread(target=self._ask, args=(wish, self._second_wire))
        if at_once:
            twin.start()
        answer = self._ask(wish, self._wire)
        if at_once:
            twin.join()
        elif repeated:
            self._later.append(wish)
        if answer:
            self._chooser.learn(wish, answer)

    def _repeat_one(self) -> None:
        self._ask(self._later.pop(self._chance.randrange(len(self._later))), self._wire)

    def _ask(self, wish: Wish, wire: Wire) -> Answer | None:
        """Ask until answered, or until patience ends; what was heard is written down at once."""
        deadline = time.monotonic() + self._patience
        while time.monotonic() < deadline:
            try:
                answer = wire.ask(wish)
            except NotAnswered as reason:
                self._journal.failed(wish.key, str(reason))
                time.sleep(RETRY_SECONDS)
            else:
                self._journal.answered(wish.key, answer)
                return answer
        return None


def main(name: str, keys: str, seed: str, patience: str, folder: str) -> None:
    """Be one client. `folder` has the world and gets the journal."""
    client = Client(
        World.load(Path(folder) / "world.json"),
        Journal(Path(folder) / f"journal-{name}"),
        name=name,
        seed=int(seed),
        patience=float(patience),
    )
    client.run(int(keys))


if __name__ == "__main__":
    main(*sys.argv[1:])
