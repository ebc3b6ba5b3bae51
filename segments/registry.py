"""What rules may ask about: fields, collections and happenings, lent by the apps' ``segment_fields.py``.

An app's ``segment_fields.py`` is found at start, as Django finds ``admin.py``. It registers

* a **Field**: one value per customer (stage, city, points balance, level);
* a **Collection**: several values per customer (tags, interests);
* a **Source**: things that happen to a customer at an instant (events, orders, messages).

Asked about the past, an entry answers with its past form where it declares one; where it has none it gives
today's value, and the screens say so.

``docs/segment-fields.md`` shows one of each. The duty that comes with it: every service that changes what a
registered name reads touches its topic in the same transaction (``users.services.touch``).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db.models import F, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from config.kit.registry import Registry
from segments.rules.arguments import About, Choices
from segments.rules.as_of import AsOf
from segments.rules.kinds import Kind
from segments.rules.operators import Value
from users.topics import TouchTopic

Rows = QuerySet[Any]
OF_CUSTOMER: Mapping[str, str] = {"customer": "pk"}


@dataclass(frozen=True)
class Ahead:
    """What time alone makes of a field: its value at an instant ahead, and the instants at which it moves.

    ``turns(customer_id)``: those of one customer, as far as they are known.
    """

    value: "Callable[[AsOf], Value]"
    turns: Callable[[int], Sequence[datetime]]


@dataclass(frozen=True)
class Live:
    """A value that time alone changes, beyond what its operators know of time.

    ``value``: the expression at an instant. ``crossed``: of which rows (or customers) it may have changed
    between two instants, None: of none. ``turns``: when it will change for one customer if nothing happens.
    """

    value: Callable[[AsOf], Value]
    crossed: Callable[[AsOf, AsOf], Q | None]
    turns: Callable[[int, AsOf], list[datetime]] = lambda customer_id, as_of: []


@dataclass(frozen=True)
class Field:
    """One value per customer.

    ``value`` is the way to it: an ORM path from the customer (``standing__orders``), or, with ``rows``, a
    path inside those rows, which hold at most one row per customer. ``absent``: what it means that there is
    no row; None: not known. ``choices``: the only values there are (stored value → label); ``suggest``:
    values to offer in a form (given what was typed so far), where others are possible too. ``also``: further
    topics whose touches can change it. ``live``: its value depends on the instant asked about.

    ``past``: the value at ``as_of.now`` from the history that is kept, as an expression over the customer (or
    over the source's rows, for a property of one), an absent value included; without it today's value is
    used and said to be. ``past_note``: what of the past form is nevertheless as it is today. ``ahead``: for a
    value that moves by itself, as stages do.
    """

    name: str
    label: StrOrPromise
    group: StrOrPromise
    kind: Kind
    topic: TouchTopic
    value: str | Value = ""
    rows: Callable[[], Rows] | None = None
    link: Mapping[str, str] = field(default_factory=lambda: OF_CUSTOMER)
    absent: Any = None
    choices: Callable[[], Choices] | None = None
    suggest: Callable[[str], Sequence[str]] | None = None
    also: tuple[TouchTopic, ...] = ()
    live: Live | None = None
    past: "Callable[[AsOf], Value] | None" = None
    past_note: StrOrPromise = ""
    ahead: Ahead | None = None

    def then(self, as_of: AsOf) -> "Field":
        """The field to ask at that instant: itself, or its past form, or what it will be."""
        if as_of.past and self.past is not None:
            return replace(self, value=self.past(as_of), rows=None, live=None)
        if as_of.ahead and self.ahead is not None:
            return replace(self, value=self.ahead.value(as_of), rows=None)
        return self

    @property
    def of_today(self) -> str:
        """What of it is as it is today when the past is asked about, in words; "" for nothing."""
        if self.past is None:
            return str(self.label)
        return f"{self.label}: {self.past_note}" if self.past_note else ""

    @property
    def x(self) -> Value:
        """The value as an expression over the customer, or over ``rows``."""
        path = self.value or self.name
        return F(path) if isinstance(path, str) else path

    def x_at(self, as_of: AsOf) -> Value:
        """``x`` at an instant, for values that depend on it."""
        return self.x if self.live is None else self.live.value(as_of)

    @property
    def about(self) -> About:
        """What its values are about, for reading and wording them."""
        return About(choices=self.choices, is_money=self.kind.is_money)

    def linked_rows(self) -> Rows:
        """``rows`` of the customer (or row) that the statement is looking at."""
        assert self.rows is not None
        return self.rows().filter(**{key: OuterRef(outer) for key, outer in self.link.items()})


@dataclass(frozen=True)
class Collection:
    """Several values per customer. ``has`` says, as a condition on the customer: has any of these values.

    ``past_has`` and ``past_note``: as a field's ``past`` and ``past_note``.
    """

    name: str
    label: StrOrPromise
    group: StrOrPromise
    topic: TouchTopic
    has: Callable[[Sequence[str]], Q]
    choices: Callable[[], Choices] | None = None
    suggest: Callable[[str], Sequence[str]] | None = None
    past_has: Callable[[Sequence[str], AsOf], Q] | None = None
    past_note: StrOrPromise = ""

    def holds(self, values: Sequence[str], as_of: AsOf) -> Q:
        """Has any of these values, at that instant."""
        if not as_of.past or self.past_has is None:
            return self.has(values)
        return self.past_has(values, as_of)

    @property
    def of_today(self) -> str:
        """What of it is as it is today when the past is asked about, in words; "" for nothing."""
        if self.past_has is None:
            return str(self.label)
        return f"{self.label}: {self.past_note}" if self.past_note else ""

    @property
    def about(self) -> About:
        """What its values are about, for reading and wording them."""
        return About(choices=self.choices)


@dataclass(frozen=True)
class Source:
    """Things that happen to customers, each at one instant.

    ``rows(as_of, name)`` gives all of them; each row has a foreign key ``customer`` and its instant under
    ``time``. ``name`` is the event's name for events, else None. ``properties`` may be filtered; those of a
    number kind may be summed. ``did`` and ``did_not`` are clauses about the customer ("ordered"), ``noun``
    names the things ("orders"); they may hold ``%(event)s``.

    The past is the rows before the instant; ``rows`` takes care of what changed since where ``as_of.past``.
    ``past_note``: what of them is as it is today nevertheless.

    ``copied``: the columns of its rows that a copy for a few customers holds beside ``customer`` and ``time``
    (rules/copies.py): those by which ``rows`` chooses and those that most rules ask of, best those of one index.
    """

    name: str
    label: StrOrPromise
    group: StrOrPromise
    topic: TouchTopic
    rows: Callable[[AsOf, str | None], Rows]
    time: str
    did: StrOrPromise
    did_not: StrOrPromise
    noun: StrOrPromise
    properties: Mapping[str, Field] = field(default_factory=dict)
    open_properties: str = ""
    suggest_property: Callable[[str | None], Sequence[str]] | None = None
    past_note: StrOrPromise = ""
    copied: tuple[str, ...] = ()


@dataclass(frozen=True)
class Retired:
    """A name that rules may not use any more; its label stays, so that a stopped segment can say what it asked.

    ``instead``: what to ask now, in words.
    """

    name: str
    label: StrOrPromise
    instead: StrOrPromise = ""


fields: Registry[Field] = Registry("segment field")
collections: Registry[Collection] = Registry("segment collection")
sources: Registry[Source] = Registry("segment source")
retired: Registry[Retired] = Registry("retired name")


def retire(*entries: Retired) -> None:
    """Take names back that were lent: segments that use one say so and stop until their rule is edited."""
    for entry in entries:
        retired.register(entry.name, entry)


def missing(name: str, code: str) -> tuple[str, str]:
    """Code and clause of the refusal of a name that is not lent: one that once was, or one that never was."""
    gone = retired.get(name)
    if gone is None:
        return code, _("there is no such field: “%(name)s”") % {"name": name}
    if not gone.instead:
        return "retired_name", _("“%(label)s” is no longer offered") % {"label": gone.label}
    return "retired_name", _("“%(label)s” is no longer offered; ask for %(instead)s instead") % {
        "label": gone.label,
        "instead": gone.instead,
    }


def register(*entries: Field | Collection | Source) -> None:
    """Lend fields, collections and sources to rules. A name is stored in rules: keep it for ever."""
    for entry in entries:
        if isinstance(entry, Field):
            fields.register(entry.name, entry)
        elif isinstance(entry, Collection):
            collections.register(entry.name, entry)
        else:
            sources.register(entry.name, entry)
