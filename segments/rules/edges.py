"""What time alone carried over an edge of a condition, and which way that can have turned its answer.

A row that leaves "at least twice in the last 30 days" can end a membership and begin none. Whoever was in line with the
rule before, was touched by nobody, and had nothing carried over an edge but what could only keep the answer as it is,
has that answer still: so of those at such an edge a refresh looks at members only, or at all but members.

``turned`` is a promise of the condition, row by row: the answer follows from a set of rows, and one row that goes into
the set (or out of it) can only make true, or only make false. A row that does both within one refresh lies in both
stretches, so its customer is looked at whatever the answer was.
"""

from dataclasses import dataclass, replace
from typing import Any

from django.db.models import QuerySet


@dataclass(frozen=True)
class Edge:
    """``customers``: a query of ids. ``turned``: what the answer can only have become for them; None: either."""

    customers: QuerySet[Any, Any]
    turned: bool | None = None

    def denied(self) -> "Edge":
        """The same edge of the opposite question."""
        return self if self.turned is None else replace(self, turned=not self.turned)
