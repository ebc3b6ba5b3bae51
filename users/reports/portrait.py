"""The portrait: a group of customers beside another, every dimension, the ones that differ most first.

How much a dimension differs is Cramér's V with both groups weighted alike, less what chance alone would bring: 0 means
alike, 1 that no value is shared. Values not known are left out of it and counted beside it; under ``FEWEST`` known
customers on a side it is not given. Of a dimension of which a customer may have several values it compares how often
each is named. Customers who refuse profiling are left out and counted.

Groups up to ``WHOLE`` customers are found whole. Of larger ones only those are looked for whom the shop's sample holds
(one customer in so many, by a hash of the id, always the same ones): they give the size, with a margin, and the shares.
``sizes`` counts exactly.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from config.kit.batches import fetch
from users.dimensions import AGE, INTERESTS, SILENT, Dimension, all_dimensions
from users.groups import Group
from users.reports import stored
from users.reports.cohorts import OTHER
from users.reports.sql import statement

FEWEST = 30
MOST_VALUES = 12
MOST_READ = 5_000
"""Customers of a side that are read; of a larger side a random part (by another hash of the id)."""
WHOLE = 50_000
DRAWN = 32_000
"""About how many customers the sample of a large shop holds."""
Z95 = 1.96
LISTS = {INTERESTS.name: INTERESTS}
"""Dimensions of which a customer may have several values; no other report takes them."""


@dataclass(frozen=True, slots=True)
class Number:
    """A figure of customers: its SQL over ``customer`` and ``standing``, and whether it is money."""

    title: StrOrPromise
    expression: str
    is_money: bool = False


NUMBERS = (
    Number(_("Orders in life"), "standing.orders"),
    Number(
        _("Net revenue in life, of buyers"), "CASE WHEN standing.orders > 0 THEN standing.revenue END", True
    ),
    Number(_("Average order"), "standing.revenue::float8 / nullif(standing.orders, 0)", True),
    Number(_("Active days in life"), "standing.active_days"),
    Number(_("Days since last activity"), SILENT),
    Number(_("Age"), AGE),
)


@dataclass(frozen=True, slots=True)
class Side:
    """A group: how many it holds, how many of them refuse profiling, how many were read.

    ``one_in``: the sizes stand for the sample's members times this; 1: counted.
    """

    customers: int
    refused: int
    read: int
    one_in: int = 1

    @property
    def is_sample(self) -> bool:
        """Whether only a part was read."""
        return self.one_in > 1 or self.read < self.customers - self.refused

    @property
    def margin(self) -> int:
        """Half the width of the 95 % interval of how many may be profiled; 0: counted."""
        return math.ceil(Z95 * math.sqrt((self.customers - self.refused) * (self.one_in - 1)))

    @property
    def points(self) -> float:
        """Half the width of the widest 95 % interval of a share, in percentage points; 0: everybody was read."""
        return 100 * Z95 / 2 / math.sqrt(max(1, self.read)) if self.is_sample else 0.0


@dataclass(frozen=True, slots=True)
class ValueShare:
    """One value: customers with it on both sides, of those of whom a value is known."""

    value: str
    ours: int
    theirs: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """A dimension on both sides. ``distance`` None: too few known."""

    dimension: Dimension
    values: Sequence[ValueShare]
    known: tuple[int, int]
    unknown: tuple[int, int]
    distance: float | None


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure on both sides: (customers with it, mean, median)."""

    number: Number
    ours: tuple[int, float | None, float | None]
    theirs: tuple[int, float | None, float | None]


@dataclass(frozen=True, slots=True)
class Portrait:
    """Both sides, the figures, the dimensions by distance."""

    ours: Side
    theirs: Side
    figures: Sequence[Figure]
    comparisons: Sequence[Comparison]


@dataclass(frozen=True, slots=True)
class _Members:
    """Ids of a side: SQL with its bound values; of how many customers it holds ``one_in``."""

    sql: str
    bound: Sequence[Any]
    one_in: int = 1


def compute(group: Group, other: Group | None) -> Portrait:
    """The group beside another, or beside every other known customer."""
    one_in = _one_in()
    mine = _members(group, one_in)
    theirs = None if other is None else _members(other, one_in)
    scales_of = (mine.one_in, one_in if theirs is None else theirs.one_in)
    wanted = [*all_dimensions(), *LISTS.values()]
    sides, bound = _sides(mine, theirs, one_in)
    text = statement("portrait").format(
        sides=sides,
        most=MOST_READ,
        numbers=", ".join(f"({number.expression})::float8" for number in NUMBERS),
        values=", ".join(f"({one.expression})::text" for one in wanted),
        figures=", ".join(
            f"count(numbers[{n}]), avg(numbers[{n}]),"
            f" percentile_cont(0.5) WITHIN GROUP (ORDER BY numbers[{n}])"
            for n in range(1, len(NUMBERS) + 1)
        ),
    )
    scales = [number for number, one in enumerate(wanted, start=1) if one.order]
    lists = [number for number, one in enumerate(wanted, start=1) if one.many]
    values = [value for one in wanted for value in one.parameters]
    rows = fetch(text, [*bound, *values, lists, lists, scales, MOST_VALUES])
    sizes = {side: counts for side, dimension, _value, counts, _figures in rows if dimension is None}
    read = {side: figures for side, dimension, _value, _counts, figures in rows if dimension is None}
    ours, others = (_side(sizes.get(side, (0, 0, 0)), scales_of[side]) for side in (0, 1))
    figures = [
        Figure(number, _figure(read.get(0), place), _figure(read.get(1), place))
        for place, number in enumerate(NUMBERS)
    ]
    return Portrait(ours, others, figures, _comparisons(wanted, rows, (ours.read, others.read)))


def sizes(group: Group, other: Group | None) -> tuple[Side, Side]:
    """How many both sides hold, counted, and how many of them refuse profiling; nobody is read."""
    ours, known = _counted(group)
    if other is not None:
        return ours, _counted(other)[0]
    # Everyone else: all known customers but the known ones of the group.
    ((customers, refused),) = fetch(f"SELECT count(*), {_REFUSED} FROM users_customer WHERE {_KNOWN}")
    return ours, Side(customers - known.customers, refused - known.refused, 0)


_REFUSED = "count(*) FILTER (WHERE no_profiling)"
_KNOWN = "erased_at IS NULL AND identified"


def _counted(group: Group) -> tuple[Side, Side]:
    """A group's size, and that of the known ones among it."""
    text, bound = _query(group)
    ((customers, refused, known, known_refused),) = fetch(
        f"SELECT count(*), {_REFUSED}, count(*) FILTER (WHERE identified),"
        " count(*) FILTER (WHERE no_profiling AND identified)"
        f" FROM users_customer WHERE erased_at IS NULL AND id IN ({text})",
        bound,
    )
    return Side(customers, refused, 0), Side(known, known_refused, 0)


def _side(told: Sequence[int], one_in: int) -> Side:
    customers, refused, read = told
    return Side(customers * one_in, refused * one_in, read, one_in)


def _one_in() -> int:
    """One customer in how many the sample holds: everybody where the shop is small."""
    return max(1, stored.rows_about("users_customer") // DRAWN)


def _members(group: Group, one_in: int) -> _Members:
    """Whom a group holds, if those are few; else those of the sample whom it holds."""
    if one_in == 1:
        return _Members(*_ids(group))
    text, bound = _query(group)
    some = fetch(f"SELECT id FROM ({text}) AS found (id) LIMIT %s", [*bound, WHOLE + 1])
    if len(some) <= WHOLE:
        return _Members("SELECT DISTINCT unnest(%s::bigint[])", [[pk for (pk,) in some]])
    return _Members(f"SELECT drawn.id FROM drawn WHERE drawn.id IN ({text})", bound, one_in)


def _sides(mine: _Members, theirs: _Members | None, one_in: int) -> tuple[str, list[Any]]:
    """The common table ``side`` (id, side: 0 ours, 1 theirs, no_profiling), and its bound values."""
    drawn = statement("portrait_drawn").format(one_in=one_in)
    if theirs is None:
        return drawn + statement("portrait_others").format(mine=mine.sql), [*mine.bound]
    two = statement("portrait_two").format(mine=mine.sql, theirs=theirs.sql)
    return drawn + two, [*mine.bound, *theirs.bound]


def _query(group: Group) -> tuple[str, tuple[Any, ...]]:
    """The statement of a group's ids, and its values."""
    found = group.customers
    return (found.sql, tuple(found.params)) if isinstance(found, RawSQL) else found.query.sql_with_params()


def _ids(group: Group) -> tuple[str, list[Any]]:
    """The ids of a group, each once, whoever is erased among them."""
    text, bound = _query(group)
    return f"SELECT DISTINCT * FROM ({text}) AS everybody", list(bound)


def _figure(told: Sequence[float | None] | None, place: int) -> tuple[int, float | None, float | None]:
    """Customers with the number at a place, mean and median, from a side's three per number."""
    count, mean, median = told[3 * place : 3 * place + 3] if told else (0, None, None)
    return int(count or 0), mean, median


def _comparisons(
    wanted: Sequence[Dimension], rows: Sequence[tuple[Any, ...]], read: tuple[int, int]
) -> list[Comparison]:
    """Every dimension, most different first, those with too few known last."""
    found: dict[int, list[tuple[str | None, int, int]]] = defaultdict(list)
    for _side, number, value, counts, _figures in rows:
        if number is not None:
            found[number].append((value, *counts))
    compared = [
        compare(one, found[number], read) for number, one in enumerate(wanted, start=1) if number in found
    ]
    return sorted(compared, key=lambda one: (one.distance is None, -(one.distance or 0), one.dimension.name))


def compare(
    dimension: Dimension, counted: Sequence[tuple[str | None, int, int]], read: tuple[int, int]
) -> Comparison:
    """One dimension from its counts (value, ours, theirs) of so many read on either side."""
    values = [ValueShare(value, ours, theirs) for value, ours, theirs in counted if value is not None]
    named = (sum(one.ours for one in values), sum(one.theirs for one in values))
    unknown = (
        sum(ours for value, ours, _t in counted if value is None),
        sum(theirs for value, _o, theirs in counted if value is None),
    )
    known = (read[0] - unknown[0], read[1] - unknown[1])
    if dimension.order:
        rank = {value: position for position, value in enumerate(dimension.order)}
        values.sort(key=lambda one: rank.get(one.value, len(rank)))
    else:
        values.sort(key=lambda one: (one.value == OTHER, -one.ours / max(known[0], 1), one.value))
    if dimension.many:  # what is summed up as "other" counts nobody once
        values = [one for one in values if one.value != OTHER]
    return Comparison(dimension, values, known, unknown, distance(values, named))


def distance(values: Sequence[ValueShare], known: tuple[int, int]) -> float | None:
    """Cramér's V of two groups weighted alike, less its expectation by chance; None under ``FEWEST`` known."""
    if min(known) < FEWEST:
        return None
    square = 0.0
    for one in values:
        ours, theirs = one.ours / known[0], one.theirs / known[1]
        square += (ours - theirs) ** 2 / (2 * (ours + theirs))
    chance = (len(values) - 1) / 4 * (1 / known[0] + 1 / known[1])
    return math.sqrt(max(0.0, square - chance))
