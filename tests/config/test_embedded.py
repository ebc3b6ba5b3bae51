"""The embedded servers: two starts do not fight, a killed server comes up again, long paths work."""

import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from config import places
from config.embedded import FOR_TESTS, Servers, keeper, tuning


@pytest.fixture
def servers() -> Iterator[Servers]:
    home = Path(tempfile.mkdtemp(prefix="regulars-embedded-", dir="/tmp"))
    found = Servers(home, settings=FOR_TESTS)
    found.postgres.tied_to_parent = found.redis.tied_to_parent = True
    yield found
    found.stop()
    shutil.rmtree(home, ignore_errors=True)


def rows(servers: Servers, statement: str) -> list[tuple[object, ...]]:
    connection = psycopg2.connect(servers.postgres.dsn("regulars"))
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall()) if cursor.description else []
    finally:
        connection.close()


def keep_until_both_answer(servers: Servers) -> None:
    """What the keeper of `make run` does. In this thread: servers of tests end with the thread that began them."""
    stop, deadline = threading.Event(), time.monotonic() + 20

    def watch() -> None:
        while time.monotonic() < deadline and not (servers.redis.answers() and servers.postgres.answers()):
            time.sleep(0.05)
        stop.set()

    watching = threading.Thread(target=watch)
    watching.start()
    keeper.keep(servers, postgres=True, redis=True, until=stop)
    watching.join()


@pytest.mark.slow
def test_start_twice_kill_and_start_again(servers: Servers) -> None:
    servers.start()
    first = servers.postgres.process()
    Servers(servers.data, settings=FOR_TESTS).start()
    assert servers.postgres.process() == first

    rows(servers, "CREATE TABLE kept AS SELECT 1 AS one")
    servers.postgres.kill()
    servers.redis.kill()
    assert not servers.postgres.answers()
    assert (servers.postgres.cluster / "postmaster.pid").exists(), "what kill -9 leaves behind"

    keep_until_both_answer(servers)
    assert rows(servers, "SELECT one FROM kept") == [(1,)]
    assert rows(servers, "SHOW timezone") == [("UTC",)]
    servers.stop()
    assert servers.postgres.process() is None
    assert servers.redis.process() is None
    assert keeper.fallen(servers, postgres=True, redis=True) == ["postgres", "redis"]
    assert keeper.fallen(servers, postgres=False, redis=False) == []


def test_a_pid_file_that_names_somebody_else_is_stale(servers: Servers) -> None:
    servers.postgres.cluster.mkdir(parents=True)
    (servers.postgres.cluster / "postmaster.pid").write_text("1\n")
    assert servers.postgres.process() is None


def test_a_long_path_gets_a_short_socket() -> None:
    short, long = Path("/srv/regulars/var"), Path("/srv") / ("x" * 90) / "var"
    assert places.socket_folder(short, "postgres") == short / "postgres" / "socket"
    assert len(str(places.socket_folder(long, "postgres") / ".s.PGSQL.5432")) < 80
    assert places.socket_folder(long, "postgres") != places.socket_folder(long / "other", "postgres")


def test_every_machine_gets_sane_settings() -> None:
    small, large = tuning(512 * 1024**2), tuning(256 * 1024**3)
    assert small["shared_buffers"] == "102MB"
    assert large["shared_buffers"] == "8192MB"
    assert "synchronous_commit" not in small
    assert "fsync" not in small
