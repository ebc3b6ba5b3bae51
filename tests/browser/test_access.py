"""The main pages with axe-core: nothing that is serious or critical for people who read or act otherwise."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from config.kit import clock
from tests.browser.things import some_of_everything
from tests.operators import operator

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

PAGES = (
    "/admin/",
    "/admin/customers/",
    "/admin/customers/{customers}/",
    "/admin/customers/{customers}/privacy/",
    "/admin/segments/",
    "/admin/campaigns/",
    "/admin/growth/",
    "/admin/feedback/",
    "/admin/reports/",
    "/admin/settings/privacy/",
    "/admin/settings/audit/",
    "/admin/system/jobs/",
)
LOOK = """
    axe.run(document, {resultTypes: ["violations"]}).then(found => found.violations
        .filter(one => ["serious", "critical"].includes(one.impact))
        .map(one => `${one.id}: ${one.nodes[0].html.slice(0, 200)}`))
"""


@pytest.fixture
def reader(browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    """A page of the owner, into which the tests may put a script of their own."""
    client = Client()
    client.force_login(operator())
    context = browser.new_context(base_url=live_server.url, bypass_csp=True, locale="en-GB")
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    yield context.new_page()
    context.close()


def test_nothing_serious_stands_in_the_way(reader: Page, node_folder: Path) -> None:
    axe = node_folder / "node_modules" / "axe-core" / "axe.min.js"
    things: dict[str, Any] = some_of_everything(clock.now())
    found = {}
    for pattern in PAGES:
        address = pattern.format(**things)
        reader.goto(address)
        reader.add_script_tag(path=axe)
        found[address] = reader.evaluate(LOOK)
    assert {address: said for address, said in found.items() if said} == {}
