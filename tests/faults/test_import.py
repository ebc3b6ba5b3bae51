"""An import whose workers are killed again and again: every row once, and wholly undone by killed workers too."""

import io
import random
import resource
import time
from pathlib import Path

import pytest
from django.db.models import Sum
from pytest_django.fixtures import Settings

from config.kit import clock
from tests.faults.dispatcher import in_own_process, kill
from tests.operators import operator
from tests.users.files.hands import csv_bytes, everything, upload
from users.models import Event, Import, ImportRow, LongJob, Order, Refund, Standing
from users.seed import seed
from users.services import long_jobs
from users.services.imports import acts, files

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]

ORDERS, PEOPLE = 240, 40
HEAD = ("order id", "user_id", "date", "total", "refund amount")


@pytest.fixture(autouse=True)
def small_steps(
    transactional_db: None, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed()
    settings.DATA_DIR = tmp_path
    for name in ("READ_ROWS", "JUDGE_ROWS", "WRITE_ROWS"):
        monkeypatch.setattr(f"users.services.imports.running.{name}", 20)


def work_and_be_killed(file: Import, state: str, luck: random.Random, *, kills: int) -> None:
    """Workers that are killed in mid-work, then one that is not, until the import is in ``state``."""
    for _kill in range(kills):
        done = LongJob.objects.latest("pk").done
        worker = in_own_process(lambda: long_jobs.run_due(seconds=30))
        until = time.monotonic() + 5
        while LongJob.objects.latest("pk").done <= done and time.monotonic() < until:
            time.sleep(0.002)
        time.sleep(luck.random() * 0.05)
        kill(worker)
        LongJob.objects.update(lease_until=None)
    until = time.monotonic() + 20
    while file.state != state and time.monotonic() < until:
        long_jobs.run_due(seconds=20)
        file.refresh_from_db()
    assert file.state == state


@pytest.mark.parametrize("kills", [3, pytest.param(10, marks=pytest.mark.night)])
def test_nothing_is_lost_nothing_is_written_twice(kills: int) -> None:
    number = random.SystemRandom().randrange(10**6)
    print(f"seed {number}")  # noqa: T201 - pytest shows it beside the failure
    luck = random.Random(number)
    before = everything()
    rows = [
        (f"H{n}", f"u{n % PEOPLE}", f"2024-0{1 + n % 9}-1{n % 7}", str(10 + n), "3" if n % 5 == 0 else "")
        for n in range(ORDERS)
    ]
    file = upload("orders", csv_bytes(HEAD, rows))
    acts.check(file, mapping=file.mapping, match_key="user_id", options={}, by=operator())
    work_and_be_killed(file, "checked", luck, kills=kills)
    assert file.counts == {"new": ORDERS}
    assert everything() == before
    acts.start(file, by=operator())
    work_and_be_killed(file, "done", luck, kills=kills)
    total = sum(1_000 + 100 * n for n in range(ORDERS))
    refunded = 300 * ORDERS // 5
    assert (Order.objects.count(), Refund.objects.count()) == (ORDERS, ORDERS // 5)
    assert Event.objects.filter(type__name="Order Completed").count() == ORDERS
    sums = Standing.objects.aggregate(orders=Sum("orders"), revenue=Sum("revenue"))
    assert sums == {"orders": ORDERS, "revenue": total - refunded}
    assert ImportRow.objects.filter(state="written").count() == ORDERS
    acts.undo(file, by=operator())
    work_and_be_killed(file, "undone", luck, kills=kills)
    assert everything() == before


def test_a_disk_that_is_full_keeps_nothing_and_says_so() -> None:
    """The system refuses to let the file grow (RLIMIT_FSIZE), as a full disk does; half a file is no file."""
    told: list[str | None] = []
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    content = csv_bytes(("user_id", "name"), [(f"u{n}", "x" * 200) for n in range(2_000)])
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        acts.upload(
            "customers",
            io.BytesIO(content),
            name="list.csv",
            size=len(content),
            by=operator(),
            now=clock.now(),
        )
    except files.Unreadable as refused:
        told = [refused.code, refused.field]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert told == ["no_room", "file"]
    assert list(files.folder().iterdir()) == []
    assert not Import.objects.exists()
    assert upload("customers", content).rows == 2_000
