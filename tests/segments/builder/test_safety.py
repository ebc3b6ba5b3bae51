"""What an operator entered is not lost, and what goes wrong is said: drafts, lost sessions, failed counts."""

import json
from typing import Any

import pytest
from playwright.sync_api import Dialog, Route, expect

from tests.segments.builder.conftest import Bench
from tests.segments.builder.test_by_hand import choose, handle
from tests.segments.shop import customer, rule, segment

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

CITY = {"field": "city", "op": "equals", "value": "Suzhou"}
REGION = {"field": "region", "op": "is_known"}


def counted(bench: Bench, text: str) -> None:
    """Wait for a count."""
    bench.page.locator("[data-state=good] [data-count]", has_text=f"{text} customers").wait_for()


def test_a_draft_survives_the_session(bench: Bench) -> None:
    made = segment(CITY, name="Place")
    bench.open("edit", made.pk)
    page = bench.page
    bench.put(rule(CITY, REGION))
    page.get_by_label("Name", exact=True).fill("Place and region")
    session = page.context.cookies()
    page.context.clear_cookies(name="sessionid")
    bench.put(rule(CITY, REGION, REGION))
    expect(page.locator("[data-note]")).to_contain_text("You are logged out. The draft is kept here")
    page.on("dialog", lambda dialog: dialog.accept())
    page.context.add_cookies(session)  # type: ignore[arg-type]  # as they came
    bench.open("edit", made.pk)
    assert bench.conditions == [CITY]
    page.get_by_role("button", name="Take the draft").click()
    assert bench.conditions == [CITY, REGION, REGION]
    assert page.get_by_label("Name", exact=True).input_value() == "Place and region"
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(f"**/{made.pk}/")
    bench.open("edit", made.pk)
    assert page.get_by_text("There is a draft of yours").count() == 0


def test_leaving_with_changes_is_asked_about(bench: Bench) -> None:
    made = segment(CITY, REGION, name="Place")
    bench.open("edit", made.pk)
    handle(bench.page, "city").focus()
    bench.page.keyboard.press("Alt+ArrowDown")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    bench.page.on("dialog", stay)
    bench.page.get_by_role("link", name="Versions").first.click()
    bench.page.wait_for_timeout(100)
    assert asked == ["beforeunload"]
    assert [one["field"] for one in bench.conditions] == ["region", "city"]


def test_a_count_that_fails_keeps_the_last_good_one(bench: Bench) -> None:
    customer(city="Suzhou")
    bench.open()
    page = bench.page
    bench.put(rule(CITY))
    counted(bench, "1 of 1")
    answers = iter(["abort", "500", "good"])

    def answer(route: Route) -> None:
        how = next(answers)
        if how == "abort":
            route.abort()
        elif how == "500":
            route.fulfill(status=503, body="")
        else:
            route.continue_()

    page.route("**/segments/preview/", answer)
    bench.put(rule(CITY, REGION))
    expect(page.locator("[data-note]")).to_have_text(
        "The server cannot be reached. What is shown is the last good count."
    )
    assert page.locator("#rule-preview").get_attribute("data-state") == "old"
    expect(page.locator("[data-count]")).to_contain_text("of 1 customers")
    bench.put(rule(REGION))
    expect(page.locator("[data-note]")).to_contain_text("The count failed (503).")
    bench.put(rule(REGION, CITY))
    counted(bench, "0 of 1")
    assert page.locator("[data-note]").is_hidden()
    bench.complaints[:] = [one for one in bench.complaints if "503" not in one and "ERR_FAILED" not in one]


def test_what_is_wrong_stands_at_its_row_and_its_line(bench: Bench) -> None:
    bench.open()
    page = bench.page
    bench.put(rule(CITY, {"any": [{"field": "revenue", "op": "at_least", "value": None}]}))
    row = page.locator(".r-rule-any .r-rule-row")
    expect(row.locator(".r-rule-note")).to_have_text("must be filled in")
    page.get_by_text("The rule as JSON", exact=True).click()
    expect(page.locator("#rule-text .r-error")).to_contain_text("must be filled in")
    page.get_by_label("Name", exact=True).fill("Half")
    page.get_by_role("button", name="Make the segment").click()
    page.get_by_text("The rule is not complete: must be filled in.").wait_for()
    assert bench.conditions[0] == CITY
    expect(row.locator(".r-rule-note")).to_have_text("must be filled in")


def test_json_is_taken_or_refused_with_its_line(bench: Bench) -> None:
    bench.open()
    page = bench.page
    page.get_by_text("The rule as JSON", exact=True).click()
    area = page.locator("[name=rule]")
    area.fill('{"version": 1,\n "root": {"all": [\n  {"field": }\n]}}')
    page.get_by_role("button", name="Take this JSON").click()
    expect(page.locator("#rule-text .r-error")).to_have_text("Line 3: this is no JSON.")
    area.fill('{"root": []}')
    page.get_by_role("button", name="Take this JSON").click()
    expect(page.locator("#rule-text .r-error")).to_contain_text("This JSON is no rule")
    area.fill(json.dumps(rule(CITY, REGION)))
    page.get_by_role("button", name="Take this JSON").click()
    assert page.locator(".r-rule-row").count() == 2
    page.keyboard.press("Tab")
    handle(page, "city").focus()
    page.keyboard.press("Control+z")
    assert page.locator(".r-rule-row").count() == 1


def test_what_is_said_of_a_typed_text_is_not_wiped_out_by_a_late_count(bench: Bench) -> None:
    late: list[Route] = []
    held = True

    def hold(route: Route) -> None:
        if held:
            late.append(route)
        else:
            route.continue_()

    bench.page.route("**/preview/**", hold)
    bench.open()
    page = bench.page
    page.get_by_text("The rule as JSON", exact=True).click()
    page.wait_for_timeout(400)  # the count of the rule that the page began with is asked for
    page.locator("[name=rule]").fill('{"version": 1,')
    page.get_by_role("button", name="Take this JSON").click()
    expect(page.locator("#rule-text .r-error")).to_have_text("Line 1: this is no JSON.")
    assert late
    held = False
    for route in late:
        route.continue_()
    counted(bench, "0 of 0")
    expect(page.locator("#rule-text .r-error")).to_have_text("Line 1: this is no JSON.")


def test_values_in_use_are_offered_and_taken(bench: Bench) -> None:
    for city in ("Suzhou", "Suzhou", "Wuxi"):
        customer(city=city)
    bench.open()
    page = bench.page
    add = page.get_by_role("combobox", name="Add a condition to “all of these”")
    choose(page, add, "city", "city")
    page.get_by_label("How it is asked").last.select_option("is_any_of")
    value = page.get_by_role("combobox", name="value").last
    value.click()
    page.get_by_role("option", name="Wuxi").click()
    value = page.get_by_role("combobox", name="value").last
    value.fill("Nowhere")
    page.keyboard.press("Enter")
    assert bench.conditions[-1] == {"field": "city", "op": "is_any_of", "value": ["Wuxi", "Nowhere"]}
    page.get_by_role("button", name="Remove Wuxi").click()
    assert bench.conditions[-1]["value"] == ["Nowhere"]


def test_conditions_are_found_in_both_languages_and_by_initials(bench: Bench) -> None:
    bench.open()
    add = bench.page.get_by_role("combobox", name="Add a condition to “all of these”")
    for typed in ("城市", "cs", "city"):
        add.click()
        add.fill(typed)
        bench.page.get_by_role("option", name="city", exact=True).first.wait_for()
        bench.page.keyboard.press("Escape")


def _hostile() -> dict[str, Any]:
    bad = "<img src=x onerror=alert(1)>\"'&"
    return rule(
        {"field": "city", "op": "equals", "value": bad}, {"attribute": bad, "op": "contains", "value": bad}
    )


def test_hostile_texts_stay_texts(bench: Bench) -> None:
    customer(city="<img src=x onerror=alert(1)>\"'&")
    bench.open()
    bench.put(_hostile())
    counted(bench, "0 of 1")
    assert bench.rule == _hostile()
    assert bench.page.locator("img[src=x]").count() == 0
