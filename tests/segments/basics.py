"""What random rules and random lives are made of: instants near edges, windows, questions about one value."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any

from hypothesis import strategies as st

from tests import oracle

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
    days = draw(st.sampled_from([0, 1, 2, 3, 6, 7, 8, 29, 30, 31, 60, 364, 365]))
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
def open_questions() -> st.SearchStrategy[Json]:
    return st.one_of(
        ask("equals", SCALARS), ask("not_equals", SCALARS), number_questions(NUMBERS).filter(_not_equals),
        text_questions(st.sampled_from(["Jazz", "3"])).filter(_not_equals), KNOWN,
    )  # fmt: skip


def _not_equals(question: Json) -> bool:
    return question["op"] not in {"equals", "not_equals"}


@cache
def filters(of: str) -> st.SearchStrategy[Json]:
    category = text_questions(CATEGORIES).map(lambda question: {"property": "category", **question})
    if of == "orders":
        return st.one_of(category, number_questions(MONEY).map(lambda q: {"property": "net", **q}))
    if of == "order_lines":
        return st.one_of(
            category,
            text_questions(st.sampled_from(["p1", "p2"])).map(lambda q: {"property": "product", **q}),
            number_questions(st.sampled_from([0, 1, 4])).map(lambda q: {"property": "quantity", **q}),
            number_questions(MONEY).map(lambda q: {"property": "amount", **q}),
        )
    return st.one_of(
        category,
        number_questions(NUMBERS).map(lambda question: {"property": "value", **question}),
        open_questions().map(lambda question: {"property": "colour", **question}),
        open_questions().map(lambda question: {"property": ["deep", "er"], **question}),
    )
