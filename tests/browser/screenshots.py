"""Pictures of the main pages of a running Regulars for the documents:

    python -m tests.browser.screenshots http://localhost:8000 [user password [the address of a preference page]]

Both languages, light and dark, and a phone's width, into docs/images/ (each under 200 KB).
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote, urljoin

from playwright.sync_api import Browser, Page, sync_playwright

from tests.servers import chromium

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "images"
LARGEST = 200_000
PHONE = 390


@dataclass(frozen=True)
class Look:
    """How a page is looked at."""

    suffix: str
    locale: str
    scheme: Literal["light", "dark"]
    width: int
    height: int
    pages: frozenset[str]


RULE = {
    "version": 1,
    "root": {
        "all": [
            {"field": "stage", "op": "is_any_of", "value": ["dormant"]},
            {
                "any": [
                    {"field": "revenue", "op": "at_least", "value": 30000},
                    {"happened": "orders", "op": "did", "at_least": 3, "in_last_days": 180},
                ]
            },
            {"happened": "messages", "op": "did_not", "in_last_days": 7},
        ]
    },
}

# Name of the picture → the address, and what to follow from there: links, from page to page.
PAGES: dict[str, tuple[str, ...]] = {
    "home": ("/admin/",),
    "customers": ("/admin/customers/?sort=revenue",),
    "orders": ("/admin/orders/",),
    "customer": ("/admin/customers/?sort=revenue", "a.r-person"),
    "segment": ("/admin/segments/", "td a"),
    "segments": ("/admin/segments/?folder=ready-1",),
    "ready": ("/admin/segments/ready/",),
    "builder": ("/admin/segments/new/?rule=" + quote(json.dumps(RULE)),),
    "campaign": ("/admin/campaigns/", "td a"),
    "retention": ("/admin/reports/retention/",),
    "stages": ("/admin/reports/stages/",),
    "rfm": ("/admin/reports/rfm/",),
    "channels": ("/admin/reports/channels/",),
    "portrait": ("/admin/reports/portrait/",),
    "reach": ("/admin/reports/reach/",),
    "join": ("/admin/customers/1/join/?with=27400",),  # with a visitor of the demo shop
    "thresholds": ("/admin/settings/stages/",),
    "source": ("/admin/reports/sources/", "td a"),
    "tags": ("/admin/tags/",),
    "privacy": ("/admin/customers/?sort=revenue", "a.r-person", "a[href$='/privacy/']"),
    "dead-letters": ("/admin/system/dead-letters/",),
    "growth": ("/admin/growth/",),
    "feedback": ("/admin/feedback/",),
}
FILE = b"""email,name,city,birthday
anna.weber@example.com,Anna Weber,Hamburg,1988-04-12
no address,Ben Keller,Berlin,1979-11-02
zhang.wei@example.com,Zhang Wei,Chengdu,soon
li.na@example.com,Li Na,Hangzhou,1993-06-30
"""

BOTH = frozenset(PAGES) - {"segment", "campaign", "growth", "feedback"}
LOOKS = (
    Look("en", "en-GB", "light", 1360, 900, frozenset(PAGES)),
    Look("zh", "zh-CN", "light", 1360, 900, BOTH),
    Look("dark", "en-GB", "dark", 1360, 900, frozenset({"home", "builder"})),
    Look("phone", "zh-CN", "light", 390, 844, frozenset({"home", "customers", "customer", "builder"})),
)


def take(page: Page, base: str, name: str, suffix: str) -> None:
    """One picture of a page."""
    address, *links = PAGES[name]
    page.goto(base + address)
    for link in links:
        first = page.locator(f".r-page {link}").first
        page.goto(urljoin(page.url, str(first.get_attribute("href"))))
    shoot(page, name, suffix)


def take_import(page: Page, base: str, suffix: str) -> None:
    """The dry run of a small file with faults; nothing of it is written."""
    page.goto(f"{base}/admin/files/imports/new/")
    page.set_input_files("[name=file]", {"name": "customers.csv", "mimeType": "text/csv", "buffer": FILE})
    page.locator(".r-form button.r-main").click()
    page.wait_for_load_state("networkidle")
    page.select_option("#match_key", "email")
    page.locator(".r-form button.r-main").click()
    page.wait_for_timeout(4000)
    shoot(page, "import", suffix)


def shoot(page: Page, name: str, suffix: str) -> None:
    """What is to be seen of it without scrolling."""
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(2500 if name == "builder" else 700)
    path = FOLDER / f"{name}-{suffix}.png"
    page.screenshot(path=path)
    if path.stat().st_size > LARGEST:
        raise SystemExit(f"{path.name} has {path.stat().st_size} bytes; take less of the page.")


def look(browser: Browser, base: str, how: Look, user: str, password: str, preferences: str) -> None:
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
    if how.suffix in ("en", "zh"):
        take_import(page, base, how.suffix)
        if not preferences:
            return
        page.set_viewport_size({"width": PHONE, "height": how.height})
        page.goto(preferences)
        shoot(page, "preferences", how.suffix)
    context.close()


def main(base: str, user: str = "owner", password: str = "regulars-demo", preferences: str = "") -> None:
    """All pictures."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        for how in LOOKS:
            look(browser, base.rstrip("/"), how, user, password, preferences)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
