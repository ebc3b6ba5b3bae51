"""What every condition answers."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.db.models import Expression, F, Q, QuerySet, Subquery

from segments.rules.as_of import AsOf
from segments.rules.conditions.occurrence import Occurrence
from segments.rules.edges import Edge
from segments.rules.forms import Form
from segments.rules.reading import Reader
from segments.rules.shared import Scan
from segments.rules.words import Words
from users.topics import TouchTopic

# Customer ids, as a query of one column.
Ids = QuerySet[Any, Any]
Shown = Expression | F | Subquery


@dataclass(frozen=True)
class Condition(ABC):
    """One leaf of a rule, true or false of every customer at every instant: never unknown."""

    # Whether ``actual`` says something worth showing beside the answer.
    actual_is_shown: ClassVar[bool] = True
    # Whether it is the same for every customer, true on some days and false on others.
    depends_on_the_day: ClassVar[bool] = False

    @property
    def always(self) -> bool | None:
        """True or false of everybody whatever the data; None: it depends."""
        return None

    @classmethod
    @abstractmethod
    def read(cls, reader: Reader) -> "Condition":
        """The condition from its JSON. Raises Refusal with the path of what is wrong."""

    @classmethod
    def form(cls) -> Form | None:
        """How the builder asks for it; None: it is offered by the registry, or not to be offered now."""
        return None

    @classmethod
    def schema(cls) -> list[dict[str, Any]]:
        """JSON Schema of its shapes, where rules/schema.py does not write it from the registry."""
        return []

    @abstractmethod
    def write(self) -> dict[str, Any]:
        """The JSON that reads back as this condition."""

    @abstractmethod
    def expression(self, as_of: AsOf) -> Q:
        """The condition over Customer; two-valued."""

    @abstractmethod
    def sentence(self, words: Words) -> str:
        """The condition as a clause in the language that is active."""

    def topics(self) -> frozenset[TouchTopic]:
        """The topics whose touches can change the answer."""
        return frozenset()

    def event_names(self) -> frozenset[str]:
        """The names of the events it asks about."""
        return frozenset()

    def segments(self) -> frozenset[int]:
        """The segments it refers to."""
        return frozenset()

    def crossing(self, then: AsOf, now: AsOf) -> list[Edge]:
        """The customers for whom time alone may have changed the answer between two instants, and which way."""
        return []

    def scan(self) -> Scan | None:
        """What it looks up of everybody and other conditions may look up too (rules/shared.py); None: nothing."""
        return None

    def happenings(self, as_of: AsOf) -> list[tuple[Occurrence, datetime | None]]:
        """What of the customer's happenings it reads, each since when; None: since ever."""
        return []

    def of_today(self, words: Words) -> list[str]:
        """Asked about the past: what of it is as it is today all the same, in words. Nothing kept: all of it."""
        return [self.sentence(words)]

    def actual(self, as_of: AsOf) -> Shown | None:
        """The value the condition looks at, for explaining one customer; None: there is nothing to show."""
        return None

    def show(self, actual: Any, words: Words) -> str:
        """``actual`` in words."""
        return "" if actual is None else str(actual)

    def turns(self, customer_id: int, actual: Any, as_of: AsOf) -> list[datetime]:
        """Instants at which time alone may change the answer for one customer."""
        return []
