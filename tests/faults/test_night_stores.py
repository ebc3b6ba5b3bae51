"""A dump that was restored, a migration beside somebody who reads for long, a disk that is full: `make faults`."""

import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
import pytest
from django.db import OperationalError

from campaigns.models import Batch
from config.kit import clock
from config.kit.batches import execute, fetch
from tests.campaigns.acts import outcomes, plan
from tests.campaigns.audience import customers, draft, segment_of
from tests.faults.house import House, Traffic, all_well, running_web, until
from tests.operators import operator
from tests.sinks import SmtpSink
from users.models import AuditEntry, Customer, Identity, JobRun
from users.services import settings
from users.services.erase import erase
from users.services.going_out import held
from users.shop import sending

pytestmark = [pytest.mark.faults, pytest.mark.night, pytest.mark.timeout(1800)]


@contextmanager
def another_database(house: House, name: str) -> Iterator[None]:
    house.postgres("createdb", name)
    try:
        yield
    finally:
        house.enter("regulars")
        house.postgres("dropdb", "--force", name)


def test_a_restored_dump_sends_nothing_until_released_and_brings_nobody_back(house: House) -> None:
    """Planned, dumped, then sent and one of the three erased; restored, nobody is told a second time by itself."""
    with SmtpSink() as sink:
        house.told = {"EMAIL_URL": f"smtp://{sink.host}:{sink.port}"}
        ids = customers(3)
        for pk in ids:
            address = f"c{pk}@example.com"
            Identity.objects.create(kind="email", value=address, customer_id=pk, since=clock.now())
        plan(draft(segment_of(ids)))
        assert held() == ""
        dump = str(house.home / "shop.dump")
        house.postgres("pg_dump", "-Fc", "-f", dump, "regulars")
        erase(ids[0], by=None, now=clock.now())
        worker, beat = house.worker(), house.beat()
        until(lambda: len(sink.envelopes) == 2)
        for process in (worker, beat):
            process.kill()
        with another_database(house, "restored"):
            house.postgres("pg_restore", "-d", "restored", dump)
            house.enter("restored")
            assert (held(), outcomes()) == ("restored", {"queued": 3})
            assert Customer.objects.living().filter(pk=ids[0]).exists()
            house.worker("restored")
            house.beat()
            until(lambda: JobRun.objects.filter(job="campaigns.dispatch", error="").count() >= 2)
            assert (len(sink.envelopes), outcomes()) == (2, {"queued": 3})
            done = house.manage("replay_erasures", "--if-restored")
            assert "1 erased again" in done.stdout, done.stderr
            assert not Customer.objects.living().filter(pk=ids[0]).exists()
            assert AuditEntry.objects.filter(act="sending.restored").count() == 1
            assert (held(), sending.get()) == ("stopped", 0)
            assert house.manage("replay_erasures", "--if-restored").stdout == ""
            runs = JobRun.objects.filter(job="campaigns.dispatch").count()
            until(lambda: JobRun.objects.filter(job="campaigns.dispatch", error="").count() > runs + 1)
            assert len(sink.envelopes) == 2
            settings.change({"sending": 1}, by=operator())
            until(lambda: Batch.objects.exclude(state="done").count() == 0)
            assert [one.rcpt_tos[0] for one in sink.envelopes].count(f"c{ids[0]}@example.com") == 0
            assert outcomes() == {"sent": 2, "skipped": 1} or outcomes()["sent"] == 2


def test_a_long_reader_holds_up_a_migration_and_nobody_else(house: House) -> None:
    server = house.servers.postgres
    slow = psycopg2.connect(server.dsn("regulars"))
    with slow.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM users_customer")  # and its transaction stays open
    done: list[subprocess.CompletedProcess[str]] = []

    def migrate() -> None:
        done.append(
            house.manage("migrate", "widening", DJANGO_SETTINGS_MODULE="tests.faults.widening.settings")
        )

    migration = threading.Thread(target=migrate)
    migration.start()
    waits, held_up = [], 0
    quick = psycopg2.connect(server.dsn("regulars"))
    quick.autocommit = True
    ends = time.monotonic() + 90
    with quick.cursor() as cursor:
        while held_up < 6 and time.monotonic() < ends:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'")
            held_up += int((cursor.fetchone() or (0,))[0])
            began = time.monotonic()
            cursor.execute("SELECT count(*) FROM users_customer")
            waits.append(time.monotonic() - began)
            time.sleep(0.05)
    slow.close()
    migration.join(90)
    try:
        assert held_up >= 6
        assert 0.1 < max(waits) < 1.5  # they waited for its half second, and no longer
        assert done[0].returncode == 0, done[0].stderr
        assert "trying again" in done[0].stdout
        assert fetch(
            "SELECT 1 FROM pg_attribute WHERE attrelid = 'users_customer'::regclass AND attname = 'widened'"
        )
    finally:
        quick.close()
        execute("ALTER TABLE users_customer DROP COLUMN IF EXISTS widened")
        execute("DELETE FROM django_migrations WHERE app = 'widening'")


@contextmanager
def a_small_disk(house: House) -> Iterator[None]:
    """What is accepted lies on a disk of 4 MB, filled to the brim; needs the right to mount one."""
    place = house.home / "small"
    place.mkdir()
    told = ["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(place)]
    if subprocess.run(told, check=False, capture_output=True).returncode != 0:
        pytest.skip("a disk cannot be mounted here")
    try:
        house.servers.postgres._give(place)
        execute(f"CREATE TABLESPACE small LOCATION '{place}'")
        execute("ALTER TABLE users_intakebody SET TABLESPACE small")
        execute("CREATE TABLE filler (t text) TABLESPACE small")
        with pytest.raises(OperationalError, match="No space left"):
            while True:
                execute("INSERT INTO filler SELECT md5(n::text) FROM generate_series(1, 5000) n")
        yield
    finally:
        execute("DROP TABLE filler")
        execute("ALTER TABLE users_intakebody SET TABLESPACE pg_default")
        execute("DROP TABLESPACE small")
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_disk_that_is_full(house: House) -> None:
    """What cannot be stored is answered 503 with Retry-After; when there is room again, nothing was lost."""
    with running_web(house) as port:
        traffic = Traffic(port, pause=0)
        with a_small_disk(house), traffic:
            until(lambda: traffic.statuses.get("503", 0) > 20)
            assert set(traffic.statuses) <= {"200", "503"}
            execute("TRUNCATE filler")
            heard = traffic.sent
            until(lambda: traffic.sent > heard + 20)
            traffic.stop()
        house.worker()
        house.beat()
        all_well(traffic)
