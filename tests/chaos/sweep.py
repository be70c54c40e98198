"""Sends the hint of every open job again: `python -m tests.chaos.sweep`, with the product's environment.

What the sweeper does when a hint has been lost for half a minute, for tests that do not want to wait so long.
"""

import django

django.setup()

from core.business_time import now  # noqa: E402 - these need Django set up
from core.jobs import SWEEP_GRACE, sweep  # noqa: E402

if __name__ == "__main__":
    sweep(at=now() + SWEEP_GRACE)
