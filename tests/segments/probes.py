"""Questions about everything that is registered, made from the registry itself: a new field is asked at once."""

from collections.abc import Iterator
from typing import Any

from segments import registry
from segments.registry import Collection, Field, Source
from segments.rules.arguments import (
    Argument,
    Flag,
    Nothing,
    Number,
    OneDay,
    OneText,
    Scalar,
    Texts,
    TwoNumbers,
    Whole,
)
from segments.rules.kinds import MONEY, NUMBER

Json = dict[str, Any]
VALUES: dict[type[Argument], Any] = {
    OneText: "O'Hara %s",
    Texts: ["O'Hara %s"],
    Number: 3,
    TwoNumbers: [1, 5],
    Flag: True,
    Scalar: 3,
    OneDay: "2026-05-01",
}
OF_WINDOW: dict[str, Any] = {
    "in_last_days": 7,
    "in_last_calendar_days": 7,
    "more_than_days_ago": 7,
    "in_next_days": 7,
    "in_current": "week",
    "between": ["2026-05-01", "2026-05-10"],
    "before": "2026-05-01",
    "on_or_after": "2026-05-01",
}


def questions() -> Iterator[Json]:
    """Conditions about every field and collection, and about every source with each of its properties."""
    for field in registry.fields:
        yield from ({"field": field.name, **asked} for asked in few(asking(field)))
    for collection in registry.collections:
        for op in ("has_any_of", "has_none_of"):
            yield {"collection": collection.name, "op": op, "value": values_of(collection)[:2]}
    for source in registry.sources:
        yield from of_source(source)


def of_source(source: Source) -> Iterator[Json]:
    """Ways to ask one source: how it is counted, its figures and its filters."""
    begin = {"event": "Product Viewed"} if source.name == "events" else {"happened": source.name}
    yield {**begin, "op": "did", "more_than_days_ago": 7}
    yield {**begin, "op": "did", "in_next_days": 7}
    yield {**begin, "op": "last", "in_last_days": 7}
    yield {**begin, "op": "did_not"}
    yield {**begin, "op": "did", "at_least": 2, "in_last_days": 30}
    yield {**begin, "op": "days", "at_most": 2, "in_last_days": 30}
    for name, field in source.properties.items():
        for asked in few(asking(field)):
            yield {**begin, "op": "did", "in_last_days": 30, "where": [{"property": name, **asked}]}
        if field.rows is None and field.kind in (NUMBER, MONEY):
            yield {**begin, "op": "total", "of": name, "at_least": 1, "in_last_days": 30}
            yield {**begin, "op": "average", "of": name, "at_least": 1, "in_last_days": 30}


def few(asked: Iterator[Json]) -> list[Json]:
    """The first and the last operator: every operator of a kind has tests of its own."""
    found = list(asked)
    return found if len(found) < 3 else [found[0], found[-1]]


def asking(field: Field) -> Iterator[Json]:
    """Each operator of a field with a value that it takes; no question where there is nothing to choose."""
    for operator in field.kind.operators.values():
        argument = operator.argument
        if isinstance(argument, Nothing):
            yield {"op": operator.name}
        elif isinstance(argument, Texts | OneText) and field.choices is not None:
            some = list(field.choices())[:2]
            if some:
                yield {"op": operator.name, "value": some if isinstance(argument, Texts) else some[0]}
        elif isinstance(argument, Whole):
            yield {"op": operator.name, "value": argument.least}
        elif operator.name in OF_WINDOW:
            yield {"op": operator.name, "value": OF_WINDOW[operator.name]}
        elif type(argument) in VALUES:
            yield {"op": operator.name, "value": VALUES[type(argument)]}


def values_of(collection: Collection) -> list[str]:
    """Some values that the collection may have."""
    return list(collection.choices()) if collection.choices is not None else ["O'Hara %s", "VIP"]
