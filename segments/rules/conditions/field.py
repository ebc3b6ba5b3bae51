"""A condition on one value: ``{"field": "stage", "op": "is_any_of", "value": ["dormant"]}``."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, Subquery

from segments import registry
from segments.registry import Field
from segments.rules.as_of import AsOf
from segments.rules.asking import asked, phrase, read_operator, show, write_operator
from segments.rules.conditions.base import Condition, Ids, Shown
from segments.rules.edges import Edge
from segments.rules.operators import Moved, Operator
from segments.rules.reading import Reader
from segments.rules.words import Words
from users.models import Customer
from users.topics import TouchTopic


@dataclass(frozen=True)
class FieldCondition(Condition):
    field: Field
    operator: Operator
    value: Any

    @classmethod
    def read(cls, reader: Reader) -> "FieldCondition":
        reader.only(required=("field", "op"), optional=("value",))
        field = registry.fields.get(reader.at("field").text())
        if field is None:
            raise reader.at("field").refusal(*registry.missing(reader.at("field").text(), "unknown_field"))
        operator, value = read_operator(reader, field)
        return cls(field, operator, value)

    def write(self) -> dict[str, Any]:
        return {"field": self.field.name, **write_operator(self.operator, self.value)}

    def expression(self, as_of: AsOf) -> Any:
        return asked(self.field, self.operator, self.value, as_of)

    def sentence(self, words: Words) -> str:
        return phrase(self.field, self.operator, self.value, words)

    def topics(self) -> frozenset[TouchTopic]:
        return frozenset({self.field.topic, *self.field.also})

    def crossing(self, then: AsOf, now: AsOf) -> list[Edge]:
        return [Edge(self._rows_where(moved), turned) for moved, turned in self._crossed(then, now)]

    def _crossed(self, then: AsOf, now: AsOf) -> list[Moved]:
        """By the window of the operator, or by what time does to the value itself."""
        live = self.field.live
        if live is None:
            return self.operator.crossed(self.field.x, self.value, then, now)
        moved = live.crossed(then, now)
        return [] if moved is None else [(moved, None)]

    def _rows_where(self, moved: Q) -> Ids:
        if self.field.rows is None:
            return Customer.objects.filter(moved).values("pk")
        return self.field.rows().filter(moved).values("customer_id")

    def of_today(self, words: Words) -> list[str]:
        return [self.field.of_today] if self.field.of_today else []

    def actual(self, as_of: AsOf) -> Shown:
        return value_of(self.field.then(as_of), as_of)

    def show(self, actual: Any, words: Words) -> str:
        return show(self.field, actual, words)

    def turns(self, customer_id: int, actual: Any, as_of: AsOf) -> list[datetime]:
        if self.field.live is not None:
            return self.field.live.turns(customer_id, as_of)
        turns = self.operator.turns(actual, self.value, as_of)
        if self.field.ahead is None:
            return turns
        moves = self.field.ahead.turns(customer_id)
        return turns + [turn for at in moves for turn in (at, *self.operator.turns(at, self.value, as_of))]


def value_of(field: Field, as_of: AsOf) -> Shown:
    """The value of a field as an expression over the customer."""
    x = field.x_at(as_of)
    if field.rows is None:
        return x
    return Subquery(field.linked_rows().annotate(asked_value=x).values("asked_value")[:1])
