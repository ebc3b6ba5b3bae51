"""The data of the benchmarks: one year of a shop, made by set-wise SQL from a seed, in time order.

S: 100,000 customers and 2 million events; L: ten times that. A size is made once as a base database; every
workload works on a fresh copy, with business time set to the end of the year that the data covers.
"""

import hashlib
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction

from config.kit import clock
from config.kit.batches import execute, fetch

SIZES = {"S": (100_000, 2_000_000), "L": (1_000_000, 20_000_000)}
SQL = Path(__file__).parent / "sql"
# Filled one after the other; each statement reads what the ones before it have written.
STATEMENTS = (
    "customers", "identities", "contact_points", "consents", "tags", "events", "customer_days", "orders",
    "order_lines", "standings",
)  # fmt: skip
BULK_TABLES = (
    "users_identity", "users_contactpoint", "users_consent", "users_customertag", "users_event",
    "users_customerday", "users_orderkey", "users_order", "users_orderline",
)  # fmt: skip


@contextmanager
def database(size: str) -> Iterator[None]:
    """Point Django at a fresh copy of that size's data; afterwards back to where it was."""
    copy = f"bench_{size.lower()}"
    _recreate(copy, template=_base(size))
    with _pointed_at(copy):
        yield


@contextmanager
def kept_database(size: str, name: str) -> Iterator[None]:
    """Point Django at a copy of that size's data that stays as it is left, while it is ``mark``ed as complete."""
    copy, base = f"bench_{name}_{size.lower()}", _base(size)
    if not _is_complete(copy):
        _recreate(copy, template=base)
    with _pointed_at(copy):
        yield


def mark() -> None:
    """Say of the database that is pointed at that it is complete, as its tables and the data are today."""
    execute(f"COMMENT ON DATABASE {connection.settings_dict['NAME']} IS '{_fingerprint()}'")


def is_marked() -> bool:
    """Whether the database that is pointed at is complete."""
    return _is_complete(str(connection.settings_dict["NAME"]))


def _base(size: str) -> str:
    base = f"base_{size.lower()}"
    if not _is_complete(base):
        _build(base, size)
    return base


@contextmanager
def _pointed_at(copy: str) -> Iterator[None]:
    """Django uses that database, with business time at the end of what it covers."""
    before = str(settings.DATABASES["default"]["NAME"])
    try:
        _use(copy)
        clock.set_offset(fetch("SELECT max(last_activity_at) - now() FROM users_standing")[0][0])
        yield
    finally:
        _use(before)


def _build(base: str, size: str) -> None:
    began = time.monotonic()
    _recreate(base)
    _use(base)
    call_command("migrate", verbosity=0, interactive=False)
    _fill(*SIZES[size])
    _use("postgres")
    _outside(f"COMMENT ON DATABASE {base} IS '{_fingerprint()}'")
    sys.stdout.write(f"Made the data of size {size} in {time.monotonic() - began:.0f} s.\n")


def _fill(customers: int, events: int) -> None:
    """Run the statements with the indexes of the big tables away, in one transaction."""
    numbers = {"customers": customers, "events": events}
    with transaction.atomic():
        execute("SET LOCAL synchronous_commit = off")
        execute("SET LOCAL work_mem = '512MB'")
        execute("SET LOCAL max_parallel_workers_per_gather = 0")
        execute("SELECT setseed(0.42)")
        rebuild = [statement for table in BULK_TABLES for statement in _drop_indexes(table)]
        for name in STATEMENTS:
            execute((SQL / f"{name}.sql").read_text(), numbers)
        execute("SET CONSTRAINTS ALL IMMEDIATE")
        execute("SET LOCAL maintenance_work_mem = '1GB'")
        for statement in rebuild:
            execute(statement)
        execute("SELECT setval(pg_get_serial_sequence('users_customer', 'id'), %(customers)s)", numbers)
    connection.set_autocommit(True)
    execute("VACUUM (ANALYZE)")


def _drop_indexes(table: str) -> list[str]:
    """Drop a table's primary key and indexes; the statements that put them back."""
    keys = fetch(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conrelid = %s::regclass AND contype IN ('p', 'u')",
        [table],
    )
    plain = fetch(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s AND indexname NOT IN"
        " (SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass)",
        [table, table],
    )
    for name, _ in keys:
        execute(f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"')
    for name, _ in plain:
        execute(f'DROP INDEX "{name}"')
    put_back = [f'ALTER TABLE "{table}" ADD CONSTRAINT "{name}" {definition}' for name, definition in keys]
    return put_back + [definition for _, definition in plain]


def _fingerprint() -> str:
    """Changes when the data would be made otherwise, or the tables have changed."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for path in [*sorted(SQL.glob("*.sql")), *sorted(settings.BASE_DIR.glob("*/migrations/*.py"))]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _is_complete(base: str) -> bool:
    rows = fetch("SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [base])
    return bool(rows) and rows[0][0] == _fingerprint()


def _recreate(name: str, template: str = "template0") -> None:
    _outside(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    _outside(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")


def _outside(statement: str) -> None:
    """Run a statement about databases from one that it is not about."""
    here = connection.settings_dict["NAME"]
    _use("postgres")
    execute(statement)
    _use(str(here))


def _use(name: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = name
