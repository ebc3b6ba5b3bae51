"""What is held about people, where, and what an erasure does with it; the apps say so in ``holdings.py``.

- ``holds``: a table with a customer column. An erasure deletes its rows, empties their personal columns, or
  leaves them because they say nothing about a person.
- ``quotes``: a table of another key that may quote a person in its texts (what came in and waits, answers, errors).
- ``impersonal``: texts that are the shop's own words. All three are checked by ``tests/architecture``: a table
  or a text that nobody has declared fails there.
- ``place``: what is not a table (files, the cache).

Found by autodiscovery as ``page_parts.py`` is.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.db import connection
from django.db.models import Field, Model
from django_stubs_ext import StrOrPromise

from config.kit.registry import Registry


class Erase(StrEnum):
    """What an erasure does with a customer's rows of a table."""

    DELETE = "delete"
    EMPTY = "empty"  # the row stays for the books, its personal columns are emptied
    KEEP = "keep"  # the row stays as it is: it holds no personal data


@dataclass(frozen=True, slots=True)
class Holding:
    """A table with rows of customers. Made by ``holds``.

    ``columns``: attribute or relation path → its name for people, as the export shows them; ``money`` are those
    in minor units, of the currency that ``currency`` (a query) or the row says, ``shop_money`` those of the shop's.
    ``empties``: column → what it is emptied to. ``keeps``: the texts that stay, with ``why``.
    ``customer``: the name of the customer column. ``position``: the order of the export and of the erasure.
    ``clean`` deletes the rows of some customers where more goes with them; it says how many. ``is_books``: who has
    rows here is never removed for being silent.
    """

    model: type[Model]
    title: StrOrPromise
    position: int
    erase: Erase
    columns: Mapping[str, StrOrPromise]
    why: StrOrPromise = ""
    empties: Mapping[str, Any] = field(default_factory=dict)
    keeps: tuple[str, ...] = ()
    money: tuple[str, ...] = ()
    shop_money: tuple[str, ...] = ()
    currency: Any = None
    order: tuple[str, ...] = ()
    customer: str = "customer"
    clean: "Callable[[list[int]], int] | None" = None
    is_books: bool = False

    @property
    def table(self) -> str:
        """The name of the table in the database."""
        return self.model._meta.db_table

    @property
    def column(self) -> str:
        """The name of the customer column in the database."""
        return str(next(f.column for f in self.model._meta.concrete_fields if f.name == self.customer))


@dataclass(frozen=True, slots=True)
class Traces:
    """How a person may be recognised in texts that are not under their key.

    ``ids``: the customer's numbers, of before joins too. ``identities``: (kind, value) on record.
    ``words``: identities and addresses long enough to be looked for anywhere in a text.
    """

    ids: tuple[int, ...]
    user_id: str | None
    identities: tuple[tuple[str, str], ...]
    words: tuple[str, ...]


Clean = Callable[[Traces], int]


@dataclass(frozen=True, slots=True)
class Quote:
    """A table that may quote people. ``clean`` removes one person from it and says from how many rows;
    without it, ``empties`` is done to the rows whose columns contain one of the person's words."""

    model: type[Model]
    title: StrOrPromise
    columns: tuple[str, ...]
    empties: Mapping[str, Any] = field(default_factory=dict)
    clean: Clean | None = None


@dataclass(frozen=True, slots=True)
class Impersonal:
    """Texts of a table that are the shop's own words or codes, with the reason."""

    model: type[Model]
    columns: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Place:
    """Somewhere outside the database that may hold traces of people; ``clean`` says how many it removed."""

    name: str
    title: StrOrPromise
    clean: Clean


holdings: Registry[Holding] = Registry("holding")
quoting: Registry[Quote] = Registry("quoting table")
impersonals: Registry[Impersonal] = Registry("impersonal table")
places: Registry[Place] = Registry("place")


def holds(holding: Holding) -> Holding:
    """Declare a table with a customer column."""
    return holdings.register(holding.model._meta.label, holding)


def quotes(
    model: type[Model],
    title: StrOrPromise,
    *,
    clean: Clean | None = None,
    columns: tuple[str, ...] = (),
    empties: Mapping[str, Any] | None = None,
) -> Quote:
    """Declare a table without a customer column whose texts may quote a person."""
    told = Quote(model, title, columns or tuple(empties or ()), empties or {}, clean)
    return quoting.register(model._meta.label, told)


def impersonal(model: type[Model], *columns: str, why: str) -> Impersonal:
    """Declare texts that never speak of a customer."""
    return impersonals.register(model._meta.label, Impersonal(model, columns, why))


def place(entry: Place) -> Place:
    """Declare something outside the database."""
    return places.register(entry.name, entry)


def in_order() -> list[Holding]:
    """All holdings, in the order in which they are exported and erased."""
    return sorted(holdings, key=lambda holding: (holding.position, holding.model._meta.label))


def stored(model: type[Model], values: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Columns of the database with the values as it stores them."""
    fields: dict[str, Field[Any, Any]] = {field.name: field for field in model._meta.concrete_fields}
    return [
        (str(fields[name].column), fields[name].get_db_prep_save(value, connection))
        for name, value in values.items()
    ]
