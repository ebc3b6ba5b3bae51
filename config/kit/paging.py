"""Next and previous through tables of millions: by the last row seen, never by counting or skipping."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.utils.dateparse import parse_date, parse_datetime

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins: after (or before) the row with these values of the ordering."""

    values: tuple[Any, ...]
    backwards: bool = False

    def encode(self) -> str:
        """The cursor as it stands in the URL."""
        text = json.dumps([self.backwards, *map(_plain, self.values)])
        return urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str, length: int) -> "Cursor | None":
        """The cursor of a URL with ``length`` values, or None when it makes no sense."""
        try:
            backwards, *values = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        except (Base64Error, ValueError, TypeError):
            return None
        if len(values) != length or not all(map(_is_plain, values)):
            return None
        try:
            return cls(tuple(map(_rich, values)), bool(backwards))
        except ValueError:  # no such day
            return None


@dataclass(frozen=True, slots=True)
class PageOf(Generic[M]):
    """One page of rows with the cursors of its neighbours ("" where there is none)."""

    rows: list[M]
    next: str
    previous: str


def page(queryset: "QuerySet[M]", order: Sequence[str], cursor: str = "", size: int = 50) -> PageOf[M]:
    """The page of ``queryset`` at ``cursor`` in the given order.

    ``order`` names fields (``-`` for descending, one direction for all) that are never null and together
    unique, backed by an index. A cursor that makes no sense begins at the first page.
    """
    names = [name.lstrip("-") for name in order]
    here = Cursor.decode(cursor, len(names)) if cursor else None
    backwards = here is not None and here.backwards
    descending = order[0].startswith("-") != backwards
    if here is not None:
        try:
            queryset = queryset.filter(_beyond(names, here.values, descending=descending))
        except (ValueError, ValidationError):  # values of another table's types
            return page(queryset, order, "", size)
    found = list(queryset.order_by(*(f"-{n}" if descending else n for n in names))[: size + 1])
    more, rows = len(found) > size, found[:size]
    if backwards:
        rows.reverse()
    has_next, has_previous = (bool(rows), more) if backwards else (more, here is not None and bool(rows))
    return PageOf(
        rows,
        next=Cursor(_values(rows[-1], names)).encode() if has_next else "",
        previous=Cursor(_values(rows[0], names), backwards=True).encode() if has_previous else "",
    )


def _beyond(names: Sequence[str], values: Sequence[Any], *, descending: bool) -> Q:
    """Rows strictly after ``values`` in the order, as a chain of "equal so far, then beyond"."""
    comparison = "lt" if descending else "gt"
    condition = Q()
    for position, name in enumerate(names):
        so_far = {n: v for n, v in zip(names[:position], values[:position], strict=True)}
        condition |= Q(**so_far, **{f"{name}__{comparison}": values[position]})
    # The bound on the first field alone lets the index begin at the right place.
    return Q(**{f"{names[0]}__{comparison}e": values[0]}) & condition


def _values(row: Model, names: Sequence[str]) -> tuple[Any, ...]:
    return tuple(_reach(row, name) for name in names)


def _reach(row: Any, path: str) -> Any:
    for part in path.split("__"):
        row = getattr(row, part)
    return row


def _is_plain(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" not in value
    return isinstance(value, int) or (
        isinstance(value, list) and len(value) == 2 and isinstance(value[1], str)
    )


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return ["t", value.isoformat()]
    if isinstance(value, date):
        return ["d", value.isoformat()]
    return str(value) if isinstance(value, UUID) else value


def _rich(value: Any) -> Any:
    if isinstance(value, list):
        return parse_date(value[1]) if value[0] == "d" else parse_datetime(value[1])
    return value
