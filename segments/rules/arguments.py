"""What an operator takes: how it is read from JSON, written back, described to forms, put into words."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from segments.rules.reading import LARGEST, LONGEST_TEXT, Reader
from segments.rules.words import Words, day, number, quoted

Choices = Mapping[str, StrOrPromise]
MOST_VALUES = 100


@dataclass(frozen=True)
class About:
    """What a value is about: its choices, where it has any, and whether it is money in minor units."""

    choices: Callable[[], Choices] | None = None
    is_money: bool = False


class Argument(ABC):
    """One kind of value. ``input`` names the form element that asks for it."""

    input: ClassVar[str]

    @abstractmethod
    def read(self, reader: Reader, about: About) -> Any:
        """The value. Raises Refusal."""

    def write(self, value: Any) -> Any:
        """The JSON value that reads back as ``value``."""
        return value

    @abstractmethod
    def words(self, value: Any, about: About, words: Words) -> list[str]:
        """The value or values as they read in a sentence."""

    @abstractmethod
    def schema(self, about: About) -> dict[str, Any]:
        """JSON Schema of the value."""


class OneText(Argument):
    input = "text"

    def read(self, reader: Reader, about: About) -> str:
        return _text(reader, about)

    def words(self, value: Any, about: About, words: Words) -> list[str]:
        return [_label(value, about)]

    def schema(self, about: About) -> dict[str, Any]:
        return _text_schema(about)


class Texts(Argument):
    input = "texts"

    def read(self, reader: Reader, about: About) -> tuple[str, ...]:
        values = [_text(item, about) for item in reader.items(1, MOST_VALUES)]
        if len(set(values)) < len(values):
            raise reader.refusal("doubled", _("names the same value twice"))
        return tuple(values)

    def write(self, value: Any) -> list[str]:
        return list(value)

    def words(self, value: Any, about: About, words: Words) -> list[str]:
        return [_label(text, about) for text in value]

    def schema(self, about: About) -> dict[str, Any]:
        return {
            "type": "array",
            "items": _text_schema(about),
            "minItems": 1,
            "maxItems": MOST_VALUES,
            "uniqueItems": True,
        }


class Number(Argument):
    input = "number"

    def read(self, reader: Reader, about: About) -> int | Decimal:
        return reader.whole() if about.is_money else reader.number()

    def write(self, value: Any) -> int | float:
        return plain_number(value)

    def words(self, value: Any, about: About, words: Words) -> list[str]:
        return [words.money(value) if about.is_money else number(value)]

    def schema(self, about: About) -> dict[str, Any]:
        return {
            "type": "integer" if about.is_money else "number",
            "minimum": -LARGEST,
            "maximum": LARGEST,
        }


class TwoNumbers(Argument):
    input = "two-numbers"
    one = Number()

    def read(self, reader: Reader, about: About) -> tuple[int | Decimal, int | Decimal]:
        low, high = (self.one.read(item, about) for item in reader.items(2, 2))
        if high < low:
            raise reader.refusal("bad_range", _("the second number must not be smaller than the first"))
        return low, high

    def write(self, value: Any) -> list[int | float]:
        return [plain_number(part) for part in value]

    def words(self, value: Any, about: About, words: Words) -> list[str]:
        return [text for part in value for text in self.one.words(part, about, words)]

    def schema(self, about: About) -> dict[str, Any]:
        return {"type": "array", "items": self.one.schema(about), "minItems": 2, "maxItems": 2}


@dataclass(frozen=True)
class Whole(Argument):
    """A whole number within bounds, such as a count of days or years."""

    least: int
    most: int
    input: ClassVar[str] = "whole"

    def read(self, reader: Reader, about: About) -> int:
        return reader.whole(self.least, self.most)

    def words(self, value: Any, about: About, words: Words) -> list[str]:
        return [str(value)]

    def schema(self, about: About) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


class Flag(Argument):
    input = "flag"

    def read(self, reader: Reader, about: About) -> bool:
        return reader.flag()

    def words(self, value: Any, about: About, words: Words) -> list[str]:
        return [_("yes") if value else _("no")]

    def schema(self, about: About) -> dict[str, Any]:
        return {"type": "boolean"}


class Scalar(Argument):
    """A text, a number or a flag: what a custom attribute or a property may equal."""

    input = "scalar"

    def read(self, reader: Reader, about: About) -> str | bool | int | Decimal:
        if isinstance(reader.raw, bool):
            return reader.flag()
        return reader.text() if isinstance(reader.raw, str) else reader.number()

    def write(self, value: Any) -> Any:
        return value if isinstance(value, str | bool) else plain_number(value)

    def words(self, value: Any, about: About, words: Words) -> list[str]:
        if isinstance(value, str):
            return [quoted(value)]
        return Flag().words(value, about, words) if isinstance(value, bool) else [number(value)]

    def schema(self, about: About) -> dict[str, Any]:
        return {"type": ["string", "number", "boolean"]}


class OneDay(Argument):
    input = "day"

    def read(self, reader: Reader, about: About) -> date:
        return reader.day()

    def write(self, value: Any) -> str:
        return str(value.isoformat())

    def words(self, value: Any, about: About, words: Words) -> list[str]:
        return [day(value)]

    def schema(self, about: About) -> dict[str, Any]:
        return {"type": "string", "format": "date"}


class Nothing(Argument):
    """The operator says it all; a value is refused."""

    input = "none"

    def read(self, reader: Reader, about: About) -> None:
        raise reader.refusal("unknown_key", _("takes no value"))

    def words(self, value: Any, about: About, words: Words) -> list[str]:
        return []

    def schema(self, about: About) -> dict[str, Any]:
        return {"type": "null"}


def plain_number(value: int | Decimal) -> int | float:
    """As JSON writes it; reading it again gives the same number."""
    if isinstance(value, int):
        return value
    return int(value) if value == value.to_integral_value() else float(value)


def _text(reader: Reader, about: About) -> str:
    if about.choices is None:
        return reader.text()
    return reader.one_of(list(about.choices()))


def _label(text: str, about: About) -> str:
    if about.choices is None:
        return quoted(text)
    return quoted(str(about.choices().get(text, text)))


def _text_schema(about: About) -> dict[str, Any]:
    if about.choices is None:
        return {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT}
    return {"enum": list(about.choices())}
