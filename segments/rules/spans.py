"""Spans of time as rules write them: ``{"within": 3, "unit": "days"}``."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self

from django.utils.translation import gettext_lazy, ngettext

from segments.rules.arguments import Choices
from segments.rules.reading import Reader

LONGEST = timedelta(days=366)
UNITS = {"minutes": timedelta(minutes=1), "hours": timedelta(hours=1), "days": timedelta(days=1)}


def unit_names() -> Choices:
    """The units of a span, by name."""
    return {
        "minutes": gettext_lazy("minutes"),
        "hours": gettext_lazy("hours"),
        "days": gettext_lazy("days of 24 hours"),
    }


@dataclass(frozen=True)
class Span:
    """So many minutes, hours or days of 24 hours; a year at most."""

    number: int
    unit: str

    @classmethod
    def read(cls, reader: Reader, key: str = "within") -> Self:
        """From an object with ``key`` and ``unit``. Raises Refusal."""
        unit = reader.at("unit").one_of(UNITS)
        return cls(reader.at(key).whole(1, LONGEST // UNITS[unit]), unit)

    def write(self, key: str = "within") -> dict[str, Any]:
        """The keys and values that read back as this span."""
        return {key: self.number, "unit": self.unit}

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return self.number * UNITS[self.unit]

    def phrase(self) -> str:
        """As part of a sentence: "3 days"."""
        n = self.number
        if self.unit == "minutes":
            return ngettext("%(n)d minute", "%(n)d minutes", n) % {"n": n}
        if self.unit == "hours":
            return ngettext("%(n)d hour", "%(n)d hours", n) % {"n": n}
        return days(n)


def days(n: int) -> str:
    """A number of days in words."""
    return ngettext("%(n)d day", "%(n)d days", n) % {"n": n}
