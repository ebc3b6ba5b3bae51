"""The builder with axe-core, in both languages and themes, and on a phone."""

from pathlib import Path
from typing import Any

import pytest

from tests.browser.test_pages import LOOK
from tests.segments.builder.conftest import Bench
from tests.segments.shop import customer, rule

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

FULL = rule(
    {"field": "stage", "op": "is_any_of", "value": ["dormant"]},
    {"any": [{"field": "revenue", "op": "at_least", "value": 30000},
             {"happened": "orders", "op": "total", "of": "net", "at_least": 3, "in_current": "month"}]},
    {"none": [{"event": "Product Viewed", "op": "did", "at_least": 2, "in_last_days": 30,
               "where": [{"property": "colour", "op": "equals", "value": True}]}]},
    {"collection": "tags", "op": "has_any_of", "value": ["VIP"]},
    {"field": "birthday", "op": "in_month", "value": 2},
    {"may_receive": "email", "topic": "news"},
    {"field": "gone", "op": "is_known"},
)  # fmt: skip


@pytest.mark.parametrize(
    "look",
    [
        {"locale": "en-GB", "color_scheme": "light", "bypass_csp": True},
        {"locale": "zh-CN", "color_scheme": "dark", "bypass_csp": True},
    ],
)
def test_nothing_serious_stands_in_the_way(bench: Bench, node_folder: Path) -> None:
    customer(stage="dormant", revenue=30_000)
    bench.open()
    bench.put({"version": 1, "root": {"all": FULL["root"]["all"][:-1]}})
    bench.page.locator("[data-count]").wait_for()
    bench.page.locator(".r-rule-portrait, [data-more] .r-tag").first.wait_for()
    bench.put(FULL)
    bench.page.locator(".r-rule-handle").first.click()
    bench.page.add_script_tag(path=node_folder / "node_modules" / "axe-core" / "axe.min.js")
    assert bench.page.evaluate(LOOK) == []
    bench.page.keyboard.press("Escape")
    bench.page.locator(".r-rule-add").first.click()
    bench.page.locator(".r-rule-list:visible [role=option]").nth(20).wait_for()
    assert bench.page.evaluate(LOOK) == []


@pytest.mark.parametrize("look", [{"locale": "zh-CN", "viewport": {"width": 390, "height": 800}}])
def test_it_fits_a_phone(bench: Bench) -> None:
    bench.open()
    root: Any = {"any": FULL["root"]["all"][:3]}
    for _level in range(3):
        root = {"all": [root]}
    bench.put({"version": 1, "root": root})
    bench.page.locator(".r-rule-tally:not([hidden])").wait_for()
    assert bench.page.evaluate("document.documentElement.scrollWidth") == 390
