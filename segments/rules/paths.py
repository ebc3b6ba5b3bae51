"""A way into a jsonb column: a name, or a list of names from the outside inwards, at most ``LONGEST_PATH`` of them."""

from typing import Any

from django.db.models import F

from segments.registry import Field
from segments.rules.json_values import json_type, json_value
from segments.rules.kinds import OPEN
from segments.rules.operators import Operator
from segments.rules.reading import Reader
from users.topics import TouchTopic

LONGEST_PATH = 5


def read_path(reader: Reader) -> tuple[str, ...]:
    """A name, or a list of names from the outside inwards."""
    if isinstance(reader.raw, list):
        return tuple(item.text() for item in reader.items(1, LONGEST_PATH))
    return (reader.text(),)


def write_path(path: tuple[str, ...]) -> str | list[str]:
    """As ``read_path`` reads it."""
    return path[0] if len(path) == 1 else list(path)


def open_field(
    path: tuple[str, ...], column: str, operator: Operator | None = None, value: Any = None
) -> Field:
    """A value inside a jsonb column as a field, typed by what it is compared with."""
    wanted = "any" if operator is None else json_type(operator.argument, value)
    return Field(
        name=" › ".join(path),
        label=" › ".join(path),
        group="",
        kind=OPEN,
        topic=TouchTopic.PROFILE,
        value=json_value(F(column), path, wanted),
    )
