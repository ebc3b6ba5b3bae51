"""Random rules over the whole language, and random lives to hold against them."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any

from hypothesis import strategies as st

from tests import oracle
from tests.segments.world import EVENTS, TAGS

Json = dict[str, Any]

# Instants at which calendars do something: leap day, year's end, a shop midnight to the microsecond.
NOWS = st.sampled_from(
    [
        datetime(2026, 5, 14, 7, 30, tzinfo=UTC),
        datetime(2026, 2, 28, 2, 0, tzinfo=UTC),
        datetime(2024, 2, 29, 2, 0, tzinfo=UTC),
        datetime(2025, 12, 31, 15, 59, 59, 999999, tzinfo=UTC),
        datetime(2025, 12, 31, 16, 0, tzinfo=UTC),
        datetime(2026, 3, 1, 16, 0, tzinfo=UTC),
    ]
)
DAYS = st.sampled_from([1, 2, 7, 30])
CITIES = st.sampled_from(["Suzhou", "Xi'an", "50%_off", "a__b"])
CATEGORIES = st.sampled_from(["Jazz", "Rock"])
NUMBERS = st.sampled_from([0, 1, 2, 3, 2.5, 100, -1])
MONEY = st.sampled_from([0, 100, 999, 1000, 30000])
STAGES = st.sampled_from(["prospect", "new", "active", "returning", "dormant", "churned"])
BIRTHDAYS = st.sampled_from(
    [
        date(2000, 2, 29),
        date(1996, 2, 28),
        date(1990, 5, 14),
        date(1990, 5, 21),
        date(2001, 1, 1),
        date(1999, 3, 1),
    ]
)
SCALARS = st.sampled_from(["Jazz", "3", 3, 2.5, True, False])


def midnight(instant: datetime) -> datetime:
    """The shop's midnight before."""
    day = instant.astimezone(oracle.ZONE).date()
    return datetime.combine(day, time(), oracle.ZONE).astimezone(UTC)


@st.composite
def instants(draw: st.DrawFn, now: datetime) -> datetime:
    """Near the edges of windows: whole days back, shop midnights, a microsecond to either side, or ahead."""
    days = draw(st.sampled_from([0, 1, 2, 3, 6, 7, 8, 29, 30, 31, 60]))
    base = now - timedelta(days=days)
    if draw(st.booleans()):
        base = midnight(base)
    nudge = draw(st.sampled_from([timedelta(0), timedelta(microseconds=1), -timedelta(microseconds=1),
                                  timedelta(minutes=3), -timedelta(hours=5)]))  # fmt: skip
    return min(base + nudge, now + timedelta(minutes=5))


@cache
def windows() -> st.SearchStrategy[Json]:
    """The keys of a window; none of them: ever."""
    days = st.sampled_from(["2025-12-31", "2026-01-01", "2026-02-28", "2026-05-07", "2026-05-13"])
    return st.one_of(
        st.just({}),
        DAYS.map(lambda n: {"in_last_days": n}),
        DAYS.map(lambda n: {"in_last_calendar_days": n}),
        DAYS.map(lambda n: {"more_than_days_ago": n}),
        st.sampled_from(["day", "week", "month", "year"]).map(lambda period: {"in_current": period}),
        st.tuples(days, days).map(lambda pair: {"between": sorted(pair)}),
        days.map(lambda day: {"before": day}),
        days.map(lambda day: {"on_or_after": day}),
    )


def ask(op: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    return values.map(lambda value: {"op": op, "value": value})


def several(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(values, min_size=1, max_size=3, unique=True)


KNOWN = st.sampled_from([{"op": "is_known"}, {"op": "is_unknown"}])


@cache
def text_questions(values: st.SearchStrategy[str]) -> st.SearchStrategy[Json]:
    one = [ask(op, values) for op in ("equals", "not_equals")]
    many = [ask(op, several(values)) for op in ("is_any_of", "is_none_of")]
    parts = [ask(op, st.sampled_from(["%", "_", "z", "'", "a__"])) for op in ("contains", "not_contains")]
    return st.one_of(*one, *many, *parts, ask("starts_with", st.sampled_from(["S", "50%", "J"])), KNOWN)


@cache
def number_questions(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    ops = ("equals", "not_equals", "at_least", "at_most", "more_than", "less_than")
    return st.one_of(*(ask(op, values) for op in ops), ask("in_range", st.tuples(values, values).map(sorted)))


@cache
def instant_questions() -> st.SearchStrategy[Json]:
    named = windows().filter(bool).map(lambda window: next(iter(window.items())))
    return st.one_of(named.map(lambda pair: {"op": pair[0], "value": pair[1]}), KNOWN)


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
def open_questions() -> st.SearchStrategy[Json]:
    return st.one_of(
        ask("equals", SCALARS), ask("not_equals", SCALARS), number_questions(NUMBERS).filter(_not_equals),
        text_questions(st.sampled_from(["Jazz", "3"])).filter(_not_equals), KNOWN,
    )  # fmt: skip


def _not_equals(question: Json) -> bool:
    return question["op"] not in {"equals", "not_equals"}


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
    name = draw(st.sampled_from([*EVENTS, "Never Seen", "orders", "orders"]))
    begin = {"happened": name} if name == "orders" else {"event": name}
    op = draw(
        st.sampled_from(["did", "did_not", "days", "total", "average", "highest", "lowest", "first", "last"])
    )
    condition: Json = {**begin, "op": op, **draw(windows())}
    if op in {"first", "last"} and len(condition) == 2:
        condition["in_last_days"] = 7
    is_order = "happened" in begin
    if op in {"total", "average", "highest", "lowest"}:
        condition["of"] = "net" if is_order else draw(st.sampled_from(["value", "weight"]))
    if op not in {"did_not", "first", "last"}:
        condition |= draw(_bounds("count" if op in {"did", "days"} else "money" if is_order else "number"))
    if draw(st.booleans()):
        condition["where"] = draw(st.lists(_filters(is_order), min_size=1, max_size=2))
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
def _filters(is_order: bool) -> st.SearchStrategy[Json]:
    category = text_questions(CATEGORIES).map(lambda question: {"property": "category", **question})
    if is_order:
        return st.one_of(category, number_questions(MONEY).map(lambda q: {"property": "net", **q}))
    return st.one_of(
        category,
        number_questions(NUMBERS).map(lambda question: {"property": "value", **question}),
        open_questions().map(lambda question: {"property": "colour", **question}),
        open_questions().map(lambda question: {"property": ["deep", "er"], **question}),
    )


@st.composite
def _occurrence(draw: st.DrawFn) -> Json:
    name = draw(st.sampled_from([*EVENTS, "orders"]))
    begin: Json = {"happened": name} if name == "orders" else {"event": name}
    if draw(st.integers(0, 3)):
        return begin
    return {**begin, "where": draw(st.lists(_filters("happened" in begin), min_size=1, max_size=1))}


SPANS = st.sampled_from(
    [
        {"within": 1, "unit": "days"},
        {"within": 7, "unit": "days"},
        {"within": 5, "unit": "hours"},
        {"within": 3, "unit": "minutes"},
    ]
)


@st.composite
def _sequence(draw: st.DrawFn) -> Json:
    node: Json = {
        "sequence": draw(_occurrence()),
        "op": draw(st.sampled_from(["then", "not_then"])),
        "then": draw(_occurrence()),
        **draw(SPANS),
        **draw(windows()),
    }
    further = draw(st.sampled_from([0, 0, 1, 2]))
    if further:
        steps = [draw(_occurrence()) for _ in range(further)]
        node["and_then"] = steps if further > 1 else steps[0]
    if node["op"] == "not_then" and {"in_last_days", "in_last_calendar_days", "in_current"} & node.keys():
        node |= {"within": 3, "unit": "minutes"}
    return node


@cache
def habits() -> st.SearchStrategy[Json]:
    gaps = st.sampled_from([1, 7, 30])
    weeks = st.tuples(st.integers(1, 4), st.integers(1, 4)).map(sorted)
    return st.one_of(
        _sequence(),
        _sequence(),
        st.builds(
            lambda what, gap, extra: {"stopped": what, "gap_days": gap, **extra},
            _occurrence(),
            gaps,
            st.sampled_from([{}, {"at_least": 2}]),
        ),
        st.builds(
            lambda what, gap, window: {"restarted": what, "gap_days": gap, **window},
            _occurrence(),
            gaps,
            windows(),
        ),
        st.builds(
            lambda what, pair: {"regularly": what, "weeks": pair[0], "of": pair[1]}, _occurrence(), weeks
        ),
        st.builds(
            lambda what, n, window: {"nth": what, "n": n, **window},
            _occurrence(),
            st.integers(1, 3),
            windows().filter(bool),
        ),
    )


@cache
def mailings() -> st.SearchStrategy[Json]:
    return st.builds(
        lambda topic, op: {"may_receive": "email", "topic": topic} | ({"op": op} if op else {}),
        st.sampled_from(["news", "care", "service"]),
        st.sampled_from(["", "may_not"]),
    )


@cache
def conditions(segments: tuple[int, ...]) -> st.SearchStrategy[Json]:
    every = [fields(), happenings(), happenings(), habits(), attributes(), collections(), mailings()]
    if segments:
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
