"""The preview page as somebody with a phone in hand uses it."""

from collections.abc import Callable
from typing import Any

from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

PATIENCE_SECONDS = 15


class Phone:
    """One browser on one running server."""

    def __init__(self, browser: Chrome, base_url: str) -> None:
        self.browser = browser
        self._base_url = base_url

    def open(self) -> None:
        """Load the page anew."""
        self.browser.get(f"{self._base_url}/")

    def go(self, screen: str) -> None:
        """Follow a link inside the app, such as "mall" or "item/3"."""
        self.script("location.hash = arguments[0]", f"#/{screen}")

    def log_in(self, openid: str) -> None:
        """Choose a demo member and wait for the home screen."""
        self.open()
        self.tap(f"#{openid}")
        self.find("#balance")

    def find(self, selector: str) -> WebElement:
        """Wait until the element can be seen and return it."""
        return self.until(lambda: self._shown(selector), f"{selector} to be seen")

    def tap(self, selector: str) -> None:
        """Wait until the element can be tapped, and tap it."""
        self.until(
            lambda: (found := self._shown(selector)) and found.is_enabled() and found, f"{selector} to be enabled"
        )
        # By script: screens slide in, and a click at coordinates could meet what was there before.
        self.browser.execute_script("arguments[0].click()", self.find(selector))

    def text(self, selector: str) -> str:
        """Return the text of the element once it can be seen."""
        return self.find(selector).text

    def wait_for_text(self, selector: str, text: str) -> None:
        """Wait until the element's text contains `text`."""
        self.until(
            lambda: (found := self._shown(selector)) is not None and text in found.text, f"{text!r} in {selector}"
        )

    def script(self, text: str, *arguments: Any) -> Any:
        """Run a script in the page and return its result."""
        return self.browser.execute_script(text, *arguments)

    def complaints(self) -> list[str]:
        """Return what the browser's console has against the page: errors, and refusals of its content policy."""
        lines = self.browser.get_log("browser")
        return [line["message"] for line in lines if line["level"] in {"SEVERE", "WARNING"}]

    def until(self, condition: Callable[[], Any], what: str) -> Any:
        """Wait until the condition holds and return its value."""
        waiting = WebDriverWait(
            self.browser, PATIENCE_SECONDS, poll_frequency=0.1, ignored_exceptions=(StaleElementReferenceException,)
        )
        return waiting.until(lambda _browser: condition(), f"waited for {what}")

    def _enabled(self, selector: str) -> WebElement | None:
        found = self._shown(selector)
        return found if found and found.is_enabled() else None

    def _shown(self, selector: str) -> WebElement | None:
        found = [one for one in self.browser.find_elements(By.CSS_SELECTOR, selector) if one.is_displayed()]
        return found[0] if found else None
