"""Random rules over the whole language, and random lives to hold against them."""

from datetime import datetime
from functools import cache

from hypothesis import strategies as st

from tests.segments.basics import (
    BIRTHDAYS,
    CATEGORIES,
    CITIES,
    DAYS,
    KNOWN,
    MONEY,
    NOWS,
    NUMBERS,
    SCALARS,
    STAGES,
    Json,
    ask,
    filters,
    instants,
    number_questions,
    open_questions,
    several,
    text_questions,
    windows,
)
from tests.segments.timing import calendars, habits, segment_times
from tests.segments.world import EVENTS, TAGS

__all__ = [
    "BIRTHDAYS",
    "CATEGORIES",
    "CITIES",
    "DAYS",
    "KNOWN",
    "MONEY",
    "NOWS",
    "NUMBERS",
    "SCALARS",
    "STAGES",
    "Json",
    "ask",
    "calendars",
    "event_properties",
    "filters",
    "habits",
    "instants",
    "number_questions",
    "open_questions",
    "open_values",
    "rules",
    "segment_times",
    "several",
    "text_questions",
    "values",
    "windows",
]


OF_FIGURES = ("total", "average", "highest", "lowest")
# Sources besides events, with the figures and the texts that can be measured of them.
MEASURED = {
    "orders": (["net"], []),
    "order_lines": (["quantity", "amount"], ["product", "category"]),
}


@cache
def instant_questions() -> st.SearchStrategy[Json]:
    named = windows().filter(bool).map(lambda window: next(iter(window.items())))
    anniversaries = st.one_of(
        ask("anniversary_in_days", st.sampled_from([0, 1, 7])),
        ask("anniversary_within_days", st.sampled_from([0, 1, 90])),
        st.just({"op": "anniversary_this_month"}),
    )
    return st.one_of(named.map(lambda pair: {"op": pair[0], "value": pair[1]}), anniversaries, KNOWN)


@cache
def birthday_questions() -> st.SearchStrategy[Json]:
    return st.one_of(
        ask("anniversary_in_days", st.sampled_from([0, 1, 7])),
        ask("anniversary_within_days", st.sampled_from([0, 1, 7, 90])),
        st.just({"op": "anniversary_this_month"}),
        ask("in_month", st.sampled_from([1, 2, 5])),
        ask("age_at_least", st.sampled_from([0, 24, 25, 26, 36])),
        ask("age_at_most", st.sampled_from([0, 24, 25, 26, 36])),
        KNOWN,
    )


@cache
def fields() -> st.SearchStrategy[Json]:
    def of(names: list[str], questions: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
        return st.builds(
            lambda name, question: {"field": name, **question}, st.sampled_from(names), questions
        )

    return st.one_of(
        of(["city", "region"], text_questions(CITIES)),
        of(["stage"], st.one_of(*(ask(op, several(STAGES)) for op in ("is_any_of", "is_none_of")))),
        of(["orders", "active_days"], number_questions(NUMBERS)),
        of(["revenue"], number_questions(MONEY)),
        of(["no_profiling"], ask("equals", st.booleans())),
        of(
            ["registered_at", "stage_since", "last_activity", "last_order", "first_order"],
            instant_questions(),
        ),
        of(["birthday"], birthday_questions()),
    )


@cache
def attributes() -> st.SearchStrategy[Json]:
    paths = st.sampled_from(["taste", "a__b", ["deep", "taste"], ["list", "0"], "it's \" %s"])
    return st.builds(lambda path, question: {"attribute": path, **question}, paths, open_questions())


@cache
def collections() -> st.SearchStrategy[Json]:
    ops = st.sampled_from(["has_any_of", "has_all_of", "has_none_of"])
    named = st.one_of(
        st.tuples(st.sampled_from(["tags", "interests"]), several(st.sampled_from(TAGS))),
        st.tuples(st.just("reachable_by"), several(st.sampled_from(["email", "sms"]))),
    )
    return st.builds(lambda op, pair: {"collection": pair[0], "op": op, "value": pair[1]}, ops, named)


@cache
def happenings() -> st.SearchStrategy[Json]:
    return _happening()


@st.composite
def _happening(draw: st.DrawFn) -> Json:
    name = draw(st.sampled_from([*EVENTS, "Never Seen", "orders", "orders", "order_lines", "order_lines"]))
    begin = {"happened": name} if name in MEASURED else {"event": name}
    op = draw(st.sampled_from(["did", "did_not", "first", "last", "days", "distinct", *OF_FIGURES]))
    condition: Json = {**begin, "op": op, **draw(windows())}
    if op in {"first", "last"} and len(condition) == 2:
        condition["in_last_days"] = 7
    figures, texts = MEASURED.get(name, (["value", "weight"], ["category", "colour"]))
    if op == "distinct" and not texts:
        op = condition["op"] = "days"
    if op in OF_FIGURES:
        condition["of"] = draw(st.sampled_from(figures))
    if op == "distinct":
        condition["of"] = draw(st.sampled_from(texts))
    if op not in {"did_not", "first", "last"}:
        is_money = condition.get("of") in {"net", "amount"}
        condition |= draw(_bounds("money" if is_money else "number" if op in OF_FIGURES else "count"))
    if draw(st.booleans()):
        condition["where"] = draw(st.lists(filters(name), min_size=1, max_size=2))
    return condition


@cache
def _bounds(kind: str) -> st.SearchStrategy[Json]:
    values = {"count": st.integers(0, 3), "money": MONEY, "number": NUMBERS}[kind]
    least = values.map(lambda n: {"at_least": n})
    if kind == "count":
        least = least.filter(lambda bounds: bounds["at_least"] > 0)
    both = st.tuples(values, values).map(lambda pair: {"at_least": min(pair), "at_most": max(pair)})
    return st.one_of(least, values.map(lambda n: {"at_most": n}), both)


@cache
def mailings() -> st.SearchStrategy[Json]:
    return st.builds(
        lambda topic, op: {"may_receive": "email", "topic": topic} | ({"op": op} if op else {}),
        st.sampled_from(["news", "care", "service"]),
        st.sampled_from(["", "may_not"]),
    )


@cache
def conditions(segments: tuple[int, ...]) -> st.SearchStrategy[Json]:
    every = [
        fields(),
        happenings(),
        happenings(),
        habits(),
        calendars(),
        attributes(),
        collections(),
        mailings(),
    ]
    if segments:
        every.append(segment_times(segments))
        every.append(
            st.builds(
                lambda pk, extra: {"segment": pk, **extra},
                st.sampled_from(segments),
                st.sampled_from(
                    [{"op": "in"}, {"op": "not_in"}, {"op": "in", "for_days": 1}, {"op": "in", "for_days": 7}]
                ),
            )
        )
    return st.one_of(*every)


@cache
def rules(segments: tuple[int, ...] = ()) -> st.SearchStrategy[Json]:
    """Whole rules, mostly shallow."""
    how = st.sampled_from(["all", "any", "none"])

    def grouped(parts: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
        return st.builds(lambda h, p: {h: p}, how, st.lists(parts, min_size=1, max_size=3))

    nodes = st.recursive(conditions(segments), grouped, max_leaves=5)
    return grouped(nodes).map(lambda root: {"version": 1, "root": root})


@cache
def values(now: datetime) -> st.SearchStrategy[Json]:
    """Some columns of a customer; what is not drawn is unknown."""
    return st.fixed_dictionaries(
        {},
        optional={
            "city": CITIES, "region": CITIES, "birthday": BIRTHDAYS, "stage": STAGES,
            "orders": st.integers(0, 3), "active_days": st.integers(0, 3), "revenue": MONEY,
            "no_profiling": st.booleans(), "registered_at": instants(now), "stage_since": instants(now),
            "last_activity": instants(now), "last_order": instants(now), "first_order": instants(now),
        },
    )  # fmt: skip


@cache
def open_values() -> st.SearchStrategy[Json]:
    anything = st.one_of(SCALARS, st.none(), st.just([1]))
    return st.fixed_dictionaries(
        {},
        optional={
            "taste": anything, "a__b": anything, "it's \" %s": anything,
            "deep": st.one_of(anything, anything.map(lambda x: {"taste": x, "er": x})),
            "list": st.lists(SCALARS, max_size=2),
        },
    )  # fmt: skip


@cache
def event_properties() -> st.SearchStrategy[Json]:
    anything = st.one_of(SCALARS, st.none())
    return st.fixed_dictionaries(
        {},
        optional={
            "category": CATEGORIES, "value": st.sampled_from([0, 1, 2, 3, 100, -1]), "colour": anything,
            "weight": st.one_of(NUMBERS, st.just("heavy")),
            "deep": st.one_of(anything, anything.map(lambda x: {"er": x})),
        },
    )  # fmt: skip
