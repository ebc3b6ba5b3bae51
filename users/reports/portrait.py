"""The portrait: a group of customers beside another, every dimension, the ones that differ most first.

How much a dimension differs is Cramér's V with both groups weighted alike, less what chance alone would bring: 0 means
alike, 1 that no value is shared. Values not known are left out of it and counted beside it; under ``FEWEST`` known
customers on a side it is not given. Customers who refuse profiling are left out and counted.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from config.kit.batches import execute, fetch, temporary_table
from users.dimensions import Dimension, all_dimensions
from users.groups import Group
from users.models import Customer
from users.reports.cohorts import OTHER
from users.reports.sql import statement

FEWEST = 30
MOST_VALUES = 12
MOST_READ = 30_000
"""Customers of a side that are read; of a larger side a random part (by a hash of the id)."""


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
    Number(
        _("Days since last activity"),
        "floor(extract(epoch FROM business_now() - standing.last_activity_at) / 86400)",
    ),
    Number(_("Age"), "extract(year FROM age(business_now(), customer.birthday))"),
)


@dataclass(frozen=True, slots=True)
class Side:
    """A group: how many it holds, how many of them refuse profiling, how many were read."""

    customers: int
    refused: int
    read: int

    @property
    def is_sample(self) -> bool:
        """Whether only a part was read."""
        return self.read < self.customers - self.refused


@dataclass(frozen=True, slots=True)
class ValueShare:
    """One value: customers with it on both sides, of those whose value is known."""

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


@transaction.atomic
def compute(group: Group, other: Group | None) -> Portrait:
    """The group beside another, or beside every other known customer."""
    sides, bound = _sides(group, other)
    counts = fetch(f"WITH {sides} {statement('portrait_sizes')}", bound)
    sizes = {side: (customers, refused) for side, customers, refused in counts}
    thousandths = [_part(*sizes.get(side, (0, 0))) for side in (0, 1)]
    temporary_table("portrait_part", "id bigint, side smallint")
    execute(statement("portrait_sample").format(*thousandths, sides=sides), bound)
    figures, read = _figures()
    ours, theirs = (Side(*sizes.get(side, (0, 0)), read[side]) for side in (0, 1))
    comparisons = _comparisons(read)
    return Portrait(ours, theirs, figures, comparisons)


def _sides(group: Group, other: Group | None) -> tuple[str, list[Any]]:
    """The common table ``side`` (id, side: 0 ours, 1 theirs, no_profiling), and its bound values."""
    mine, bound = _ids(group)
    if other is None:
        return statement("portrait_others").format(mine=mine), [*bound]
    theirs, more = _ids(other)
    return statement("portrait_two").format(mine=mine, theirs=theirs), [*bound, *more]


def _ids(group: Group) -> tuple[str, list[Any]]:
    query = Customer.objects.living().filter(pk__in=group.customers).values("pk").query
    text, bound = query.sql_with_params()
    return text, list(bound)


def _part(customers: int, refused: int) -> int:
    """How many thousandths of a side to read."""
    left = customers - refused
    return 1000 if left <= MOST_READ else max(1, math.ceil(MOST_READ / left * 1000))


def _figures() -> tuple[list[Figure], tuple[int, int]]:
    """Mean and median of every number, and how many customers were read on each side."""
    columns = ", ".join(
        f"count({number.expression}), avg({number.expression})::float8,"
        f" percentile_cont(0.5) WITHIN GROUP (ORDER BY ({number.expression})::float8)"
        for number in NUMBERS
    )
    rows = {row[0]: row[1:] for row in fetch(statement("portrait_figures").format(columns=columns))}
    none = (0, *(0, None, None) * len(NUMBERS))
    ours, theirs = rows.get(0, none), rows.get(1, none)
    figures = [
        Figure(number, tuple(ours[at : at + 3]), tuple(theirs[at : at + 3]))
        for number, at in zip(NUMBERS, range(1, 1 + 3 * len(NUMBERS), 3), strict=True)
    ]
    return figures, (ours[0], theirs[0])


def _comparisons(read: tuple[int, int]) -> list[Comparison]:
    """Every dimension, most different first, those with too few known last."""
    wanted = all_dimensions()
    told = ", ".join(f"(%s::text, ({one.expression})::text)" for one in wanted)
    values = [part for one in wanted for part in (one.name, *one.parameters)]
    scales = [one.name for one in wanted if one.order]
    most = [scales, MOST_VALUES]
    query = statement("portrait_values").format(told=told)
    found: dict[str, list[tuple[str | None, int, int]]] = defaultdict(list)
    for name, value, ours, theirs in fetch(query, [*values, max(read[0], 1), max(read[1], 1), *most]):
        found[name].append((value, int(ours), int(theirs)))
    compared = [compare(one, found[one.name]) for one in wanted if one.name in found]
    return sorted(compared, key=lambda one: (one.distance is None, -(one.distance or 0), one.dimension.name))


def compare(dimension: Dimension, counted: Sequence[tuple[str | None, int, int]]) -> Comparison:
    """One dimension from its counts (value, ours, theirs)."""
    values = [ValueShare(value, ours, theirs) for value, ours, theirs in counted if value is not None]
    known = (sum(one.ours for one in values), sum(one.theirs for one in values))
    unknown = (
        sum(ours for value, ours, _t in counted if value is None),
        sum(theirs for value, _o, theirs in counted if value is None),
    )
    if dimension.order:
        rank = {value: position for position, value in enumerate(dimension.order)}
        values.sort(key=lambda one: rank.get(one.value, len(rank)))
    else:
        values.sort(key=lambda one: (one.value == OTHER, -one.ours / max(known[0], 1), one.value))
    return Comparison(dimension, values, known, unknown, distance(values, known))


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
