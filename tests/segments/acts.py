"""An act that changes what rules may ask about, and short ways to write the questions whose answer it turns."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]
NOW = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def nothing() -> None:
    """Nothing has to be prepared."""


@dataclass(frozen=True)
class Act:
    """Something that really happens, and questions that somebody answers otherwise afterwards.

    ``prepare`` is not watched. ``turns``: conditions.
    """

    name: str
    perform: Callable[[], Any]
    turns: tuple[Json, ...]
    prepare: Callable[[], Any] = nothing


def field(name: str, op: str, value: Any = None) -> Json:
    """A question about a field."""
    return {"field": name, "op": op} if value is None else {"field": name, "op": op, "value": value}


def is_any(name: str, *values: str) -> Json:
    """A question about a choice."""
    return field(name, "is_any_of", list(values))


def has(name: str, *values: str) -> Json:
    """A question about a collection."""
    return {"collection": name, "op": "has_any_of", "value": list(values)}


def happened(name: str, at_least: int = 1, **where: Any) -> Json:
    """A question about what happened."""
    asked: Json = {"happened": name, "op": "did", "at_least": at_least}
    if where:
        asked["where"] = [filtered(key, value) for key, value in where.items()]
    return asked


def filtered(name: str, value: Any) -> Json:
    """A filter by equality, said as the property's kind wants it."""
    if isinstance(value, list):
        return {"property": name, "op": "is_any_of", "value": value}
    return {"property": name, "op": "equals", "value": value}
