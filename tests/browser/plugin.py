"""Browser tests run where there is a browser; where there is none they are not collected, and the run says so."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from tests.browser.chromium import open_browser, programs

FOLDER = Path(__file__).parent


def pytest_report_header() -> str:
    """Say in one line of every run whether pages are tested."""
    if found := programs():
        return f"browser: {found[0]}"
    return (
        "browser: tests/browser is left out, no chromium with chromedriver found (CHROMIUM and CHROMEDRIVER name them)"
    )


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave the folder out on a machine without a browser."""
    return True if FOLDER in collection_path.parents and programs() is None else None


@pytest.fixture
def browser() -> Iterator[Chrome]:
    """Return a browser of a phone's size, with a profile nobody has used."""
    with open_browser(width=390, height=844) as chrome:
        yield chrome
