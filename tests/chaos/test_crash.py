"""The product is killed again and again under load; what was answered is there afterwards, once."""

from collections import Counter
from pathlib import Path

import pytest

from tests.chaos import builds, form
from tests.chaos.builds import Build
from tests.chaos.form import Plan

SEED = 7
SHORT = Plan(
    clients=6,
    keys=360,
    members=24,
    kills={"postgres": 1, "web": 2, "worker": 1, "redis": 1},
    seed=SEED,
    patience_seconds=60,
    hurry=True,
)


@pytest.mark.slow
def test_nothing_that_was_answered_is_lost_and_nothing_is_there_twice(tmp_path: Path) -> None:
    ending = form.run(SHORT, tmp_path)

    assert ending.faults == []
    assert Counter(kill.victim for kill in ending.kills) == SHORT.kills
    assert len(ending.deeds) == SHORT.keys
    # It was a test of something: services were away, requests were repeated, the books were read meanwhile.
    assert sum(deed.failures.total() for deed in ending.deeds) > 0
    assert sum(len(deed.answers) > 1 for deed in ending.deeds) > SHORT.keys * 0.2
    assert sum(not look.away for look in ending.looks) > 3


@pytest.mark.slow
@pytest.mark.parametrize("build", builds.BUILDS, ids=lambda build: build.name)
def test_control_a_build_with_one_guard_less_goes_red(build: Build, tmp_path: Path) -> None:
    ending = form.run(build.plan(tmp_path, seed=SEED), tmp_path)

    assert build.red <= {fault.kind for fault in ending.faults}
