"""Photograph the running product for the README: python -m tools.screenshots (or `make screenshots`).

Reads MALL_BASE_URL and DEMO_STAFF_PASSWORD, as the launcher sets them, and changes nothing in the mall.
"""

import os
import sys
import time
from pathlib import Path

from selenium.webdriver.common.by import By

from tests.browser.chromium import open_browser, programs
from tests.browser.phone import Phone

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "screenshots"
MEMBER = "demo-lin"
# What is waited for before the picture is taken.
PHONE_SCREENS = {
    "preview-check-in": ("check-in", ".month"),
    "preview-earn": ("earn", ".task"),
    "preview-mall": ("mall", ".goods"),
    "preview-statement": ("statement", ".entries .entry"),
    "preview-redemptions": ("redemptions", ".order"),
}
ADMIN_PAGES = {
    "admin-dashboard": "/admin/",
    "admin-redemptions": "/admin/mall/redemption/",
    "admin-items": "/admin/mall/item/",
    "admin-rules": "/admin/growth/earnrule/",
}
# The picture of an item is taken of the one with this price.
ITEM_PRICE = "2,000"
FIND_ITEM = """
const all = [...document.querySelectorAll(".goods")];
return all.find((goods) => goods.querySelector(".price b").textContent === arguments[0]).getAttribute("href").slice(2);
"""
SETTLING_SECONDS = 1.2


def photograph_preview(base_url: str) -> None:
    """Take the pictures of the phone; the first one with the note beside it."""
    with open_browser(width=1180, height=900) as browser:
        phone = Phone(browser, base_url)
        phone.log_in(MEMBER)
        phone.find(".shelf-item")
        time.sleep(SETTLING_SECONDS)
        browser.save_screenshot(str(FOLDER / "preview-home.png"))
        for name, (screen, selector) in PHONE_SCREENS.items():
            phone.go(screen)
            phone.find(selector)
            _shoot_phone(phone, name)
        phone.go("mall")
        phone.find(".goods")
        phone.go(phone.script(FIND_ITEM, ITEM_PRICE))
        phone.find(".item-summary")
        _shoot_phone(phone, "preview-item")


def photograph_admin(base_url: str, *, password: str) -> None:
    """Take the pictures of the admin, as the superuser sees it."""
    with open_browser(width=1440, height=960) as browser:
        browser.get(f"{base_url}/admin/login/?next=/admin/")
        browser.find_element(By.NAME, "username").send_keys("admin")
        browser.find_element(By.NAME, "password").send_keys(password)
        browser.find_element(By.CSS_SELECTOR, "[type=submit]").click()
        for name, path in ADMIN_PAGES.items():
            browser.get(f"{base_url}{path}")
            time.sleep(SETTLING_SECONDS)
            browser.save_screenshot(str(FOLDER / f"{name}.png"))


def _shoot_phone(phone: Phone, name: str) -> None:
    time.sleep(SETTLING_SECONDS)
    phone.find(".phone").screenshot(str(FOLDER / f"{name}.png"))


def main() -> int:
    """Take all pictures and return the exit status."""
    base_url, password = os.environ.get("MALL_BASE_URL"), os.environ.get("DEMO_STAFF_PASSWORD")
    if not base_url or not password:
        print("MALL_BASE_URL and DEMO_STAFF_PASSWORD must be set; `make screenshots` does that.", file=sys.stderr)
        return 2
    if programs() is None:
        print("No chromium with chromedriver found; set CHROMIUM and CHROMEDRIVER to their paths.", file=sys.stderr)
        return 2
    FOLDER.mkdir(parents=True, exist_ok=True)
    photograph_preview(base_url)
    photograph_admin(base_url, password=password)
    for path in sorted(FOLDER.glob("*.png")):
        print(f"  {path.relative_to(FOLDER.parent.parent)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
