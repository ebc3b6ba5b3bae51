"""What can be asked of a single value: each operator answers as SQL, as a sentence and as a slice of time.

``where`` may assume that the value is known; whoever uses an operator adds that guard, and negates for
operators that say so. That makes every condition two-valued: "is not" includes those of whom nothing is
known, and NOT NOT changes nothing.
"""

from abc import ABC, abstractmethod
from datetime import datetime
from typing import Any, ClassVar

from django.db.models import Expression, F, Q, Subquery
from django.db.models.lookups import (
    Contains,
    Exact,
    GreaterThan,
    GreaterThanOrEqual,
    In,
    LessThan,
    LessThanOrEqual,
    Range,
    StartsWith,
)
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from segments.rules import words as say
from segments.rules.arguments import About, Argument, Flag, Nothing, Number, OneText, Texts, TwoNumbers
from segments.rules.as_of import AsOf
from segments.rules.reading import Reader
from segments.rules.windows import WINDOWS, Window, crossed

Value = Expression | F | Subquery
# Where time may have changed an answer, and what it can only have become there; None: either (rules/edges.py).
Moved = tuple[Q, bool | None]


class Operator(ABC):
    """``name`` is stored in rules, ``label`` shown in forms; ``negates``: the opposite of its ``where``."""

    name: ClassVar[str]
    label: StrOrPromise
    argument: Argument
    negates: bool = False

    @abstractmethod
    def where(self, x: Value, value: Any, as_of: AsOf) -> Q:
        """Whether the known value ``x`` answers (before negation)."""

    @abstractmethod
    def phrase(self, field: str, texts: list[str]) -> str:
        """The condition as a clause; ``texts`` are the values in words."""

    def crossed(self, x: Value, value: Any, then: AsOf, now: AsOf) -> list[Moved]:
        """Where time alone may have changed the answer between two instants, negated or not as it is."""
        return []

    def turns(self, actual: Any, value: Any, as_of: AsOf) -> list[datetime]:
        """The instants at which time alone may change the answer for the value ``actual``."""
        return []


class _Plain(Operator):
    """An operator that is a comparison and a pattern of words."""

    compare: ClassVar[Any]
    pattern: ClassVar[StrOrPromise]

    def where(self, x: Value, value: Any, as_of: AsOf) -> Q:
        return Q(self.compare(x, value))

    def phrase(self, field: str, texts: list[str]) -> str:
        return str(self.pattern) % {"field": field, "value": say.either(texts)}


class Equals(_Plain):
    name = "equals"
    label = gettext_lazy("is")
    compare = Exact
    pattern = gettext_lazy("%(field)s is %(value)s")

    def __init__(self, argument: Argument) -> None:
        self.argument = argument


class NotEquals(Equals):
    name = "not_equals"
    label = gettext_lazy("is not")
    negates = True
    pattern = gettext_lazy("%(field)s is not %(value)s")


class IsAnyOf(_Plain):
    name = "is_any_of"
    label = gettext_lazy("is any of")
    argument = Texts()
    compare = In
    pattern = gettext_lazy("%(field)s is %(value)s")


class IsNoneOf(IsAnyOf):
    name = "is_none_of"
    label = gettext_lazy("is none of")
    negates = True
    pattern = gettext_lazy("%(field)s is not %(value)s")


class ContainsText(_Plain):
    name = "contains"
    label = gettext_lazy("contains")
    argument = OneText()
    compare = Contains
    pattern = gettext_lazy("%(field)s contains %(value)s")


class ContainsNotText(ContainsText):
    name = "not_contains"
    label = gettext_lazy("does not contain")
    negates = True
    pattern = gettext_lazy("%(field)s does not contain %(value)s")


class BeginsWith(_Plain):
    name = "starts_with"
    label = gettext_lazy("begins with")
    argument = OneText()
    compare = StartsWith
    pattern = gettext_lazy("%(field)s begins with %(value)s")


class AtLeast(_Plain):
    name = "at_least"
    label = gettext_lazy("is at least")
    argument = Number()
    compare = GreaterThanOrEqual
    pattern = gettext_lazy("%(field)s is at least %(value)s")


class AtMost(_Plain):
    name = "at_most"
    label = gettext_lazy("is at most")
    argument = Number()
    compare = LessThanOrEqual
    pattern = gettext_lazy("%(field)s is at most %(value)s")


class MoreThan(_Plain):
    name = "more_than"
    label = gettext_lazy("is more than")
    argument = Number()
    compare = GreaterThan
    pattern = gettext_lazy("%(field)s is more than %(value)s")


class LessThanValue(_Plain):
    name = "less_than"
    label = gettext_lazy("is less than")
    argument = Number()
    compare = LessThan
    pattern = gettext_lazy("%(field)s is less than %(value)s")


class InRange(Operator):
    name = "in_range"
    label = gettext_lazy("is between")
    argument = TwoNumbers()

    def where(self, x: Value, value: Any, as_of: AsOf) -> Q:
        return Q(Range(x, value))

    def phrase(self, field: str, texts: list[str]) -> str:
        return _("%(field)s is between %(low)s and %(high)s") % {
            "field": field,
            "low": texts[0],
            "high": texts[1],
        }


class IsKnown(Operator):
    """Always true of a known value: the guard does the work."""

    name = "is_known"
    label = gettext_lazy("is known")
    argument = Nothing()

    def where(self, x: Value, value: Any, as_of: AsOf) -> Q:
        return Q()

    def phrase(self, field: str, texts: list[str]) -> str:
        return _("%(field)s is known") % {"field": field}


class IsUnknown(IsKnown):
    name = "is_unknown"
    label = gettext_lazy("is not known")
    negates = True

    def phrase(self, field: str, texts: list[str]) -> str:
        return _("%(field)s is not known") % {"field": field}


class WindowArgument(Argument):
    """The value of a window, read by the window's own class."""

    def __init__(self, window: type[Window]) -> None:
        self.window = window
        self.input = f"window-{window.name}"  # type: ignore[misc]  # one class serves every window

    def read(self, reader: Reader, about: About) -> Window:
        return self.window.read(reader)

    def write(self, value: Any) -> Any:
        return value.value()

    def words(self, value: Any, about: About, words: say.Words) -> list[str]:
        return [value.phrase()]

    def schema(self, about: About) -> dict[str, Any]:
        return self.window.schema()


class InWindow(Operator):
    """An instant lies in a window; the only operators that time alone can turn for an instant."""

    def __init__(self, window: type[Window], label: StrOrPromise) -> None:
        self.name = window.name  # type: ignore[misc]  # one class serves every window
        self.label = label
        self.argument = WindowArgument(window)

    def where(self, x: Value, value: Any, as_of: AsOf) -> Q:
        begins = value.begins(as_of)
        inside = Q(LessThan(x, value.ends(as_of)))
        return inside if begins is None else inside & Q(GreaterThanOrEqual(x, begins))

    def phrase(self, field: str, texts: list[str]) -> str:
        return _("%(field)s is %(window)s") % {"field": field, "window": texts[0]}

    def crossed(self, x: Value, value: Any, then: AsOf, now: AsOf) -> list[Moved]:
        return [
            (Q(GreaterThanOrEqual(x, early)) & Q(LessThan(x, late)), entered)
            for early, late, entered in crossed(value, then, now)
        ]

    def turns(self, actual: Any, value: Any, as_of: AsOf) -> list[datetime]:
        return value.turns(actual, as_of) if isinstance(actual, datetime) else []


KNOWN = (IsKnown(), IsUnknown())
NUMBER_OPERATORS = (
    AtLeast(), AtMost(), MoreThan(), LessThanValue(), InRange(), Equals(Number()), NotEquals(Number()),
)  # fmt: skip
TEXT_OPERATORS = (
    Equals(OneText()), NotEquals(OneText()), IsAnyOf(), IsNoneOf(), ContainsText(), ContainsNotText(),
    BeginsWith(),
)  # fmt: skip
FLAG_OPERATORS = (Equals(Flag()),)
INSTANT_OPERATORS = tuple(
    InWindow(WINDOWS[name], label)
    for name, label in (
        ("in_last_days", gettext_lazy("in the last days (rolling)")),
        ("in_last_calendar_days", gettext_lazy("in the last calendar days")),
        ("more_than_days_ago", gettext_lazy("more than days ago")),
        ("in_next_days", gettext_lazy("in the next days (rolling)")),
        ("in_current", gettext_lazy("in the current")),
        ("between", gettext_lazy("between dates")),
        ("before", gettext_lazy("before date")),
        ("on_or_after", gettext_lazy("on or after date")),
    )
)
