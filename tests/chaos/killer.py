"""Kills services at random moments, spread over the work that the clients do."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.chaos.mall import Mall

EVERYTHING = "everything"
# Between these shares of the work, so that each kill meets it.
FIRST, LAST = 0.04, 0.93
# What is due is not killed at the moment the count reaches it: that would always be just after an answer.
DELAY_SECONDS = 0.4


@dataclass(frozen=True, order=True)
class Kill:
    """Whom to kill when so large a share of all wishes has been begun."""

    share: float
    victim: str


def schedule(counts: Mapping[str, int], *, seed: int) -> list[Kill]:
    """Return the kills, in order. "everything" is a crash of the whole machine, the launcher included."""
    chance = random.Random(f"{seed}:kills")
    victims = [victim for victim, count in counts.items() for _number in range(count)]
    return sorted(Kill(chance.uniform(FIRST, LAST), victim) for victim in victims)


def strike(
    kills: list[Kill], mall: Mall, *, seed: int, share: Callable[[], float], crash: Callable[[], None]
) -> list[Kill]:
    """Kill each when its moment has come; return those that were killed. `share` is how much work has been begun.

    What was killed is back a second or two later; the next one may be struck before that.
    """
    chance = random.Random(f"{seed}:moments")
    done = []
    for kill in kills:
        while share() < kill.share:
            time.sleep(0.05)
        time.sleep(chance.uniform(0, DELAY_SECONDS))
        if kill.victim == EVERYTHING:
            crash()
        else:
            mall.kill(kill.victim)
        done.append(kill)
    return done
