"""What `manage.py check` says about the log's key."""

from base64 import b64encode
from typing import Any

import pytest

from points.checks import check_log_key

SEED = b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    ("demo", "key", "origin", "problems"),
    [
        (False, SEED, "mall.example.com/ledger", 0),
        (False, "", "mall.example.com/ledger", 1),
        (False, SEED, "", 1),
        (False, SEED[4:], "mall.example.com/ledger", 1),
        (True, "", "", 0),
        (True, "nonsense", "mall.example.com/ledger", 1),
    ],
)
def test_a_production_without_a_usable_key_is_refused(
    settings: Any, demo: bool, key: str, origin: str, problems: int
) -> None:
    settings.DEMO_MODE = demo
    settings.LEDGER_LOG_KEY = key
    settings.LEDGER_LOG_ORIGIN = origin

    assert [problem.id for problem in check_log_key(None)] == ["points.E001"] * problems
