"""One kind of thing that happens to a customer, with filters: what sequences and habits are made of.

``{"event": "Product Viewed", "where": [{"property": "category", "op": "equals", "value": "Jazz"}]}``
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from segments.registry import Rows, Source
from segments.rules.as_of import AsOf
from segments.rules.asking import asked, phrase
from segments.rules.conditions.happening import (
    Filter,
    filters_json,
    named_property,
    read_filters,
    read_source,
)
from segments.rules.reading import Reader
from segments.rules.words import Words, both


@dataclass(frozen=True)
class Occurrence:
    """Rows of a source, of one name where it has names, that pass the filters."""

    source: Source
    event: str | None
    where: tuple[Filter, ...] = ()

    @classmethod
    def read(cls, reader: Reader) -> "Occurrence":
        """From an object with ``event`` or ``happened`` and perhaps ``where``. Raises Refusal."""
        begin = "event" if "event" in reader.mapping() else "happened"
        reader.only(required=(begin,), optional=("where",))
        source, event = read_source(reader)
        return cls(source, event, read_filters(reader, source))

    def write(self) -> dict[str, Any]:
        """The JSON that reads back as this."""
        written: dict[str, Any] = (
            {"event": self.event} if self.event is not None else {"happened": self.source.name}
        )
        return {**written, "where": filters_json(self.where)} if self.where else written

    @property
    def time(self) -> str:
        """The way from a row to its instant."""
        return self.source.time

    def rows(
        self,
        as_of: AsOf,
        begins: datetime | None,
        ends: datetime | None,
        *,
        of: tuple[str, ...] | None = None,
    ) -> Rows:
        """Those with ``begins ≤ instant < ends``; None: no bound. ``of``: a property read besides those filtered by."""
        rows = self.source.rows(as_of, self.event)
        copy = as_of.copies.get(self.source.name)
        if copy is not None and copy.holds(self.event, begins) and self._asks_only_of_copied(of):
            rows = copy.in_place_of(rows)
        if ends is not None:
            rows = rows.filter(**{f"{self.time}__lt": ends})
        if begins is not None:
            rows = rows.filter(**{f"{self.time}__gte": begins})
        for one in self.where:
            rows = rows.filter(asked(one.field, one.operator, one.value, as_of))
        return rows

    def _asks_only_of_copied(self, of: tuple[str, ...] | None) -> bool:
        paths = [one.path for one in self.where] + ([of] if of is not None else [])
        return all(named_property(self.source, path) and path[0] in self.source.copied for path in paths)

    def ids(self, as_of: AsOf, begins: datetime | None, ends: datetime | None) -> Rows:
        """Whose they are."""
        return self.rows(as_of, begins, ends).values("customer_id")

    def event_names(self) -> frozenset[str]:
        """The name of the event, if it is one."""
        return frozenset() if self.event is None else frozenset({self.event})

    def of_today(self) -> list[str]:
        """Asked about the past: what of the rows is as it is today, in words."""
        notes = [self.source.past_note, *(one.field.past_note for one in self.where)]
        return [str(note) for note in notes if note]

    def did(self, words: Words) -> str:
        """As a clause: "did “Product Viewed” (category is “Jazz”)"."""
        return self._clause(self.source.did, words)

    def did_not(self, words: Words) -> str:
        """As a clause: "did not order"."""
        return self._clause(self.source.did_not, words)

    def noun(self, words: Words) -> str:
        """As a noun: "the orders"."""
        return self._clause(self.source.noun, words)

    def _clause(self, text: Any, words: Words) -> str:
        clause = str(text) % {"event": self.event}
        if not self.where:
            return clause
        filters = both([phrase(one.field, one.operator, one.value, words) for one in self.where])
        return _("%(clause)s (%(filters)s)") % {"clause": clause, "filters": filters}


def some(rows: Rows) -> Q:
    """At least one of ``rows`` is the customer's: good for everybody and for a few alike."""
    return Q(Exists(rows.filter(customer=OuterRef("pk"))))


def among(groups: Rows, as_of: AsOf) -> Q:
    """The customer is one of ``groups``. For everybody they are computed once, for a few once each."""
    if as_of.everybody:
        return Q(pk__in=groups.values("customer_id"))
    return Q(Exists(groups.filter(customer=OuterRef("pk")).values("customer_id")))
