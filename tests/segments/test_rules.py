"""Reading rules: every refusal has a place and a sentence; hostile text stays text; words in two languages."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.kit.refusal import Refusal
from segments import registry
from segments.rules.as_of import AsOf
from segments.rules.calendar import kept_on, latest_birthday
from segments.rules.parse import DEEPEST, MOST_CONDITIONS, parse
from segments.rules.windows import InCurrent
from segments.rules.words import Words
from tests.segments.shop import customer, rule, tagged
from tests.segments.strategies import rules
from tests.segments.test_exact import SHOPS
from users.models import Customer

pytestmark = pytest.mark.django_db

KNOWN = {"field": "city", "op": "is_known"}
VIEWED = {"event": "Product Viewed"}
HOSTILE = [
    "'",
    '"',
    "';--",
    "__",
    "%",
    "%s",
    "%(now)s",
    "_connector",
    "a\\",
    "{}",
    "$$",
    "\u202e",
    "\U0001f600",
]


def nested(depth: int) -> dict[str, Any]:
    node: dict[str, Any] = KNOWN
    for _level in range(depth):
        node = {"all": [node]}
    return {"version": 1, "root": node}


@pytest.mark.parametrize(
    ("raw", "code", "path"),
    [
        (None, "wrong_type", "rule"),
        ([], "wrong_type", "rule"),
        ({}, "missing_key", "rule"),
        ({"version": 2, "root": {"all": [KNOWN]}}, "unknown_version", "rule.version"),
        ({"version": True, "root": {"all": [KNOWN]}}, "unknown_version", "rule.version"),
        ({"version": 1, "root": {"all": [KNOWN]}, "extra": 1}, "unknown_key", "rule"),
        ({"version": 1, "root": KNOWN}, "wrong_type", "root"),
        ({"version": 1, "root": {}}, "wrong_type", "root"),
        (rule(), "empty_group", "root.all"),
        (rule({"any": []}), "empty_group", "root.all[0].any"),
        (rule({"any": [KNOWN], "all": [KNOWN]}), "unknown_key", "root.all[0]"),
        (rule({}), "unknown_condition", "root.all[0]"),
        (rule([]), "wrong_type", "root.all[0]"),  # type: ignore[arg-type]
        (nested(DEEPEST + 1), "too_deep", "root.all[0].all[0].all[0].all[0].all[0].all[0]"),
        (rule({"any": [KNOWN] * 40}, {"any": [KNOWN] * 11}), "too_large", "root"),
        (rule({"field": "erased_at", "op": "is_known"}), "unknown_field", "root.all[0].field"),
        (rule({"field": "standing__stage", "op": "is_known"}), "unknown_field", "root.all[0].field"),
        (rule({"field": "city", "op": "regex", "value": "x"}), "unknown_operator", "root.all[0].op"),
        (rule({"field": "city", "op": "equals"}), "missing_key", "root.all[0]"),
        (rule({"field": "city", "op": "equals", "value": 1}), "wrong_type", "root.all[0].value"),
        (rule({"field": "city", "op": "equals", "value": "a\0"}), "bad_text", "root.all[0].value"),
        (rule({"field": "city", "op": "equals", "value": "\ud800"}), "bad_text", "root.all[0].value"),
        (rule({"field": "city", "op": "equals", "value": "x" * 201}), "too_long", "root.all[0].value"),
        (rule({"field": "city", "op": "is_any_of", "value": []}), "wrong_length", "root.all[0].value"),
        (rule({"field": "city", "op": "is_any_of", "value": ["a", "a"]}), "doubled", "root.all[0].value"),
        (rule({"field": "stage", "op": "is_any_of", "value": ["asleep"]}), "unknown_choice",
         "root.all[0].value[0]"),
        (rule({"field": "orders", "op": "at_least", "value": True}), "wrong_type", "root.all[0].value"),
        (rule({"field": "orders", "op": "at_least", "value": float("nan")}), "wrong_type",
         "root.all[0].value"),
        (rule({"field": "orders", "op": "at_least", "value": 2**60}), "out_of_range", "root.all[0].value"),
        (rule({"field": "orders", "op": "in_range", "value": [2, 1]}), "bad_range", "root.all[0].value"),
        (rule({"field": "revenue", "op": "at_least", "value": 1.5}), "wrong_type", "root.all[0].value"),
        (rule({"field": "birthday", "op": "in_month", "value": 13}), "out_of_range", "root.all[0].value"),
        (rule({"field": "last_order", "op": "before", "value": "9999-12-31"}), "wrong_type",
         "root.all[0].value"),
        (rule({"field": "city", "op": "is_known", "value": 1}), "unknown_key", "root.all[0].value"),
        (rule({"attribute": [], "op": "is_known"}), "wrong_length", "root.all[0].attribute"),
        (rule({**VIEWED, "op": "does"}), "unknown_choice", "root.all[0].op"),
        (rule({**VIEWED, "in_last_days": 3, "in_current": "day"}), "two_windows", "root.all[0]"),
        (rule({**VIEWED, "in_last_days": 0}), "out_of_range", "root.all[0].in_last_days"),
        (rule({**VIEWED, "at_least": 0}), "means_everyone", "root.all[0].at_least"),
        (rule({**VIEWED, "at_least": 3, "at_most": 2}), "bad_range", "root.all[0].at_most"),
        (rule({**VIEWED, "op": "did_not", "at_least": 3}), "unknown_key", "root.all[0]"),
        (rule({**VIEWED, "op": "first"}), "missing_key", "root.all[0]"),
        (rule({**VIEWED, "op": "total", "at_least": 1}), "missing_key", "root.all[0]"),
        (rule({**VIEWED, "op": "total", "of": "category", "at_least": 1}), "not_a_number", "root.all[0].of"),
        (rule({**VIEWED, "between": ["2026-02-01", "2026-01-01"]}), "bad_window", "root.all[0].between"),
        (rule({"event": "order_paid"}), "internal_event", "root.all[0].event"),
        (rule({"happened": "events"}), "unknown_source", "root.all[0].happened"),
        (rule({"happened": "orders", "where": [{"property": "ip", "op": "is_known"}]}), "unknown_property",
         "root.all[0].where[0].property"),
        (rule({"segment": 4711, "op": "in"}), "unknown_segment", "root.all[0].segment"),
        (rule({"may_receive": "fax", "topic": "news"}), "unknown_choice", "root.all[0].may_receive"),
        (rule({"may_receive": "email", "topic": "spam"}), "unknown_choice", "root.all[0].topic"),
        (rule({"everyone": False}), "wrong_type", "root.all[0].everyone"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused_with_its_place(raw: Any, code: str, path: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse(raw)
    assert (refused.value.code, refused.value.field) == (code, path)
    assert refused.value.message.endswith(".")


def test_the_largest_legal_rule_is_taken() -> None:
    groups = [{"any": [KNOWN] * 25}, {"any": [KNOWN] * (MOST_CONDITIONS - 25)}]
    assert len(list(parse(rule(*groups)).root.conditions())) == MOST_CONDITIONS
    parse(nested(DEEPEST))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_only_ever_compared(text: str) -> None:
    """In every place that takes text: it runs, selects whoever has exactly that, and nobody else."""
    same = customer(city=text, attributes={text: text}, interests=[text])
    tagged(same, text)
    customer(city="Suzhou", attributes={"a": "b"}, interests=["Jazz"])
    conditions: list[dict[str, Any]] = [
        {"field": "city", "op": "equals", "value": text},
        {"field": "city", "op": "contains", "value": text},
        {"field": "city", "op": "is_any_of", "value": [text, "nowhere"]},
        {"attribute": text, "op": "equals", "value": text},
        {"attribute": [text], "op": "is_known"},
        {"collection": "tags", "op": "has_any_of", "value": [text]},
        {"collection": "interests", "op": "has_all_of", "value": [text]},
    ]
    nobody: list[dict[str, Any]] = [
        {"event": text},
        {**VIEWED, "where": [{"property": [text, text], "op": "equals", "value": text}]},
        {**VIEWED, "op": "total", "of": text, "at_least": 1},
        {"happened": "orders", "where": [{"property": "coupon", "op": "starts_with", "value": text}]},
    ]
    for everybody in (True, False):
        as_of = AsOf(datetime(2026, 5, 5, tzinfo=UTC), everybody=everybody)
        for condition in conditions:
            read = parse(rule(condition))
            assert set(read.customers(as_of)) == {same}, condition
            assert read.sentence(Words())
        for condition in nobody:
            assert not parse(rule(condition)).customers(as_of).exists(), condition


@settings(max_examples=SHOPS * 10 or 150, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["all", "any", "none", "field", "op", "value", "event", "segment", "where", "__", "of"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_garbage_is_refused_and_never_an_error(raw: Any) -> None:
    for candidate in (raw, {"version": 1, "root": raw}, {"version": 1, "root": {"all": raw}}, rule(raw)):
        try:
            parse(candidate)
        except Refusal as refusal:
            assert refusal.field


@settings(max_examples=SHOPS * 10 or 100, deadline=None)
@given(rules())
def test_every_rule_has_a_sentence_and_survives_storage(raw: dict[str, Any]) -> None:
    read = parse(raw)
    assert parse(json.loads(json.dumps(read.write()))) == read
    sentence = read.sentence(Words(segment_names={1: "One"}))
    assert sentence.startswith("Customers: ")
    assert "%(" not in sentence
    assert "None" not in sentence


def test_sentences_read_naturally() -> None:
    jazz = [{"property": "category", "op": "equals", "value": "Jazz"}]
    sentences: dict[str, dict[str, Any]] = {
        "did “Product Viewed” (category is “Jazz”) at least 3 times in the last 30 days": {
            **VIEWED, "at_least": 3, "in_last_days": 30, "where": jazz},
        "did not do “Product Viewed” this month": {**VIEWED, "op": "did_not", "in_current": "month"},
        "ordered with a total net amount of at least $300.00 in the last 180 days": {
            "happened": "orders", "op": "total", "of": "net", "at_least": 30000, "in_last_days": 180},
        "the first of the orders was in the last 7 days": {"happened": "orders", "op": "first", "in_last_days": 7},
        "did “Product Viewed” on at least 2 different days at any time": {**VIEWED, "op": "days", "at_least": 2},
        "birthday is within the next 7 days, today included": {
            "field": "birthday", "op": "anniversary_within_days", "value": 7},
        "city is “A”, “B” or “C”": {"field": "city", "op": "is_any_of", "value": ["A", "B", "C"]},
        "may not be sent “News and offers” by E-mail": {"may_receive": "email", "topic": "news", "op": "may_not"},
    }  # fmt: skip
    for sentence, condition in sentences.items():
        assert parse(rule(condition)).sentence(Words()) == f"Customers: {sentence}."
    both = rule({"any": [KNOWN, {"field": "orders", "op": "at_least", "value": 2}]}, KNOWN)
    assert parse(both).sentence(Words()) == (
        "Customers: (city is known, or number of orders in life is at least 2), and city is known."
    )


@pytest.mark.parametrize("field", list(registry.fields), ids=lambda field: field.name)
def test_every_field_answers_every_operator_it_offers(field: registry.Field) -> None:
    """Of an empty customer: no to each positive question, yes to its opposite, in both physical forms."""
    who = customer()
    for operator in field.kind.operators.values():
        condition: dict[str, Any] = {"field": field.name, "op": operator.name}
        value = sample(operator.argument, field)
        condition |= {} if value is None else {"value": value}
        read = parse(rule(condition))
        for everybody in (True, False):
            as_of = AsOf(datetime(2026, 5, 5, tzinfo=UTC), everybody=everybody)
            found = read.customers(as_of).filter(pk=who.pk)
            assert isinstance(found.exists(), bool)
        opposite = parse(rule(condition, how="none")).customers(as_of).filter(pk=who.pk)
        assert found.exists() != opposite.exists()
    assert Customer.objects.count() == 1


def sample(argument: Any, field: registry.Field) -> Any:
    choice = next(iter(field.choices()), "x") if field.choices else "x"
    return {
        "none": None, "text": choice, "texts": [choice], "number": 1, "two-numbers": [1, 2], "whole": 1,
        "flag": True, "month": 2, "window-in_current": "week", "window-between": ["2026-01-01", "2026-02-01"],
        "window-before": "2026-01-01", "window-on_or_after": "2026-01-01", "window-in_last_days": 7,
        "window-in_last_calendar_days": 7, "window-more_than_days_ago": 7, "window-in_next_days": 7,
    }[argument.input]  # fmt: skip


@pytest.mark.parametrize(
    ("today", "age", "latest"),
    [("2025-02-28", 25, "2000-02-29"), ("2024-02-29", 23, "2001-02-28"), ("2024-02-28", 24, "2000-02-28"),
     ("2026-05-14", 30, "1996-05-14")],
)  # fmt: skip
def test_ages_around_leap_days(today: str, age: int, latest: str) -> None:
    day = datetime.fromisoformat(today).date()
    assert latest_birthday(day, age).isoformat() == latest


@pytest.mark.parametrize(
    ("today", "kept"),
    [("2025-02-28", {228, 229}), ("2024-02-28", {228}), ("2024-02-29", {229}), ("2026-03-01", {301})],
)
def test_the_29th_of_february_is_kept_on_the_28th_in_other_years(today: str, kept: set[int]) -> None:
    assert kept_on([datetime.fromisoformat(today).date()]) == kept


def test_weeks_begin_on_monday_in_the_shop_zone() -> None:
    monday_in_shanghai = AsOf(datetime(2026, 5, 10, 16, 0, tzinfo=UTC))
    sunday_in_shanghai = AsOf(datetime(2026, 5, 10, 15, 59, tzinfo=UTC))
    assert InCurrent("week").begins(monday_in_shanghai).isoformat() == "2026-05-11T00:00:00+08:00"
    assert InCurrent("week").begins(sunday_in_shanghai).isoformat() == "2026-05-04T00:00:00+08:00"
