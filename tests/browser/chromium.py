"""A headless chromium for tests and screenshots, and whether this machine has one."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium.webdriver import Chrome, ChromeOptions, ChromeService

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Nothing but our own pages may be fetched, and the sandbox cannot start as root or in a container.
SWITCHES = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--hide-scrollbars",
    "--no-proxy-server",
    "--lang=zh-CN",
)


def programs() -> tuple[str, str] | None:
    """Return the paths of chromium and its driver (CHROMIUM and CHROMEDRIVER name others), or None."""
    browser = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    driver = os.environ.get("CHROMEDRIVER") or shutil.which("chromedriver")
    return (browser, driver) if browser and driver else None


@contextmanager
def open_browser(*, width: int, height: int, scale: float = 1) -> Iterator[Chrome]:
    """Open a browser with a fresh profile for the length of a with block. Raises RuntimeError when there is none."""
    found = programs()
    if found is None:
        raise RuntimeError("No chromium with chromedriver found; set CHROMIUM and CHROMEDRIVER to their paths.")
    with tempfile.TemporaryDirectory(prefix="mall-browser-", ignore_cleanup_errors=True) as profile:
        options = ChromeOptions()
        options.binary_location = found[0]
        for switch in (*SWITCHES, f"--user-data-dir={Path(profile)}", f"--force-device-scale-factor={scale}"):
            options.add_argument(switch)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        browser = Chrome(options=options, service=ChromeService(found[1]))
        try:
            # Not --window-size: headless chromium keeps a part of that for a frame it does not draw.
            metrics = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": False}
            browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
            yield browser
        finally:
            browser.quit()
