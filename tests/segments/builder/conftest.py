"""The builder in a real browser, opened by an operator."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from tests.browser.ending import leave
from tests.operators import SET_UP
from users.models import Operator, Role

PUT = """async (rule) => {
    const { src } = document.querySelector("script[type=module][src*='builder/element']");
    const model = await import(src.replace("element", "model"));
    document.querySelector("rule-builder").take(model.load(rule));
}"""


@dataclass
class Bench:
    """The page with the builder, and everything it complained of."""

    page: Page
    base: str
    complaints: list[str] = field(default_factory=list)

    def open(self, name: str = "create", *args: Any) -> None:
        """One of the pages of segments."""
        self.page.goto(self.base + reverse(f"segments:{name}", args=args))
        self.page.locator(".r-rule-group").first.wait_for()

    def put(self, rule: dict[str, Any]) -> None:
        """Lay a rule into the builder."""
        self.page.evaluate(PUT, rule)

    @property
    def rule(self) -> dict[str, Any]:
        """What the form would send."""
        found: dict[str, Any] = self.page.evaluate("JSON.parse(document.querySelector('[name=rule]').value)")
        return found

    @property
    def conditions(self) -> Any:
        """The parts of the rule's root."""
        return next(iter(self.rule["root"].values()))


@pytest.fixture
def look() -> dict[str, Any]:
    """How the browser is set up; tests override it by parameters."""
    return {}


@pytest.fixture
def bench(browser: Browser, live_server: LiveServer, look: dict[str, Any]) -> Iterator[Bench]:
    """A browser in which Olga, an operator, is logged in; what it complains of fails the test."""
    client = Client()
    client.force_login(
        Operator.objects.create(username="olga", role=Role.OPERATOR, is_staff=True, factor_at=SET_UP)
    )
    context = browser.new_context(**{"locale": "en-GB", "viewport": {"width": 1280, "height": 1000}, **look})
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    made = Bench(context.new_page(), live_server.url)
    listen(made, urlsplit(live_server.url).netloc)
    yield made
    leave(context)
    assert made.complaints == []


def listen(bench: Bench, host: str) -> None:
    """Errors on the console, requests to other hosts, answers that are errors."""
    said = bench.complaints
    bench.page.on("pageerror", lambda problem: said.append(str(problem)))
    bench.page.on("console", lambda m: said.append(m.text) if m.type in {"error", "warning"} else None)
    bench.page.on(
        "request", lambda r: said.append(r.url) if urlsplit(r.url).netloc not in {host, ""} else None
    )
    bench.page.on("response", lambda r: said.append(f"{r.status} {r.url}") if r.status >= 500 else None)
