"""Figures that several rules ask for: looked up once, in a table that each of them reads.

Two conditions ask for the same figures when they differ in nothing but the bounds: "viewed Jazz in the last 30 days"
is one scan, whether a rule wants it once, three times, at most twice or not at all.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.db.models.expressions import RawSQL

from segments.registry import Rows
from segments.rules.as_of import AsOf


@dataclass(frozen=True)
class Scan:
    """``key``: what is looked up, equal for all that may share it. ``rows``: one per customer, with the figures."""

    key: str
    rows: Callable[[AsOf], Rows]


def among_table(table: str, hold: str, bounds: list[Any]) -> Q:
    """The customer's figures in the table hold; who is not in it, or whose figure is not known, is not among them."""
    return Q(pk__in=RawSQL(f"SELECT customer_id FROM {table} WHERE {hold}", bounds))
