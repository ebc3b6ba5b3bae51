"""How a condition is asked for: a description that the builder draws, so that it knows no condition by name.

Fields, collections and happenings are described by the registry. Every other condition describes itself here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from django_stubs_ext import StrOrPromise

from segments.rules.arguments import Choices

# happening: an object {"event": …} or {"happened": …} with "where", without a window; window: one window, whose
# key stands beside the others and which does not look ahead; figure: a field of a number kind; whole, number, text,
# day, choice, segment: one value.
Kind = Literal["happening", "window", "figure", "whole", "number", "text", "day", "choice", "segment"]


@dataclass(frozen=True)
class Input:
    """One part of a condition's JSON. ``optional``: left empty, the key is left out.

    ``only_if``: another key of the condition, and the values with one of which this part is asked for.
    """

    key: str
    kind: Kind
    label: StrOrPromise
    optional: bool = False
    choices: Callable[[], Choices] | None = None
    least: int | None = None
    most: int | None = None
    only_if: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Form:
    """A condition as the builder offers it: ``fresh`` is the JSON of a new one, whose first key is ``key``."""

    key: str
    label: StrOrPromise
    group: StrOrPromise
    inputs: tuple[Input, ...]
    fresh: Callable[[], dict[str, Any]]
