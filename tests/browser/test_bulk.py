"""Acts on many customers, walked in a real browser from the ticks of the list to the rows behind them."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from config.kit import clock
from segments.models import Segment
from tests.browser.ending import leave
from tests.operators import operator
from tests.users.door import customer, identify, send, visit
from users.models import CustomerTag, Export, TagRun
from users.services import long_jobs

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(120)]
DAY = timedelta(days=1)


@pytest.fixture
def page(browser: Browser, live_server: LiveServer) -> Iterator[Page]:
    """The owner's browser, in a shop with two customers of Shanghai, one of Beijing and one of nowhere."""
    at = clock.now() - DAY
    send(
        *(identify(at=at, user=user, name=user.title(), address={"region": "Shanghai"}) for user in ("ann", "ben")),
        identify(at=at, user="cai", name="Cai", address={"region": "Beijing"}),
        identify(at=at, user="dot", name="Dot"),
    )  # fmt: skip
    send(*(visit(at=at, user=user) for user in ("ann", "ben", "cai", "dot")))
    client = Client()
    client.force_login(operator())
    made = browser.new_context(locale="en-GB", base_url=live_server.url)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    made.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    yield made.new_page()
    leave(made)


def tick(page: Page, *names: str) -> None:
    for name in names:
        page.get_by_role("checkbox", name=name, exact=True).check()


def press(page: Page, button: str) -> None:
    """A button of the page an act opened, or of the list; the page that follows has come."""
    with page.expect_navigation():
        page.locator(".r-picks, .r-form").get_by_role("button", name=button, exact=True).first.click()


def work() -> None:
    while long_jobs.run_due(seconds=30):
        pass


def tagged(name: str) -> set[str | None]:
    return set(CustomerTag.objects.filter(tag__name=name).values_list("customer__user_id", flat=True))


def test_ticked_by_hand_tagged_and_untagged_and_undone(page: Page) -> None:
    page.goto("/admin/customers/")
    tick(page, "Ann", "Dot")
    assert page.locator("[data-pick-count]").inner_text() == "2 ticked"
    press(page, "Tag them all")
    assert "2 customers now" in page.locator("form.r-form").inner_text()
    page.fill("#id_name", "Jazz")
    press(page, "Do it")
    work()
    assert tagged("Jazz") == {"ann", "dot"}
    page.goto("/admin/customers/")
    tick(page, "Dot")
    press(page, "Take a tag off")
    assert page.get_by_label("Take it off").is_checked()
    page.fill("#id_name", "Jazz")
    press(page, "Do it")
    work()
    assert tagged("Jazz") == {"ann"}
    page.reload()
    page.get_by_role("button", name="Undo").first.click()
    with page.expect_navigation():
        page.locator("#r-confirm").get_by_role("button", name="Go on").click()
    work()
    assert tagged("Jazz") == {"ann", "dot"}
    assert TagRun.objects.filter(undone_at__isnull=False).count() == 1


def test_all_that_match_are_tagged_exported_and_kept(page: Page) -> None:
    listed = "/admin/customers/?region=Shanghai"
    page.goto(listed)
    assert page.get_by_text("All 2 that match").is_visible()
    page.get_by_label("All 2 that match").check()
    press(page, "Tag them all")
    page.fill("#id_name", "Shanghai")
    press(page, "Do it")
    work()
    assert tagged("Shanghai") == {"ann", "ben"}
    page.goto(listed)
    page.get_by_label("All 2 that match").check()
    press(page, "Export")
    press(page, "Make the file")
    work()
    assert Export.objects.get().rows == 2
    page.goto(listed)
    page.get_by_label("All 2 that match").check()
    press(page, "Save as a segment")
    page.fill("#id_name", "From the list")
    press(page, "Save the segment")
    assert page.locator("h1").inner_text() == "From the list"
    assert Segment.objects.filter(name="From the list").count() == 1
    assert customer("cai").pk not in CustomerTag.objects.values_list("customer_id", flat=True)
