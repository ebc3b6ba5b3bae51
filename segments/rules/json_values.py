"""Values inside a jsonb column, by a path that is always a bound parameter, never part of the statement."""

from collections.abc import Sequence
from typing import Any, Literal

from django.db.models import BooleanField, Case, DecimalField, F, Func, TextField, Value, When
from django.db.models.lookups import Exact

from segments.rules.arguments import Argument, Nothing, Number, Scalar, TwoNumbers

JsonType = Literal["text", "number", "flag", "any"]

_JSON_NAMES: dict[JsonType, str] = {"text": "string", "number": "number", "flag": "boolean"}


def json_value(column: F, path: Sequence[str], wanted: JsonType) -> Case:
    """The value at ``path`` when it is of the wanted type, else NULL. A JSON null is never a value.

    A single name is looked up as such, and numbers are read from the text: with a path and from jsonb the same
    question took 1.6 times the processor time (size S, ``attributes`` of everybody).
    """
    inside, as_text = ("->", "->>") if len(path) == 1 else ("#>", "#>>")
    kind = _taken(column, path, "jsonb_typeof(%(expressions)s)", inside, TextField())
    if wanted == "any":
        return Case(
            When(Exact(kind, "null"), then=Value(None)),
            default=_taken(column, path, "(%(expressions)s)", as_text, TextField()),
            output_field=TextField(),
        )
    taken: tuple[str, Any] = {
        "text": ("(%(expressions)s)", TextField()),
        "number": ("(%(expressions)s)::numeric", DecimalField()),
        "flag": ("(%(expressions)s)::boolean", BooleanField()),
    }[wanted]
    template, field = taken
    return Case(
        When(Exact(kind, _JSON_NAMES[wanted]), then=_taken(column, path, template, as_text, field)),
        output_field=field,
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


def _taken(column: F, path: Sequence[str], template: str, operator: str, field: Any) -> Func:
    steps = path[0] if len(path) == 1 else list(path)
    return Func(column, Value(steps), template=template, arg_joiner=f" {operator} ", output_field=field)
