"""Rows of a few customers, copied once, that every rule reads in the place of the table.

A rule says something of a customer from that customer's own rows, so a copy that holds all of them gives the same
answer, whatever the window, the filters and the measure. What a copy does not hold is read where it always was.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import QuerySet
from django.db.models.sql.datastructures import BaseTable

Rows = TypeVar("Rows", bound="QuerySet[Any, Any]")


@dataclass(frozen=True)
class Copy:
    """``table`` holds the rows of ``of`` that bear one of ``names`` (those of events; else None) since an instant."""

    table: str
    of: str
    names: frozenset[str | None] = frozenset({None})
    since: datetime | None = None

    def holds(self, name: str | None, begins: datetime | None) -> bool:
        """Whether all rows of that name from ``begins`` on are in it."""
        return name in self.names and (self.since is None or (begins is not None and self.since <= begins))

    def in_place_of(self, rows: Rows) -> Rows:
        """The same rows, read from the copy."""
        found = rows.all()
        alias = found.query.get_initial_alias()
        assert alias is not None
        found.query.alias_map[alias] = _Copied(self.of, alias, self.table)
        return found

    def taken_back(self, sql: str) -> str:
        """The statement, asked of the table again; values are no part of it."""
        return sql.replace(f" {self.table} ", f" {self.of} ")


class _Copied(BaseTable):
    """In the FROM of a statement: the copy under the name of the table, so that all else in it stays as it is."""

    def __init__(self, table_name: str, alias: str | None, copy: str) -> None:
        super().__init__(table_name, alias)
        self.copy = copy

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return f"{self.copy} {compiler.quote_name_unless_alias(self.table_alias)}", []

    def relabeled_clone(self, change_map: Mapping[str | None, str]) -> "_Copied":
        return _Copied(self.table_name, change_map.get(self.table_alias, self.table_alias), self.copy)
