"""Pieces of JSON Schema that several conditions share."""

from typing import Any

from segments.rules.reading import LONGEST_TEXT
from segments.rules.windows import LONGEST_DAYS, WINDOWS

Schema = dict[str, Any]

TEXT: Schema = {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT}
OCCURRENCE: Schema = {"$ref": "#/$defs/occurrence"}
DAYS: Schema = {"type": "integer", "minimum": 1, "maximum": LONGEST_DAYS}


def whole(least: int, most: int) -> Schema:
    """A whole number within bounds."""
    return {"type": "integer", "minimum": least, "maximum": most}


def one_of(*words: str) -> Schema:
    """One of some words."""
    return {"enum": list(words)}


def shape(required: Schema, optional: Schema | None = None) -> Schema:
    """An object with these keys and no others."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list(required),
        "additionalProperties": False,
    }


def windows() -> Schema:
    """The keys of all windows; the parser sees to it that there is one at most."""
    return {name: window.schema() for name, window in WINDOWS.items()}
