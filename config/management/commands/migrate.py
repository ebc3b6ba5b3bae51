"""``manage.py migrate`` beside a shop that is open: it never makes others queue behind its wait for a lock.

A statement that changes a table waits for whoever reads it, and every later reader waits behind that statement. So it
gives up after half a second, lets them pass, and tries again.

An index that is made CONCURRENTLY is another matter: it waits for every transaction that began before it, and nobody
waits behind it. So it may wait as long as it takes; giving up would leave a half-made index behind. One that an
interrupted attempt has left is removed first.
"""

import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import CommandError
from django.core.management.commands import migrate
from django.db import OperationalError, connections
from psycopg2.errors import LockNotAvailable

LOCK_TIMEOUT_MS = 500
PATIENCE = 300.0
"""Seconds after which it says that somebody reads for too long."""
MAKES_INDEX = re.compile(r'CREATE (UNIQUE )?INDEX CONCURRENTLY "(?P<name>\w+)"')
HALF_MADE = "SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(quote_ident(%s)) AND NOT indisvalid"

Execute = Callable[[Any, Any, bool, dict[str, Any]], Any]


class Command(migrate.Command):
    """Django's, with a short wait for locks that is repeated. What was applied before stays applied."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate; begin again where a lock was not to be had in time."""
        until = time.monotonic() + PATIENCE
        database = options["database"]
        with _limits(database), connections[database].execute_wrapper(_patiently):
            while not self._tried(*args, **options):
                if time.monotonic() > until:
                    raise CommandError("A table is being read for too long; run migrate again later.")
                self.stdout.write("A table is in use; trying again.")
                time.sleep(random.uniform(0.3, 1.0))

    def _tried(self, *args: Any, **options: Any) -> bool:
        try:
            super().handle(*args, **options)
        except OperationalError as problem:
            if isinstance(problem.__cause__, LockNotAvailable):
                return False
            raise
        return True


def _patiently(execute: Execute, sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """Run a statement; one that makes an index CONCURRENTLY without a limit to its waiting."""
    told = MAKES_INDEX.match(str(sql))
    if told is None:
        return execute(sql, params, many, context)
    cursor = context["connection"].connection.cursor()  # PostgreSQL's own, past this function
    cursor.execute("SET lock_timeout = 0")
    try:
        cursor.execute(HALF_MADE, [told["name"]])
        if cursor.fetchone():
            cursor.execute(f'DROP INDEX CONCURRENTLY "{told["name"]}"')
        return execute(sql, params, many, context)
    finally:
        cursor.execute(f"SET lock_timeout = {LOCK_TIMEOUT_MS}")
        cursor.close()


@contextmanager
def _limits(database: str) -> Iterator[None]:
    """A short wait for locks, and no limit for a statement that fills a column of a large table."""
    with connections[database].cursor() as cursor:
        cursor.execute(f"SET lock_timeout = {LOCK_TIMEOUT_MS}; SET statement_timeout = 0")
    try:
        yield
    finally:
        with connections[database].cursor() as cursor:
            cursor.execute("RESET lock_timeout; RESET statement_timeout")
