"""The demo, loaded as `make up` loads it."""

from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import call_command

PASSWORD = "a-demo-password"


@pytest.fixture
def load_demo(db: None, monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """Return a function that loads the demo and returns what the command said."""
    monkeypatch.setenv("DEMO_STAFF_PASSWORD", PASSWORD)
    call_command("sync_staff_groups", stdout=StringIO())
    call_command("load_programme", "ecommerce", stdout=StringIO())

    def load() -> str:
        said = StringIO()
        call_command("load_demo", stdout=said)
        return said.getvalue()

    return load
