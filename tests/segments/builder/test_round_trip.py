"""Whatever rule is legal can be drawn, and comes out as it went in, also when every input is touched."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from config.kit.refusal import Refusal
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


# Begins a condition of every kind (one of the fields that are asked alike) and takes every choice of each of its
# lists, one at a time; what the form would send.
CHOICES = """async () => {
    const src = document.querySelector("script[type=module][src*='builder/element']").src;
    const model = await import(src.replace("element", "model"));
    const { freshCondition, subjects } = await import(src.replace("element", "catalogue"));
    const builder = document.querySelector("rule-builder");
    const told = () => JSON.parse(document.querySelector("[name=rule]").value);
    const lists = () => [...builder.querySelectorAll(".r-rule-row select")];
    const alike = (field) => field.operators.map((one) => one.name).join();
    const { fields } = builder.catalogue;
    const asked = fields.filter((one) => fields.find((other) => alike(other) === alike(one)) === one);
    const some = [...asked.map((one) => `field:${one.name}`), "happened:orders", "happened:order_lines", "event:"];
    const isAsked = ({ key }) => some.includes(key) || !/^(field|happened|event):/.test(key);
    const found = [];
    for (const { key } of subjects(builder.catalogue).filter(isAsked)) {
        const begin = { version: 1, root: { all: [freshCondition(key, builder)] } };
        builder.take(model.load(begin));
        const choices = lists().map((list) => [...list.options].map((option) => option.value));
        found.push(told());
        for (const [place, values] of choices.entries()) for (const value of values) {
            builder.take(model.load(begin));
            lists()[place].value = value;
            lists()[place].dispatchEvent(new Event("change", { bubbles: true }));
            found.push(told());
        }
    }
    return found;
}"""
NOT_FILLED_IN = ("wrong_type", "empty_text", "wrong_length")


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
    given_rules = some(120, (other.pk,))
    for one in given_rules:
        parse(one)
    bench.open()
    trips = bench.page.evaluate(TRIP, given_rules)
    for one, (drawn, touched, kept) in zip(given_rules, trips, strict=True):
        assert (drawn, kept) == (one, 0)
        assert touched == one


def test_no_choice_leads_into_a_rule_that_the_builder_cannot_mend(bench: Bench) -> None:
    """What is chosen from a list is legal, or lacks only what an input stands ready for."""
    segment({"field": "city", "op": "is_known"}, name="Cities")
    bench.open()
    found = bench.page.evaluate(CHOICES)
    assert len(found) > 200
    dead_ends = []
    for one in found:
        try:
            parse(one)
        except Refusal as refusal:
            if refusal.code not in NOT_FILLED_IN and "needs “at least” or “at most”" not in refusal.message:
                dead_ends.append((one["root"]["all"][0], refusal.message))
    assert dead_ends == []


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
