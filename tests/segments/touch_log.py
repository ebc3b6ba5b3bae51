"""Who wrote what, and whom they touched, per transaction: row triggers on every table that a registered name reads."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.core.exceptions import EmptyResultSet
from django.db.models import Exists, Q

from config.kit.batches import execute, fetch
from segments import registry
from segments.registry import Collection, Field, Rows, Source
from segments.rules.as_of import AsOf
from tests.segments import probes
from users.models import Customer

Column = tuple[str, str]

NOTE = """
CREATE TABLE IF NOT EXISTS lent_written (tx bigint, name text, op text, columns text[], customer_id bigint, row jsonb);
CREATE TABLE IF NOT EXISTS lent_touched (tx bigint, customer_id bigint, topic text);
CREATE OR REPLACE FUNCTION lent_note_touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO lent_touched VALUES (txid_current(), NEW.customer_id, NEW.topic);
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION lent_note() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    old_row jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
    new_row jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
BEGIN
    INSERT INTO lent_written
    SELECT txid_current(), TG_TABLE_NAME, TG_OP,
           ARRAY(SELECT key FROM jsonb_each(coalesce(new_row, old_row))
                 WHERE old_row -> key IS DISTINCT FROM new_row -> key),
           who, coalesce(new_row, old_row)
    FROM (SELECT (new_row ->> TG_ARGV[0])::bigint AS who UNION SELECT (old_row ->> TG_ARGV[0])::bigint) AS both_rows
    WHERE who IS NOT NULL;
    RETURN NULL;
END $$;
"""
# Written and yet nothing changed: a row that says what its absence says.
AS_IF_ABSENT: dict[str, Callable[[str, dict[str, Any]], bool]] = {
    "growth_balance": lambda op, row: op == "INSERT" and not (row["pending"] or row["active"] or row["debt"]),
    "users_customervalue": lambda op, row: (
        op == "INSERT"
        and not any(value for name, value in row.items() if name != "customer_id" and value != "0")
    ),
    # Rules read what was settled; what waits or is under way is not there yet.
    "campaigns_delivery": lambda op, row: row["state"] in ("queued", "sending"),
    "campaigns_assignment": lambda op, row: op == "INSERT" and not row["held_out"],
}


@dataclass(frozen=True)
class Reading:
    """What a registered name, or a property of it, reads, and the topics of which one has to be touched."""

    name: str
    columns: frozenset[Column]
    topics: frozenset[str]

    @property
    def tables(self) -> set[str]:
        """Its tables."""
        return {table for table, _column in self.columns}


def columns_of(rows: Rows) -> set[Column]:
    """Tables and columns that a statement names; of an alias that stands for several tables, of all of them."""
    try:
        sql, _parameters = rows.query.sql_with_params()
    except EmptyResultSet:
        return set()
    names: dict[str, set[str]] = {}
    for table, alias in re.findall(r'(?:FROM|JOIN) "(\w+)"(?: (?!WHERE|INNER|LEFT|ON\b)"?(\w+)"?)?', sql):
        names.setdefault(alias or table, set()).add(table)
    return {
        (table, column)
        for name, column in re.findall(r'"?(\w+)"?\."(\w+)"', sql)
        for table in names.get(name, ())
    }


def of_field(field: Field, as_of: AsOf) -> set[Column]:
    """What the value of a field is made of."""
    known = field.kind.known(field.x_at(as_of))
    asked = Q(Exists(field.linked_rows().filter(known))) if field.rows is not None else known
    return columns_of(Customer.objects.filter(asked).values("pk"))


def of_property(field: Field, rows: Rows, as_of: AsOf) -> set[Column]:
    """What a property of what happened is made of."""
    known = field.kind.known(field.x_at(as_of))
    asked = Q(Exists(field.linked_rows().filter(known))) if field.rows is not None else known
    return columns_of(rows.filter(asked).values("customer_id"))


def readings(as_of: AsOf) -> list[Reading]:
    """Everything that is registered."""
    found = []
    for entry in (*registry.fields, *registry.collections, *registry.sources):
        if isinstance(entry, Field):
            topics = {entry.topic, *entry.also}
            found.append(_reading(f"field {entry.name}", of_field(entry, as_of), topics))
        elif isinstance(entry, Collection):
            asked = Customer.objects.filter(entry.has(probes.values_of(entry)[:2])).values("pk")
            found.append(_reading(f"collection {entry.name}", columns_of(asked), {entry.topic}))
        else:
            found += of_source(entry, as_of)
    return found


def of_source(source: Source, as_of: AsOf) -> list[Reading]:
    """A source and each of its properties; a property changes what the source says, so the source's topic counts."""
    rows = source.rows(as_of, "Product Viewed")
    base = columns_of(rows.filter(**{f"{source.time}__lt": as_of.now}).values("customer_id"))
    found = [_reading(f"source {source.name}", base, {source.topic})]
    for name, field in source.properties.items():
        columns = of_property(field, rows, as_of)
        found.append(_reading(f"property {source.name}.{name}", columns, {source.topic}))
    return found


def _reading(name: str, columns: set[Column], topics: set[Any]) -> Reading:
    return Reading(name, frozenset(columns), frozenset(str(topic.value) for topic in topics))


def customer_columns() -> dict[str, str]:
    """Tables with a customer, and the column that says which."""
    found = {}
    for model in apps.get_models():
        columns = {each.column for each in model._meta.concrete_fields}
        if model is Customer:
            found[model._meta.db_table] = "id"
        elif "customer_id" in columns:
            found[model._meta.db_table] = "customer_id"
    return found


def install(tables: set[str]) -> None:
    """Watch these tables until ``remove``."""
    execute(NOTE)
    execute("TRUNCATE lent_written, lent_touched")
    columns = customer_columns()
    execute(
        "CREATE TRIGGER lent_t AFTER INSERT ON users_touched FOR EACH ROW EXECUTE FUNCTION lent_note_touch()"
    )
    for table in sorted(tables & columns.keys()):
        execute(
            f"CREATE TRIGGER lent_w AFTER INSERT OR UPDATE OR DELETE ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION lent_note('{columns[table]}')"
        )


def remove() -> None:
    """Take the triggers off again."""
    execute("DROP FUNCTION lent_note() CASCADE")
    execute("DROP FUNCTION lent_note_touch() CASCADE")
    execute("DROP TABLE lent_written, lent_touched")


def forget() -> None:
    """What a test wrote itself to begin with is nobody's duty."""
    execute("TRUNCATE lent_written, lent_touched")


def untouched(found: list[Reading]) -> list[str]:
    """Writes since the last ``forget`` after which a living customer's answer could have changed unnoticed."""
    rows = fetch(
        """
        SELECT w.name, w.op, w.columns, w.customer_id, w.row::text,
               ARRAY(SELECT DISTINCT topic FROM lent_touched t WHERE t.tx = w.tx AND t.customer_id = w.customer_id)
        FROM lent_written w JOIN users_customer c ON c.id = w.customer_id AND c.erased_at IS NULL
        """
    )
    missing = set()
    for table, op, columns, _customer, row, topics in rows:
        if table in AS_IF_ABSENT and AS_IF_ABSENT[table](op, _json(row)):
            continue
        written = {(table, column) for column in columns}
        for reading in found:
            counts = reading.columns & written if op == "UPDATE" else table in reading.tables
            if counts and not (reading.topics | {"profile"}) & set(topics):
                missing.add(f"{reading.name}: {op} of {table} without a touch ({sorted(topics)})")
    return sorted(missing)


def written() -> set[Column]:
    """What was written since the last ``forget``, column by column."""
    return {
        (table, column)
        for table, columns in fetch("SELECT name, columns FROM lent_written")
        for column in columns
    }


def _json(text: str) -> dict[str, Any]:
    return dict(json.loads(text))
