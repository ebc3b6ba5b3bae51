"""``manage.py migrate`` beside others: an index made CONCURRENTLY waits for them; half-made ones are removed."""

import threading
from collections.abc import Iterator

import psycopg2
import pytest
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from config.management.commands.migrate import LOCK_TIMEOUT_MS, _patiently

pytestmark = pytest.mark.django_db
INDEX = 'CREATE INDEX CONCURRENTLY "half_made" ON made_beside (id)'


@pytest.fixture
def outside() -> Iterator[BaseDatabaseWrapper]:
    """A connection beside the test's own transaction, with a table of its own."""
    beside = connection.copy()
    with beside.cursor() as cursor:
        cursor.execute("CREATE TABLE made_beside (id int)")
        cursor.execute(f"SET lock_timeout = {LOCK_TIMEOUT_MS}")
    try:
        yield beside
    finally:
        with beside.cursor() as cursor:
            cursor.execute("DROP TABLE made_beside")
        beside.close()


def _valid(beside: BaseDatabaseWrapper) -> list[tuple[bool]]:
    with beside.cursor() as cursor:
        cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('half_made')")
        return list(cursor.fetchall())


@pytest.fixture
def reader(outside: BaseDatabaseWrapper) -> Iterator[BaseDatabaseWrapper]:
    """Somebody whose one look at the database goes on, as a dump does."""
    beside = connection.copy()
    beside.set_autocommit(False)
    with beside.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("SELECT count(*) FROM made_beside")
    yield beside
    beside.close()


def test_an_index_waits_for_a_long_reader_and_replaces_what_was_left(
    outside: BaseDatabaseWrapper, reader: BaseDatabaseWrapper
) -> None:
    with outside.cursor() as cursor, pytest.raises(Exception) as told:  # as without the patience
        cursor.execute(INDEX)
    assert isinstance(told.value.__cause__, psycopg2.errors.LockNotAvailable)
    assert _valid(outside) == [(False,)]
    leaving = threading.Timer(3 * LOCK_TIMEOUT_MS / 1000, reader.connection.rollback)
    leaving.start()
    with outside.execute_wrapper(_patiently), outside.cursor() as cursor:
        cursor.execute(INDEX)
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("500ms",)
    leaving.join()
    assert _valid(outside) == [(True,)]
