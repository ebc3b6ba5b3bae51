"""Pictures of the main pages of a running Regulars for the documents:

    python -m tests.browser.screenshots http://localhost:8000 [user password]

Both languages, light and dark, and a phone's width, into docs/images/ (each under 200 KB).
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright

from tests.servers import chromium

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "images"
LARGEST = 200_000


@dataclass(frozen=True)
class Look:
    """How a page is looked at."""

    suffix: str
    locale: str
    scheme: Literal["light", "dark"]
    width: int
    height: int
    pages: frozenset[str]


# Name of the picture → where it is: an address, or an address and the first link of a list on it.
PAGES: dict[str, tuple[str, str]] = {
    "home": ("/admin/", ""),
    "customers": ("/admin/customers/?stage=dormant", ""),
    "customer": ("/admin/customers/?sort=revenue", "a.r-person"),
    "segments": ("/admin/segments/", ""),
    "segment": ("/admin/segments/", "td a"),
    "campaigns": ("/admin/campaigns/", ""),
    "campaign": ("/admin/campaigns/", "td a"),
    "retention": ("/admin/reports/retention/?by=channel", ""),
    "retained": ("/admin/reports/retained/", ""),
    "funnel": ("/admin/reports/funnel/", ""),
    "value": ("/admin/reports/value/", ""),
    "portrait": ("/admin/reports/portrait/", ""),
    "growth": ("/admin/growth/", ""),
    "feedback": ("/admin/feedback/", ""),
}

ALL = frozenset(PAGES)
FEW = frozenset({"home", "customer"})
LOOKS = (
    Look("en", "en-GB", "light", 1360, 900, ALL),
    Look("zh", "zh-CN", "light", 1360, 900, ALL),
    Look("dark", "en-GB", "dark", 1360, 900, FEW),
    Look("phone", "zh-CN", "light", 390, 844, FEW),
)


def take(page: Page, base: str, name: str, suffix: str) -> None:
    """One picture."""
    address, link = PAGES[name]
    page.goto(base + address)
    if link:
        first = page.locator(f".r-page {link}").first
        if first.count() == 0:
            return
        page.goto(base + str(first.get_attribute("href")))
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(500)
    path = FOLDER / f"{name}-{suffix}.png"
    page.screenshot(path=path)
    if path.stat().st_size > LARGEST:
        raise SystemExit(f"{path.name} has {path.stat().st_size} bytes; take less of the page.")


def look(browser: Browser, base: str, how: Look, user: str, password: str) -> None:
    """Every page in one look."""
    context = browser.new_context(
        locale=how.locale,
        color_scheme=how.scheme,
        viewport={"width": how.width, "height": how.height},
    )
    page = context.new_page()
    page.goto(base + "/accounts/login/")
    page.fill("#id_login", user)
    page.fill("#id_password", password)
    page.locator(".r-door-form button").click()
    page.wait_for_load_state()
    for name in sorted(how.pages):
        take(page, base, name, how.suffix)
    context.close()


def main(base: str, user: str = "owner", password: str = "regulars-demo") -> None:
    """All pictures."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        for how in LOOKS:
            look(browser, base.rstrip("/"), how, user, password)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
