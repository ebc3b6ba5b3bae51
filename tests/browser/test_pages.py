"""Every operator page in a real browser: it answers, says nothing on the console, asks no other host.

axe-core looks as well: nothing serious or critical for people who read or act otherwise. In English and light it
looks at all pages of users and the main ones of the other apps, in Chinese and dark at some of each.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.contrib import admin
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from playwright.sync_api import Browser, BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from config.kit import clock
from config.kit.admin import OperatorPage
from tests.browser.ending import leave
from tests.browser.things import some_of_everything
from tests.operators import operator
from tests.segments.shop import segment

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]
# Answers that are no page of their own but a part of one.
PARTS = {
    r"admin/^reports/sources/(?P<source_id>[0-9]{1,18})/qr\.(?P<kind>svg|png)$",  # a picture
    *(
        "admin/search/",
        "admin/segments/preview/",
        "admin/segments/preview/parts/",
        "admin/segments/suggest/",
        "admin/segments/ready/<slug:key>/count/",
        "admin/customers/picked/",  # leads on
        "admin/campaigns/preview/",
    ),
    "admin/files/exports/<int:export_id>/",  # a file
}

# What is done with the customers behind a number is told which.
OF_GROUP = {"admin/segments/keep/", "admin/tags/group/", "admin/tags/group/off/"}

ARGUMENT = re.compile(r"([\w-]+)/<[^>]*>(?:/<path:[^>]*>)?")


LOOKED_AT = {
    f"/admin/{app}/" for app in ("customers", "reports", "segments", "campaigns", "growth", "feedback")
}
# The width of the page once it was laid out anew.
SETTLED = """
    new Promise(settled => requestAnimationFrame(() => requestAnimationFrame(
        () => settled(document.documentElement.scrollWidth))))
"""
LOOK = """
    axe.run(document, {resultTypes: ["violations"], iframes: false, preload: false}).then(found => found.violations
        .filter(one => ["serious", "critical"].includes(one.impact))
        .map(one => `${one.id}: ${one.nodes[0].html.slice(0, 200)}`))
"""


@dataclass
class Listener:
    """What a page said and asked while it was open."""

    host: str
    said: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def listen(self, page: Page) -> None:
        page.on("console", lambda m: self.said.append(m.text) if m.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", lambda request: self._request(request.url))
        page.on("response", lambda r: self.failures.append(r.url) if r.status >= 400 else None)

    def _request(self, url: str) -> None:
        if urlsplit(url).scheme in {"http", "https"} and urlsplit(url).netloc != self.host:
            self.strangers.append(url)

    def taken(self) -> list[str]:
        """What was said since the last page, once."""
        taken = [*self.said, *self.strangers, *self.failures]
        for heard in (self.said, self.strangers, self.failures):
            heard.clear()
        return taken


def operator_pages(resolver: URLResolver | None = None, prefix: str = "", app: str = "") -> Iterator[str]:
    """The address, with placeholders, of every operator page, or of those of one app."""
    for pattern in (resolver or get_resolver()).url_patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from operator_pages(pattern, path, app)
        elif isinstance(pattern, URLPattern) and _is_page(pattern, app) and path not in PARTS:
            yield path


def _is_page(pattern: URLPattern, app: str) -> bool:
    view = getattr(pattern.callback, "view_class", None)
    is_page = view is not None and issubclass(view, OperatorPage) and hasattr(view, "get")
    return is_page and (not app or view.__module__.startswith(f"{app}."))


def addresses(things: dict[str, object], app: str = "") -> list[str]:
    """Every operator page with something to show, and the generic lists; what nobody made is a failure."""
    pages = [
        f"/{ARGUMENT.sub(lambda found: _filled(found, things), path)}{'?group=everyone' if path in OF_GROUP else ''}"
        for path in operator_pages(app=app)
    ]
    lists = [
        reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        for model in admin.site._registry
        if not app
    ]
    return [*pages, *lists]


def _filled(found: re.Match[str], things: dict[str, object]) -> str:
    return f"{found[1]}/{things[found[1]]}"


@pytest.fixture
def context(
    browser: Browser, live_server: LiveServer, language: str, scheme: str
) -> Iterator[BrowserContext]:
    """A browser that asks for a language, in which the owner is logged in."""
    client = Client()
    client.force_login(operator())
    made = browser.new_context(locale=language, color_scheme=scheme, base_url=live_server.url)  # type: ignore[arg-type]
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    made.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    yield made
    leave(made)


def _complaints(page: Page, address: str, listener: Listener, axe: str) -> list[object]:
    """What is wrong with one page on a desk and on a phone; ``axe``: the script that looks at it, if it shall."""
    page.set_viewport_size({"width": 1280, "height": 800})
    answer = page.goto(address)
    if answer is None or answer.status != 200:
        return [answer and answer.status, *listener.taken()]
    headings, unfit = page.locator("h1").count(), []
    if axe:
        page.evaluate(axe)
        unfit = page.evaluate(LOOK)
    page.set_viewport_size({"width": 390, "height": 800})
    width = page.evaluate(SETTLED)
    return [
        *([f"{headings} headings"] if headings != 1 else []),
        *([f"{width} wide"] if width != 390 else []),
        *unfit,
        *listener.taken(),
    ]


@pytest.mark.parametrize(
    ("language", "scheme", "word"), [("en-GB", "light", "Customers"), ("zh-CN", "dark", "顾客")]
)
def test_every_operator_page_opens_quietly_and_fits_a_phone(
    context: BrowserContext, live_server: LiveServer, node_folder: Path, word: str
) -> None:
    axe = (node_folder / "node_modules" / "axe-core" / "axe.min.js").read_text()
    page = context.new_page()
    listener = Listener(urlsplit(live_server.url).netloc)
    listener.listen(page)
    things = some_of_everything(clock.now())
    looked_at = LOOKED_AT | (set(addresses(things, app="users")) if word == "Customers" else set())
    found = {
        address: _complaints(page, address, listener, axe if address in looked_at else "")
        for address in addresses(things)
    }
    assert {address: said for address, said in found.items() if said} == {}
    page.goto("/admin/customers/")
    assert page.locator("h1").inner_text() == word


@pytest.mark.parametrize(("language", "scheme"), [("en-GB", "light")])
def test_search_opens_by_key_and_finds(context: BrowserContext) -> None:
    some_of_everything(clock.now())
    page = context.new_page()
    page.goto("/admin/")
    page.keyboard.press("Control+k")
    page.keyboard.type("alice", delay=20)
    page.locator("#r-search-results a", has_text="Alice").first.wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin/customers/*/")
    assert page.locator("h1").inner_text() == "Alice"


@pytest.mark.parametrize(("language", "scheme"), [("en-GB", "light")])
def test_a_card_that_comes_late_draws_its_chart(context: BrowserContext) -> None:
    some_of_everything(clock.now())
    page = context.new_page()
    page.goto("/admin/")
    page.locator("#card-activity").scroll_into_view_if_needed()
    page.locator("#card-activity canvas").wait_for()


@pytest.mark.parametrize(("language", "scheme"), [("en-GB", "light")])
def test_a_form_asks_for_what_the_answer_needs(context: BrowserContext) -> None:
    page = context.new_page()
    page.goto(f"/admin/segments/{segment({'field': 'city', 'op': 'is_known'}).pk}/take/")
    shares, lists, word = (page.locator(f"[name={name}]") for name in ("percent", "parts", "word"))
    assert [field.is_visible() for field in (shares, lists, word)] == [False, False, False]
    page.locator("[value=split]").check()
    assert [field.is_visible() for field in (shares, lists, word)] == [False, True, True]
    page.locator("[value=follow]").check()
    assert [field.is_visible() for field in (shares, lists, word)] == [True, False, True]


def test_log_in_and_language_without_script(browser: Browser, live_server: LiveServer) -> None:
    person = operator()
    person.set_password("a long password")
    person.save()
    context = browser.new_context(locale="de-DE", java_script_enabled=False, base_url=live_server.url)
    page = context.new_page()
    page.goto("/admin/customers/")
    assert page.locator("h1").inner_text() == "Log in"
    page.get_by_role("button", name="中文").click()
    assert page.locator("h1").inner_text() == "登录"
    page.fill("#id_login", person.username)
    page.fill("#id_password", "a long password")
    page.locator(".r-door-form button").click()
    assert urlsplit(page.url).path == "/admin/customers/"
    leave(context)
