"""What a ready segment is, and short ways to write its conditions."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django_stubs_ext import StrOrPromise

Condition = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Preset:
    """A ready segment; money in it is in minor units of the shop's currency.

    ``key`` is stored with the segment: keep it for ever. ``conditions`` all hold. ``upon``: keys of ready segments
    that the rule rests on, given to ``conditions`` as their numbers.
    """

    key: str
    group: StrOrPromise
    name: StrOrPromise
    description: StrOrPromise
    conditions: Callable[..., tuple[Condition, ...]]
    upon: tuple[str, ...] = ()


def preset(
    key: str, group: StrOrPromise, name: StrOrPromise, description: StrOrPromise, *conditions: Condition
) -> Preset:
    """A ready segment of these conditions."""
    return Preset(key, group, name, description, lambda: conditions)


def field(name: str, op: str, value: Any = None) -> Condition:
    """A condition on a field."""
    return {"field": name, "op": op} if value is None else {"field": name, "op": op, "value": value}


def any_of(name: str, *values: str) -> Condition:
    """A field is one of these."""
    return field(name, "is_any_of", list(values))


def has(name: str, *values: str, op: str = "has_any_of") -> Condition:
    """A collection holds one of these."""
    return {"collection": name, "op": op, "value": list(values)}


def did(name: str, at_least: int = 1, **more: Any) -> Condition:
    """Something happened at least so often; ``more``: the window."""
    return {"happened": name, "op": "did", "at_least": at_least, **more}


def never(name: str, **more: Any) -> Condition:
    """Something did not happen; ``more``: the window."""
    return {"happened": name, "op": "did_not", **more}


def event(name: str, at_least: int = 1, **more: Any) -> Condition:
    """An event happened at least so often; ``more``: the window."""
    return {"event": name, "op": "did", "at_least": at_least, **more}


def where(condition: Condition, **filters: Any) -> Condition:
    """The same, of what these properties are true of (a list: any of them)."""
    asked = [
        {"property": name, "op": "is_any_of" if isinstance(value, list) else "equals", "value": value}
        for name, value in filters.items()
    ]
    return {**condition, "where": asked}


def either(*conditions: Condition) -> Condition:
    """One of these holds."""
    return {"any": list(conditions)}


def none_of(*conditions: Condition) -> Condition:
    """None of these holds."""
    return {"none": list(conditions)}


MAY_BE_MAILED: Condition = {"may_receive": "email", "topic": "news"}
KNOWN_PERSON: Condition = field("identified", "equals", True)
