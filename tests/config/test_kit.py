"""The shared kit: registries, batches, locks, the clock."""

import gc
import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection, connections, transaction
from pytest_django import DjangoAssertNumQueries

from config.kit import clock
from config.kit.batches import copy_rows, fetch, slices, temporary_table
from config.kit.collector import collector_paused
from config.kit.locks import Lock, lock_for_transaction, session_lock, try_lock_for_transaction
from config.kit.registry import Registry


def test_a_name_is_registered_once() -> None:
    fruit: Registry[list[int]] = Registry("fruit")
    apple = fruit.register("apple", [1])
    assert fruit.register("apple", apple) is apple
    with pytest.raises(ValueError, match="fruit 'apple' is registered twice"):
        fruit.register("apple", [2])
    assert (fruit.names(), list(fruit), len(fruit), "apple" in fruit) == (["apple"], [apple], 1, True)
    assert fruit.get("pear") is None
    with pytest.raises(KeyError, match="no fruit is called 'pear'"):
        fruit["pear"]


def test_the_collector_rests_while_it_is_paused_and_goes_on_whatever_happens() -> None:
    was_on = gc.isenabled()
    with pytest.raises(KeyError), collector_paused():
        with collector_paused():
            pass
        assert not gc.isenabled()
        raise KeyError
    assert gc.isenabled() is was_on


def test_slices_cover_everything_in_order() -> None:
    assert list(slices(range(7), 3)) == [[0, 1, 2], [3, 4, 5], [6]]
    assert list(slices([], 3)) == []


@pytest.mark.django_db
def test_copy_keeps_every_character() -> None:
    texts = ["plain", "tab\there", "line\nbreak\r", "back\\slash", r"\N", "", "回头客", "'; DROP TABLE x --"]
    instant = datetime(2026, 2, 28, 23, 59, tzinfo=UTC)
    temporary_table("sample", "n int, t text, b boolean, at timestamptz, d date")
    rows = [(n, text, n % 2 == 0, instant, date(2024, 2, 29)) for n, text in enumerate(texts)]
    assert copy_rows("sample", ("n", "t", "b", "at", "d"), [*rows, (99, None, None, None, None)]) == 9
    assert fetch("SELECT * FROM sample ORDER BY n") == [*rows, (99, None, None, None, None)]
    assert copy_rows("sample", ("n",), []) == 0


@pytest.mark.django_db(transaction=True)
def test_counted_time_asks_the_database_once_a_second_and_is_never_ahead(
    django_assert_num_queries: DjangoAssertNumQueries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "_told", None)
    with django_assert_num_queries(1):
        instants = [clock.counted_now() for _ in range(100)]
    assert instants == sorted(instants)
    assert timedelta() <= clock.now() - instants[-1] < timedelta(seconds=1)
    asked, told = clock._told or (0.0, clock.now())
    monkeypatch.setattr(clock, "_told", (asked - clock.COUNTED_SECONDS, told))
    with django_assert_num_queries(1):
        counted = clock.counted_now()
    assert timedelta() <= clock.now() - counted < timedelta(seconds=1)


@pytest.mark.django_db(transaction=True)
def test_business_time_moves_and_lease_time_does_not() -> None:
    clock.counted_now()
    clock.set_offset(timedelta(days=-3))
    counted = clock.counted_now()
    assert timedelta() <= clock.now() - counted < timedelta(seconds=1)
    clock.set_offset(timedelta(days=2))
    counted = clock.counted_now()
    assert timedelta() <= clock.now() - counted < timedelta(seconds=1)
    clock.set_offset(timedelta())
    assert abs(clock.counted_now() - clock.lease_now()) < timedelta(seconds=1)
    clock.set_offset(timedelta(days=400))
    ahead = clock.now() - clock.lease_now()
    assert timedelta(days=400) - timedelta(seconds=5) < ahead < timedelta(days=400)
    clock.set_offset(timedelta())
    assert abs(clock.now() - clock.lease_now()) < timedelta(seconds=5)


@pytest.mark.django_db(transaction=True)
def test_a_lock_is_held_by_one_transaction_at_a_time() -> None:
    seen: list[bool] = []

    def other() -> None:
        with transaction.atomic():
            seen.append(try_lock_for_transaction(Lock.DEMO))
            seen.append(try_lock_for_transaction(Lock.LIFECYCLE_RULE))
        connections.close_all()

    with transaction.atomic():
        lock_for_transaction(Lock.DEMO)
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(10)
    assert seen == [False, True]


@pytest.mark.django_db(transaction=True)
def test_a_session_lock_outlives_transactions_and_is_given_back() -> None:
    with session_lock(Lock.SEGMENT_RUN) as mine:
        assert mine
        with transaction.atomic():
            pass
        assert _held() == 1
    assert _held() == 0


def _held() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
        return int(cursor.fetchone()[0])
