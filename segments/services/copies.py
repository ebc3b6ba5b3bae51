"""What a refresh reads of the customers it looks at, copied once for all segments that ask of it.

Fifty segments that look at the same thousand customers read the same rows fifty times, each from another page of large
tables. They read them from tables of the session instead, which every commit empties (docs/adr/0014).
"""

import time
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from functools import partial, reduce
from operator import or_

from django.db.models import Model
from django.db.models.expressions import RawSQL

from config.kit.batches import execute, fetch
from segments import registry
from segments.models import ChangeCause
from segments.registry import Rows, Source
from segments.rules.as_of import AsOf
from segments.rules.copies import Copy
from segments.rules.tree import CUSTOMERS
from segments.services.affected import COUNTED_FROM, Looked, ids
from segments.services.looking import done_by
from users.models import Customer

# A customer is copied whom at least so many segments look at for another reason than time. Those whom time carried over
# an edge are often many, looked at by one or two, and who is carried over many edges has ten thousand times the events
# of others: two of a thousand brought fourteen of fifteen copied rows (docs/adr/0015).
ASKED_FROM = 10
# A source is copied of which at least so many of the segments ask.
SHARED_FROM = 3
# For all copies together; what is not there by then is read where it always was.
SECONDS = 8.0


def copy_what_is_shared(looked: Sequence[Looked], now: AsOf, *, most: int) -> AsOf | None:
    """Copy the customers of ``affected`` whom enough segments have to look at; the question that reads the copies.

    None where there is nobody to copy, or where they are more than ``most``.
    """
    if len(looked) < ASKED_FROM:
        return None
    ends, copied = time.monotonic() + SECONDS, list[int]()
    segments = [one.segment.pk for one in looked]
    if not done_by(ends, lambda: copied.append(_copy_customers(segments, most))):
        return None
    if not 0 < copied[0] <= most:
        return None
    copies = {CUSTOMERS: Copy(_table(CUSTOMERS), Customer._meta.db_table)}
    for source, copy in _happenings(looked, now):
        if done_by(ends, partial(_copy_rows, source, copy, now)):
            copies[source.name] = copy
    return now.reading_copies(copies)


def _happenings(looked: Sequence[Looked], now: AsOf) -> Iterable[tuple[Source, Copy]]:
    """What enough segments ask of a source, in the longest of their windows. What is asked since ever is left out."""
    asked = dict[str, list[tuple[int, str | None, datetime]]]()
    for one in looked:
        for condition in one.rule.root.conditions():
            for happening, begins in condition.happenings(now):
                if begins is not None and happening.source.copied:
                    question = (one.segment.pk, happening.event, begins)
                    asked.setdefault(happening.source.name, []).append(question)
    for name, questions in asked.items():
        if len({segment for segment, _event, _begins in questions}) >= SHARED_FROM:
            source = registry.sources[name]
            events = frozenset(event for _segment, event, _begins in questions)
            since = min(begins for _segment, _event, begins in questions)
            yield source, Copy(_table(name), _rows(source, events, now).model._meta.db_table, events, since)


def _copy_customers(segments: list[int], most: int) -> int:
    """How many they are; one more than ``most`` at the most."""
    columns = [field.column for field in Customer._meta.concrete_fields]
    table = _empty(CUSTOMERS, Customer, columns, key="id")
    copied = execute(
        f"""
        INSERT INTO {table} ({", ".join(columns)}) SELECT {", ".join(columns)} FROM users_customer WHERE id IN (
            SELECT customer_id FROM affected WHERE segment_id = ANY(%s) AND cause <> %s
            GROUP BY customer_id HAVING count(*) >= %s LIMIT %s
        )
        """,
        [segments, ChangeCause.CLOCK.value, ASKED_FROM, most + 1],
    )
    _tell_the_planner(table)
    return copied


def _copy_rows(source: Source, copy: Copy, now: AsOf) -> None:
    """Customer by customer, in their order: OFFSET 0 keeps the planner from reading what happened to everybody."""
    rows = _rows(source, copy.names, now)
    fields = ["customer", source.time, *source.copied]
    columns = [rows.model._meta.get_field(field).column for field in fields]
    table = _empty(source.name, rows.model, columns, key=f"customer_id, {source.time}")
    of_one = rows.filter(customer_id=RawSQL("few.id", []), **{f"{source.time}__gte": copy.since}).values(
        *fields
    )
    sql, parameters = ids(of_one)
    execute(
        f"""
        INSERT INTO {table} ({", ".join(columns)})
        SELECT happened.* FROM (SELECT id FROM {_table(CUSTOMERS)} ORDER BY id) AS few
        CROSS JOIN LATERAL ({sql} OFFSET 0) AS happened
        """,
        parameters,
    )
    _tell_the_planner(table)


def _rows(source: Source, names: Collection[str | None], now: AsOf) -> Rows:
    return reduce(or_, (source.rows(now, name) for name in sorted(names, key=str)))


def _table(name: str) -> str:
    return f"few_{name}"


def _empty(name: str, model: type[Model], columns: list[str], *, key: str) -> str:
    """An empty table of the session with these columns of the model's; made once, emptied by every commit."""
    table = _table(name)
    execute(
        f"""
        CREATE TEMPORARY TABLE IF NOT EXISTS {table} ON COMMIT DELETE ROWS AS
        SELECT {", ".join(columns)} FROM {model._meta.db_table} WITH NO DATA;
        CREATE INDEX IF NOT EXISTS {table}_key ON {table} ({key});
        DELETE FROM {table}
        """
    )
    return table


def _tell_the_planner(table: str) -> None:
    ((many,),) = fetch(f"SELECT count(*) >= %s FROM {table}", [COUNTED_FROM])
    if many:
        execute(f"ANALYZE {table}")
