"""Whatever rule is legal can be drawn, and comes out as it went in, also when every input is touched."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from segments.models import Segment
from segments.rules.parse import parse
from tests.segments.builder.conftest import Bench
from tests.segments.shop import rule, segment
from tests.segments.strategies import rules

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

# Lays each rule in, lets every input say what it shows, and gives back what the form would send.
TRIP = """async (rules) => {
    const src = document.querySelector("script[type=module][src*='builder/element']").src;
    const model = await import(src.replace("element", "model"));
    const builder = document.querySelector("rule-builder");
    const told = () => JSON.parse(document.querySelector("[name=rule]").value);
    return rules.map((rule) => {
        builder.take(model.load(rule));
        const drawn = told();
        const kept = builder.querySelectorAll(".r-rule-code").length;
        const inputs = builder.querySelectorAll("input:not(.r-rule-about, .r-rule-add, [type=checkbox])");
        for (const input of inputs) {
            input.dispatchEvent(new Event("input", { bubbles: true }));
        }
        return [drawn, told(), kept];
    });
}"""


def some(number: int, segments: tuple[int, ...]) -> list[dict[str, Any]]:
    """So many random rules, always the same."""
    found: list[dict[str, Any]] = []

    @settings(max_examples=number, database=None, derandomize=True, deadline=None,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(rules(segments))
    def collect(one: dict[str, Any]) -> None:
        found.append(one)

    collect()
    return found


def test_every_legal_rule_comes_out_as_it_went_in(bench: Bench) -> None:
    other: Segment = segment({"field": "city", "op": "is_known"}, name="Cities")
    given_rules = some(200, (other.pk,))
    for one in given_rules:
        parse(one)
    bench.open()
    trips = bench.page.evaluate(TRIP, given_rules)
    for one, (drawn, touched, kept) in zip(given_rules, trips, strict=True):
        assert (drawn, kept) == (one, 0)
        assert touched == one


def test_what_cannot_be_drawn_is_kept(bench: Bench) -> None:
    strange: list[Any] = [
        {"field": "gone", "op": "equals", "value": {"deep": [1, None]}},
        {"collection": "gone", "op": "has_any_of", "value": ["x"]},
        {"happened": "gone", "op": "did", "at_least": 2},
        {"never_heard_of": 1},
        {"field": "city", "op": "sounds_like", "value": "Suzhou"},
        {"all": "no list"},
        "text",
    ]
    bench.open()
    bench.put(rule(*strange))
    assert bench.conditions == strange
    assert bench.page.get_by_text("is not known any more. It is kept as it is.").count() == 6
    bench.page.get_by_role("button", name="Remove Unknown condition").first.click()
    assert bench.conditions == strange[1:]


@pytest.mark.parametrize("how", ["all", "any", "none"])
def test_the_deepest_rule_is_drawn(bench: Bench, how: str) -> None:
    root: Any = {"field": "city", "op": "is_known"}
    for _level in range(6):
        root = {how: [root, {"field": "region", "op": "is_unknown"}]}
    bench.open()
    bench.put({"version": 1, "root": root})
    assert bench.rule["root"] == root
    assert bench.page.locator("[data-depth='6']").count() == 1
    assert bench.page.locator("[data-depth='6'] > .r-rule-foot").get_by_role("button").count() == 0
