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

from django.db.models.expressions import RawSQL
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from config.kit.batches import fetch
from users.dimensions import AGE, SILENT, Dimension, all_dimensions
from users.groups import Group
from users.reports.cohorts import OTHER
from users.reports.sql import statement

FEWEST = 30
MOST_VALUES = 12
MOST_READ = 10_000
"""Customers of a side that are read; of a larger side a random part (by a hash of the id): shares to one point."""


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


def compute(group: Group, other: Group | None) -> Portrait:
    """The group beside another, or beside every other known customer; in one statement."""
    sides, bound = _sides(group, other)
    wanted = all_dimensions()
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
    values = [value for one in wanted for value in one.parameters]
    rows = fetch(text, [*bound, *values, scales, MOST_VALUES])
    sizes = {side: counts for side, dimension, _value, counts, _figures in rows if dimension is None}
    read = {side: figures for side, dimension, _value, _counts, figures in rows if dimension is None}
    ours, theirs = (Side(*sizes.get(side, (0, 0, 0))) for side in (0, 1))
    figures = [
        Figure(number, _figure(read.get(0), place), _figure(read.get(1), place))
        for place, number in enumerate(NUMBERS)
    ]
    return Portrait(ours, theirs, figures, _comparisons(wanted, rows))


def _sides(group: Group, other: Group | None) -> tuple[str, list[Any]]:
    """The common table ``side`` (id, side: 0 ours, 1 theirs, no_profiling), and its bound values."""
    mine, bound = _ids(group)
    if other is None:
        return statement("portrait_others").format(mine=mine), [*bound]
    theirs, more = _ids(other)
    return statement("portrait_two").format(mine=mine, theirs=theirs), [*bound, *more]


def _ids(group: Group) -> tuple[str, list[Any]]:
    """The ids of a group, each once, whoever is erased among them."""
    found = group.customers
    text, bound = (found.sql, found.params) if isinstance(found, RawSQL) else found.query.sql_with_params()
    return f"SELECT DISTINCT * FROM ({text}) AS everybody", list(bound)


def _figure(told: Sequence[float | None] | None, place: int) -> tuple[int, float | None, float | None]:
    """Customers with the number at a place, mean and median, from a side's three per number."""
    count, mean, median = told[3 * place : 3 * place + 3] if told else (0, None, None)
    return int(count or 0), mean, median


def _comparisons(wanted: Sequence[Dimension], rows: Sequence[tuple[Any, ...]]) -> list[Comparison]:
    """Every dimension, most different first, those with too few known last."""
    found: dict[int, list[tuple[str | None, int, int]]] = defaultdict(list)
    for _side, number, value, counts, _figures in rows:
        if number is not None:
            found[number].append((value, *counts))
    compared = [compare(one, found[number]) for number, one in enumerate(wanted, start=1) if number in found]
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
