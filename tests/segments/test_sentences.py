"""Sentences read unambiguously: rules that mean different things never read alike, in either language."""

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import pytest
from django.utils import translation
from hypothesis import HealthCheck, Phase, given, settings

from segments import registry
from segments.rules.measures import MEASURES
from segments.rules.parse import parse
from segments.rules.words import Words
from tests.segments.shop import rule, segment
from tests.segments.strategies import conditions, rules
from tests.segments.test_exact import SHOPS
from tests.segments.test_rules import sample
from users.seed import seed

pytestmark = pytest.mark.django_db(transaction=True)

WINDOWS: list[dict[str, Any]] = [
    {}, {"in_last_days": 1}, {"in_last_days": 7}, {"in_last_calendar_days": 7}, {"more_than_days_ago": 7},
    {"in_current": "day"}, {"in_current": "week"}, {"in_current": "month"}, {"in_current": "year"},
    {"between": ["2026-05-01", "2026-05-07"]}, {"before": "2026-05-01"}, {"on_or_after": "2026-05-01"},
]  # fmt: skip
ORDERS = {"happened": "orders"}
VIEWED = {"event": "Product Viewed"}
# Several ways to write one thing, and the one they are taken for.
SAME_OF_ONE = {"is_any_of": "equals", "is_none_of": "not_equals", "has_all_of": "has_any_of"}
SAME_OF_NONE = {"within_days": "in_days", "anniversary_within_days": "anniversary_in_days"}


def meaning(raw: Any) -> Any:
    """The JSON with what means the same written the same way."""
    if isinstance(raw, list):
        return [meaning(part) for part in raw]
    if not isinstance(raw, dict):
        return raw
    found = {key: meaning(value) for key, value in raw.items()}
    for how in ("all", "any", "none"):
        if how in found:
            parts = found[how]
            return parts[0] if how != "none" and len(parts) == 1 else {how: parts}
    op, value = found.get("op"), found.get("value", found.get("days"))
    if op in SAME_OF_ONE and isinstance(value, list) and len(value) == 1:
        found["op"], found["value"] = SAME_OF_ONE[op], value if op == "has_all_of" else value[0]
    if op in SAME_OF_NONE and value == 0:
        found["op"] = SAME_OF_NONE[op]
    if op == "in_last_calendar_days" and value == 1:
        found |= {"op": "in_current", "value": "day"}
    if found.get("in_last_calendar_days") == 1:
        del found["in_last_calendar_days"]
        found["in_current"] = "day"
    return found


def reads_alike(raws: Iterable[dict[str, Any]]) -> list[tuple[str, list[str]]]:
    """Sentences that more than one meaning has."""
    said: dict[str, set[str]] = defaultdict(set)
    words = Words()
    for raw in raws:
        read = parse(raw)
        told = json.dumps(meaning(read.write()["root"]), sort_keys=True)
        for language in ("en", "zh-hans"):
            with translation.override(language):
                said[read.sentence(words)].add(told)
    return [(sentence, sorted(meanings)) for sentence, meanings in said.items() if len(meanings) > 1]


def every_question() -> Iterable[dict[str, Any]]:
    """Each operator of one field of each kind, each window and measure of orders and views, each habit with each."""
    of_each_kind = {field.kind.name: field for field in registry.fields}
    for field in of_each_kind.values():
        for operator in field.kind.operators.values():
            value = sample(operator.argument, field)
            asked = {"field": field.name, "op": operator.name}
            yield rule(asked if value is None else {**asked, "value": value})
    for begin in (ORDERS, VIEWED):
        for window in WINDOWS:
            yield rule({**begin, "op": "did_not", **window})
            yield rule({"restarted": begin, "gap_days": 30, **window})
            yield rule(
                {"sequence": begin, "op": "then", "then": ORDERS, "within": 2, "unit": "days", **window}
            )
            yield from (rule({**begin, "op": op, **window}) for op in ("first", "last") if window)
            yield from (rule({"nth": begin, "n": 2, **window}) for _once in (1,) if window)
        for bounds in ({"at_least": 2}, {"at_most": 2}, {"at_least": 2, "at_most": 3}):
            for name, measure in MEASURES.items():
                of = {"figure": "net" if begin is ORDERS else "value", "text": "category"}.get(
                    measure.of or ""
                )
                if (begin, measure.of) != (ORDERS, "text"):
                    yield rule({**begin, "op": name, **({"of": of} if of else {}), **bounds})
        for days in (1, 30):
            yield rule({"stopped": begin, "gap_days": days})
            yield rule({"stopped": begin, "gap_days": days, "at_least": 2})
            yield rule({"regularly": begin, "weeks": 1, "of": days})
            yield rule({"in_stage": "dormant", "op": "for_at_least", "days": days})
            yield rule({"in_stage": "dormant", "op": "for_at_most", "days": days})


def test_no_question_reads_like_another() -> None:
    seed()
    assert reads_alike(every_question()) == []


def test_no_random_rule_reads_like_another() -> None:
    seed()
    pks = tuple(segment({"field": "city", "op": "is_known"}, name=name).pk for name in ("One", "Two"))
    drawn: list[dict[str, Any]] = []
    quiet = settings(max_examples=SHOPS * 4 or 150, deadline=None, database=None, phases=[Phase.generate],
                     suppress_health_check=list(HealthCheck))  # fmt: skip

    @quiet
    @given(conditions(pks), rules(pks))
    def gather(one: dict[str, Any], whole: dict[str, Any]) -> None:
        drawn.extend([rule(one), whole])

    gather()
    assert reads_alike(drawn) == []
