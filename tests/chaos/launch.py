"""The launcher as a crash test needs it: `python -m tests.chaos.launch up`, or another of its words.

What is killed comes back within a second: kills come closer together here than the launcher's growing pauses are
made for. Nobody works in admin, so nothing but tables is prepared. And no packages are looked after, so that a changed
copy of the repository may share an environment.
"""

import sys

from launcher import cli, product, steps, supervisor
from launcher.paths import Paths

LONGEST_DELAY_SECONDS = 1.0


def main(words: list[str]) -> int:
    """Run one of the launcher's commands and return its exit status."""
    supervisor.LONGEST_DELAY_SECONDS = LONGEST_DELAY_SECONDS
    steps.PREPARATIONS = tuple(step for step in steps.PREPARATIONS if step.arguments[0] == "migrate")
    return product.up(Paths.here()) if words == ["up"] else cli.main(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
