"""Values inside a jsonb column, by a path that is always a bound parameter, never part of the statement."""

from collections.abc import Sequence
from typing import Any, Literal

from django.db.models import BooleanField, Case, DecimalField, F, Func, TextField, Value, When
from django.db.models.lookups import Exact

from segments.rules.arguments import Argument, Nothing, Number, Scalar, TwoNumbers

JsonType = Literal["text", "number", "flag", "any"]

_JSON_NAMES: dict[JsonType, str] = {"text": "string", "number": "number", "flag": "boolean"}


def json_value(column: F, path: Sequence[str], wanted: JsonType) -> Case:
    """The value at ``path`` when it is of the wanted type, else NULL. A JSON null is never a value."""
    kind = Func(
        column,
        Value(list(path)),
        template="jsonb_typeof(%(expressions)s)",
        arg_joiner=" #> ",
        output_field=TextField(),
    )
    if wanted == "any":
        return Case(
            When(Exact(kind, "null"), then=Value(None)),
            default=_taken(column, path, "(%(expressions)s)", " #>> ", TextField()),
            output_field=TextField(),
        )
    taken: tuple[str, str, Any] = {
        "text": ("(%(expressions)s)", " #>> ", TextField()),
        "number": ("(%(expressions)s)::numeric", " #> ", DecimalField()),
        "flag": ("(%(expressions)s)::boolean", " #> ", BooleanField()),
    }[wanted]
    return Case(
        When(Exact(kind, _JSON_NAMES[wanted]), then=_taken(column, path, *taken)),
        output_field=taken[2],
    )


def json_type(argument: Argument, value: Any) -> JsonType:
    """The type that a value must have to be compared with what a rule says."""
    if isinstance(argument, Nothing):
        return "any"
    if isinstance(argument, Number | TwoNumbers):
        return "number"
    if not isinstance(argument, Scalar) or isinstance(value, str):
        return "text"
    return "flag" if isinstance(value, bool) else "number"


def _taken(column: F, path: Sequence[str], template: str, joiner: str, field: Any) -> Func:
    return Func(column, Value(list(path)), template=template, arg_joiner=joiner, output_field=field)
