"""The settings of processes that run the tests' own chain."""

from config.settings_test import *  # noqa: F403

NIGHTLY_CHAIN = ["tests.core.chain_steps.FIRST", "tests.core.chain_steps.SECOND"]
