"""The builder in a real browser: an operator makes a segment by mouse, and by keys alone, and never sees JSON."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from segments.models import Membership, Segment
from segments.services.rebuild import rebuild_waiting
from tests.segments.builder.conftest import Bench
from tests.segments.shop import ago, customer, order, segment

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

WANTED: list[dict[str, Any]] = [
    {"field": "stage", "op": "is_any_of", "value": ["dormant"]},
    {
        "any": [
            {"field": "revenue", "op": "at_least", "value": 30000},
            {"happened": "orders", "op": "did", "at_least": 3, "in_last_days": 180},
        ]
    },
    {"happened": "messages", "op": "did_not", "in_last_days": 7},
]

NAME = """() => {
    const one = document.activeElement;
    const label = one.labels?.[0]?.textContent ?? one.firstElementChild?.textContent ?? one.textContent;
    return one.getAttribute("aria-label") || label.trim();
}"""


def some_customers() -> set[int]:
    """Dormant and not mailed: one by money, one by orders; others who miss one thing."""
    rich = customer(name="Rich", stage="dormant", revenue=30_000)
    frequent = customer(name="Frequent", stage="dormant", revenue=900)
    seldom = customer(name="Seldom", stage="dormant", revenue=900)
    customer(name="Lively", stage="active", revenue=90_000)
    for who, times in ((frequent, 3), (seldom, 2)):
        for back in range(times):
            order(who, ago(days=10 + back), 300)
    return {rich.pk, frequent.pk}


def test_made_with_the_mouse(bench: Bench) -> None:
    expected = some_customers()
    bench.open()
    page = bench.page
    page.get_by_label("Name", exact=True).fill("Worth winning back")
    page.get_by_label("Active", exact=True).uncheck()
    page.get_by_label("Dormant").check()
    page.get_by_role("button", name="Add a group to “all of these”").click()
    inner = page.get_by_role("combobox", name="Add a condition to “any of these”")
    choose(page, inner, "spent", "money spent in life")
    page.get_by_label("value").last.fill("300")
    choose(page, inner, "orders", "orders", group="What happened")
    page.get_by_label("at least").last.fill("3")
    choose(
        page,
        page.get_by_role("combobox", name="Add a condition to “all of these”"),
        "messages",
        "messages sent",
    )
    page.get_by_label("How it is asked").last.select_option("did_not")
    page.get_by_label("days", exact=True).last.fill("7")
    save_and_compare(bench, "Worth winning back", expected)


def test_made_with_keys_alone(bench: Bench) -> None:
    expected = some_customers()
    bench.open()
    page, keys = bench.page, bench.page.keyboard
    tab_to(page, "Name")
    keys.type("By keys")
    tab_to(page, "Active")
    keys.press("Space")
    tab_to(page, "Dormant")
    keys.press("Space")
    tab_to(page, "Add a group to “all of these”")
    keys.press("Enter")
    add_by_keys(page, "money spent in life")
    tab_to(page, "value")
    keys.type("300")
    tab_to(page, "Add a condition to “any of these”")
    add_by_keys(page, "what happened orders")
    tab_to(page, "at least")
    keys.press("Control+a")
    keys.type("3")
    tab_to(page, "Add a condition to “all of these”")
    add_by_keys(page, "what happened messages sent")
    keys.press("ArrowDown")
    assert page.evaluate("document.activeElement.value") == "did_not"
    tab_to(page, "days")
    keys.press("Control+a")
    keys.type("7")
    tab_to(page, "Make the segment")
    keys.press("Enter")
    compare(bench, "By keys", expected)


def test_edited_by_keys_and_taken_back(bench: Bench) -> None:
    made = segment({"field": "city", "op": "is_known"}, {"field": "region", "op": "is_known"}, name="Places")
    bench.open("edit", made.pk)
    page, keys = bench.page, bench.page.keyboard
    before = bench.rule
    handle(page, "city").focus()
    keys.press("Alt+ArrowDown")
    assert [one["field"] for one in bench.conditions] == ["region", "city"]
    assert focused(page) == "Move and more: city"
    expect(page.locator(".r-rule-said")).to_have_text("Moved down: now 2 of 2 in “all of these”.")
    keys.press("Space")
    keys.press("g")
    assert bench.conditions[1] == {"any": [{"field": "city", "op": "is_known"}]}
    keys.press("n")
    assert bench.conditions[1] == {"none": [{"field": "city", "op": "is_known"}]}
    keys.press("d")
    keys.press("Delete")
    keys.press("ArrowUp")
    keys.press("Enter")
    assert focused(page) == "Move up"
    keys.press("Escape")
    assert focused(page).startswith("Move and more:")
    for _step in range(5):
        keys.press("Control+z")
    assert bench.rule == before
    keys.press("Control+y")
    assert [one["field"] for one in bench.conditions] == ["region", "city"]
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(f"**/admin/segments/{made.pk}/")
    made.refresh_from_db()
    assert made.rule_version == 2


def test_dragged(bench: Bench) -> None:
    made = segment(
        {"field": "city", "op": "is_known"}, {"any": [{"field": "region", "op": "is_known"}]}, name="P"
    )
    bench.open("edit", made.pk)
    page = bench.page
    page.locator(".r-rule-row .r-rule-figure:not(:empty)").first.wait_for()
    grip = handle(page, "city").bounding_box()
    target = page.locator(".r-rule-any .r-rule-row").bounding_box()
    assert grip and target
    page.mouse.move(grip["x"] + 5, grip["y"] + 8)
    page.mouse.down()
    page.mouse.move(target["x"] + 8, target["y"] + target["height"] - 2, steps=5)
    assert page.locator(".r-rule-drop").count() == 1
    page.mouse.up()
    assert bench.conditions == [
        {"any": [{"field": "region", "op": "is_known"}, {"field": "city", "op": "is_known"}]}
    ]
    assert page.get_by_role("menu").count() == 0


# --- hands ------------------------------------------------------------------------------------------------


def choose(page: Page, box: Any, typed: str, label: str, group: str = "") -> None:
    """Type into a list and click the entry."""
    box.click()
    box.fill(typed)
    options = page.get_by_role("group", name=group).get_by_role("option", name=label, exact=True) if group else (
        page.get_by_role("option", name=label, exact=True))  # fmt: skip
    options.first.click()


def add_by_keys(page: Page, typed: str) -> None:
    page.keyboard.type(typed)
    page.locator(".r-rule-list:visible [aria-selected=true]").wait_for()
    page.keyboard.press("Enter")


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the control of that name has the focus."""
    for _step in range(80):
        page.keyboard.press("Tab")
        if focused(page) == name:
            return
    raise AssertionError(f"Tab does not come to {name}")


def focused(page: Page) -> str:
    """The name of the control that has the focus."""
    name: str = page.evaluate(NAME)
    return name


def handle(page: Page, name: str) -> Any:
    return page.get_by_role("button", name=f"Move and more: {name}", exact=True)


def save_and_compare(bench: Bench, name: str, expected: set[int]) -> None:
    bench.page.locator("[data-count]", has_text=f"{len(expected)} of 4 customers").wait_for()
    bench.page.get_by_role("button", name="Make the segment").click()
    compare(bench, name, expected)


def compare(bench: Bench, name: str, expected: set[int]) -> None:
    """What was saved is what was wanted, and its members are those counted."""
    bench.page.wait_for_url(re.compile(r"/admin/segments/\d+/$"))
    rebuild_waiting()
    made = Segment.objects.get(name=name)
    assert made.rule is not None
    assert made.rule["root"]["all"] == WANTED
    assert set(Membership.objects.filter(segment=made).values_list("customer_id", flat=True)) == expected
