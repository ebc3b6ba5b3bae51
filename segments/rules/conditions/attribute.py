"""A condition on a custom attribute: ``{"attribute": "favourite_band", "op": "equals", "value": "Miles"}``.

The path is a name or a list of names, and always a bound parameter. The type is that of the value compared
with: an attribute that holds a text is never equal to a number.
"""

from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q

from segments.registry import Field
from segments.rules.as_of import AsOf
from segments.rules.asking import asked, phrase, read_operator, show, write_operator
from segments.rules.conditions.base import Condition, Shown
from segments.rules.json_values import json_value
from segments.rules.operators import Operator
from segments.rules.paths import open_field, read_path, write_path
from segments.rules.reading import Reader
from segments.rules.words import Words
from users.topics import TouchTopic


@dataclass(frozen=True)
class AttributeCondition(Condition):
    path: tuple[str, ...]
    operator: Operator
    value: Any

    @classmethod
    def read(cls, reader: Reader) -> "AttributeCondition":
        reader.only(required=("attribute", "op"), optional=("value",))
        path = read_path(reader.at("attribute"))
        operator, value = read_operator(reader, open_field(path, "attributes"))
        return cls(path, operator, value)

    def write(self) -> dict[str, Any]:
        return {"attribute": write_path(self.path), **write_operator(self.operator, self.value)}

    @property
    def field(self) -> Field:
        """The attribute as a field of its own."""
        return open_field(self.path, "attributes", self.operator, self.value)

    def expression(self, as_of: AsOf) -> Q:
        return asked(self.field, self.operator, self.value, as_of)

    def sentence(self, words: Words) -> str:
        return phrase(self.field, self.operator, self.value, words)

    def topics(self) -> frozenset[TouchTopic]:
        return frozenset({TouchTopic.PROFILE})

    def of_today(self, words: Words) -> list[str]:
        return [str(self.field.label)]

    def actual(self, as_of: AsOf) -> Shown:
        return json_value(F("attributes"), self.path, "any")

    def show(self, actual: Any, words: Words) -> str:
        return show(self.field, actual, words)
