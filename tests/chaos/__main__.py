"""`make chaos`: the whole sample, every process killed again and again, everything at once in between."""

import argparse
import random
import sys
import tempfile
from pathlib import Path

from tests.chaos import story
from tests.chaos.story import EVERYTHING, Plan

VICTIMS = ("web", "worker", "redis", "postgres", "beat")


def main() -> int:
    """Run the long form and return its exit status: 0 when nothing was lost."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--purchases", type=int, default=6919, help="lines of the sample to replay")
    parser.add_argument("--rounds", type=int, default=3, help="how often each process is killed")
    parser.add_argument("--batch", type=int, default=100, help="events per call")
    parser.add_argument("--seed", type=int, default=None, help="for the order and moments of the kills")
    options = parser.parse_args()
    seed = random.SystemRandom().randrange(1_000_000) if options.seed is None else options.seed
    print(f"Seed {seed}.")
    chance = random.Random(seed)
    victims = [*VICTIMS * options.rounds, *[EVERYTHING] * options.rounds]
    chance.shuffle(victims)
    plan = Plan(
        victims=victims, purchases=options.purchases, batch=options.batch, seed=seed, wait_for_codes_seconds=150
    )
    with tempfile.TemporaryDirectory() as folder:
        ending = story.run(plan, Path(folder))
    for fault in ending.faults:
        print(f"FAULT: {fault}")
    if ending.faults:
        return 1
    print(
        f"Nothing lost, nothing twice: {len(ending.kills)} kills, {len(ending.answers)} answers about"
        f" {len(ending.expected)} purchases, {sum(ending.expected.values())} points, {len(ending.placed)} redemptions."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
