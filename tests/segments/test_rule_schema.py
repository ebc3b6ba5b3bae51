"""The published JSON Schema and the parser say the same: of every legal rule, and of rules with a mistake in them.

The schema describes shapes. What depends on several values at once is the parser's alone; ``BEYOND_SHAPES`` names those
refusals, so that none is added to them unnoticed.
"""

import copy
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from config.kit.refusal import Refusal
from segments.ready import PRESETS
from segments.rules.parse import parse
from segments.rules.schema import json_schema
from tests.segments.shop import rule
from tests.segments.strategies import rules
from tests.segments.test_exact import PATIENCE, SHOPS

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(PATIENCE)]

CASES = SHOPS * 10
# What only the parser refuses: which segments there are, how much it is in all, and how values go together.
BEYOND_SHAPES = {
    "unknown_segment", "too_deep", "too_large", "two_windows", "bad_window", "bad_range", "out_of_range",
    "means_no_one", "missing_key", "bad_text", "empty_text", "unknown_key",
}  # fmt: skip
INSTEAD: list[Any] = [None, True, False, 0, 1, -1, 2.5, 2**60, "", " ", "x", "2026-02-30", "x" * 300, "\0", [], {}, [1],
                      ["x"], [None], {"all": []}, {"x": 1}]  # fmt: skip
Places = list[tuple[Any, Any]]


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every entry inside a JSON value: what holds it, and under which key or number."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from places(value[key])


@st.composite
def mistaken(draw: st.DrawFn) -> Any:
    """A legal rule in which one thing is changed, left out, added or said twice; now and then still legal."""
    raw = copy.deepcopy(draw(rules((1, 2))))
    holder, key = draw(st.sampled_from(list(places(raw))))
    how = draw(st.sampled_from(["instead", "instead", "gone", "more", "twice"]))
    if how == "instead":
        holder[key] = draw(st.sampled_from(INSTEAD))
    elif how == "gone":
        del holder[key]
    elif how == "more" and isinstance(holder, dict):
        extra = st.sampled_from(
            ["x", "op", "value", "at_least", "in_last_days", "where", "all", "of", "__proto__"]
        )
        holder[draw(extra)] = draw(st.sampled_from(INSTEAD))
    elif isinstance(holder, list):
        holder.extend(holder[:1] * draw(st.sampled_from([1, 60])))
    return raw


def refused(raw: Any) -> Refusal | None:
    try:
        parse(raw)
    except Refusal as refusal:
        return refusal
    return None


def could_hold(shape: dict[str, Any], value: Any) -> bool:
    """Whether a shape is worth looking at: false only where a key it needs is missing or is another constant."""
    if "oneOf" in shape and "properties" not in shape:
        return any(could_hold(part, value) for part in shape["oneOf"])
    if not isinstance(value, dict):
        return True
    told = shape.get("properties", {})
    return all(
        key in value and told[key].get("const", value[key]) == value[key] for key in shape.get("required", ())
    )


def narrowed(keyword: str) -> Any:
    """The keyword of jsonschema, asked only of the shapes that could hold: the same answer, and quickly."""
    plain = jsonschema.Draft202012Validator.VALIDATORS[keyword]

    def among(validator: Any, shapes: Any, value: Any, schema: Any) -> Any:
        return plain(validator, [one for one in shapes if could_hold(one, value)], value, schema)

    return among


QUICK = jsonschema.validators.extend(
    jsonschema.Draft202012Validator, {keyword: narrowed(keyword) for keyword in ("anyOf", "oneOf")}
)


@pytest.fixture
def published() -> Any:
    schema = json_schema()
    return QUICK(schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)


def quietly(examples: int) -> Any:
    """So many cases, newly drawn each time; a failure prints how to draw it again."""
    return settings(
        max_examples=examples, deadline=None, print_blob=True, database=None, phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip


def test_what_the_parser_takes_the_schema_takes(published: Any) -> None:
    @quietly(CASES or 60)
    @given(rules())
    def is_legal_in_both(raw: Any) -> None:
        parse(raw)
        assert published.is_valid(raw), raw

    is_legal_in_both()


def test_of_a_rule_with_a_mistake_both_say_the_same(published: Any) -> None:
    @quietly(CASES or 250)
    @given(mistaken())
    def is_judged_alike(raw: Any) -> None:
        refusal = refused(raw)
        if refusal is None or refusal.code not in BEYOND_SHAPES:
            assert published.is_valid(raw) is (refusal is None), (raw, refusal and refusal.message)

    is_judged_alike()


def test_every_ready_rule_is_legal_in_both(published: Any) -> None:
    for preset in PRESETS.values():
        if not preset.upon:
            raw = {"version": 1, "root": {"all": list(preset.conditions())}}
            parse(raw)
            assert published.is_valid(raw), preset.key


@pytest.mark.parametrize(
    "wrong",
    [
        {"field": "city", "op": "at_least", "value": 1}, {"field": "gone", "op": "is_known"}, {}, {"everyone": False},
        {"field": "city", "op": "equals", "value": 3}, {"field": "city", "op": "equals"}, {"segment": 0, "op": "in"},
        {"field": "stage", "op": "is_any_of", "value": ["new", "new"]}, {"bucket": "a", "from": 0, "to": 5},
        {"may_receive": "email", "topic": "gossip"}, {"event": "A", "op": "did", "where": []},
        ["everyone"],
        {"event": "A", "op": "did", "in_last_days": 3651}, {"any": [], "all": []},
        {"field": "revenue", "op": "at_least", "value": "1"},
    ],
)  # fmt: skip
def test_shapes_that_both_refuse(published: Any, wrong: Any) -> None:
    assert refused(rule(wrong)) is not None
    assert not published.is_valid(rule(wrong))
    assert QUICK.META_SCHEMA == jsonschema.Draft202012Validator.META_SCHEMA


def test_it_is_a_schema_as_the_specification_has_it(published: Any) -> None:
    jsonschema.Draft202012Validator.check_schema(published.schema)
