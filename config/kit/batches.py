"""Set-wise work: slices of long lists, COPY into tables, temporary tables."""

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from django.db import connection

T = TypeVar("T")


def slices(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Consecutive lists of at most ``size`` items; reads the iterable once and holds one slice."""
    iterator = iter(items)
    while part := list(islice(iterator, size)):
        yield part


def copy_rows(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """COPY ``rows`` into ``table`` inside the current transaction; the number of rows copied.

    Values may be None, bool, numbers, str, date or datetime; JSON is passed as its text. ``table`` and
    ``columns`` are names from code, never from input.
    """
    return copy_lines(table, columns, map(as_line, rows))


def as_line(row: Iterable[Any]) -> str:
    """Values as a line that COPY reads, without its end."""
    writers = _WRITERS
    return "\t".join([writers.get(type(value), _text)(value) for value in row])


def copy_lines(table: str, columns: Sequence[str], lines: Iterable[str]) -> int:
    """COPY rows that are lines already (``as_line``) into ``table``; how many."""
    buffer = io.StringIO()
    count = 0
    for line in lines:
        buffer.write(line)
        buffer.write("\n")
        count += 1
    if count:
        buffer.seek(0)
        with connection.cursor() as cursor, connection.wrap_database_errors:
            names = ", ".join(f'"{column}"' for column in columns)
            cursor.copy_expert(f'COPY "{table}" ({names}) FROM STDIN', buffer)
    return count


def temporary_table(name: str, columns: str) -> None:
    """Create an empty temporary table that goes with the transaction (replacing one of that name).

    Texts of a known length are better said as such: a table whose rows always fit a page gets no table and index for
    longer ones beside it, which are two thirds of the cost of making it and of taking it away again.
    """
    with connection.cursor() as cursor:
        cursor.execute(f'DROP TABLE IF EXISTS pg_temp."{name}"')
        cursor.execute(f'CREATE TEMPORARY TABLE "{name}" ({columns}) ON COMMIT DROP')


def execute(statement: str, parameters: Sequence[Any] | dict[str, Any] | None = None) -> int:
    """Run one statement; the number of rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


def fetch(statement: str, parameters: Sequence[Any] | dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    """Run one statement and fetch all its rows; for results that are known to be small."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


def fetch_numbers(
    statement: str, parameters: Sequence[Any] | dict[str, Any] | None, *, columns: int
) -> npt.NDArray[np.int64]:
    """The rows of a SELECT of ``columns`` bigints, none of them null, as an array of one column each.

    For results of hundreds of thousands of rows: they come as bytes and never become Python objects.
    """
    buffer = io.BytesIO()
    with connection.cursor() as cursor, connection.wrap_database_errors:
        query = cursor.mogrify(statement, parameters).decode()
        cursor.copy_expert(f"COPY ({query}) TO STDOUT (FORMAT binary)", buffer)
    fields = [part for n in range(columns) for part in ((f"length_{n}", ">i4"), (f"value_{n}", ">i8"))]
    row = np.dtype([("fields", ">i2"), *fields])
    # A head of 19 bytes, the rows, a tail of two (PostgreSQL manual, COPY, binary format).
    found = np.frombuffer(buffer.getbuffer()[19:-2], dtype=row)
    if len(found) and not all((found[f"length_{n}"] == 8).all() for n in range(columns)):
        raise ValueError("every column must be a bigint without nulls")
    return np.stack([found[f"value_{n}"].astype(np.int64) for n in range(columns)])


def _escaped(value: str) -> str:
    """What a terminal can show needs no escape, but for the sign that makes one: nearly every text.

    Four passes over a long text take a hundredth of what str.translate takes.
    """
    if value.isprintable() and "\\" not in value:
        return value
    return value.replace("\\", r"\\").replace("\t", r"\t").replace("\n", r"\n").replace("\r", r"\r")


_WRITERS: dict[type, Callable[[Any], str]] = {
    str: _escaped,
    int: int.__str__,
    bool: lambda value: "t" if value else "f",
    type(None): lambda _none: r"\N",
    datetime: datetime.isoformat,
    date: date.isoformat,
    Decimal: Decimal.__str__,
}


def _text(value: Any) -> str:
    """Values of other classes: those of which theirs is one, as enumerations are texts."""
    if isinstance(value, str):
        return _escaped(value)
    return value.isoformat() if isinstance(value, date) else str(value)
