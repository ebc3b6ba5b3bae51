"""Erasures, joins, the fit of the models and imports whose processes are killed, ten times each: `make faults`."""

import io
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import InterfaceError, OperationalError, connection
from django.db.models import Sum
from pytest_django.fixtures import Settings

from config.kit import clock
from config.kit.batches import fetch
from growth.models import Balance, EntryKind
from growth.services.earn import grant
from tests.clock import move_to
from tests.faults.dispatcher import in_own_process, kill
from tests.faults.house import House, Traffic, running_web, until
from tests.operators import operator
from tests.settling import apply_everything
from tests.users.door import customer, identify, send, track, visitor
from tests.users.files.hands import csv_bytes
from tests.users.value.shop import invent, open_shop
from users.lifecycle import moves, stage_at
from users.models import (
    Customer,
    CustomerValue,
    Erasure,
    Event,
    Import,
    LongJob,
    ModelFit,
    Order,
    Outbox,
    StageMove,
    Standing,
    ValueDay,
)
from users.seed import seed
from users.services import erase, erased, joining, long_jobs, relay, stages, value
from users.services.imports import acts
from users.services.intake import apply_waiting

pytestmark = [pytest.mark.faults, pytest.mark.night, pytest.mark.timeout(1800)]

KILLS = 10
PEOPLE = 30


def killed(act: Callable[[], object], luck: random.Random, *, within: float) -> None:
    """Ten processes that begin the act, each killed at some moment of it."""
    for _kill in range(KILLS):
        worker = in_own_process(act)
        time.sleep(luck.random() * within)
        kill(worker)
        LongJob.objects.update(lease_until=None)


@pytest.fixture
def shop(transactional_db: None, settings: Settings, tmp_path: Path) -> None:
    """Thirty people with an order each, and a visitor's for each."""
    seed()
    settings.DATA_DIR = settings.SINK_DIR = tmp_path
    now = clock.now()
    for n in range(PEOPLE):
        send(
            identify(at=now, user=f"u{n}", name=f"Zacharias {n}", email=f"zacharias{n}@example.org"),
            track("Order Completed", at=now, user=f"u{n}", order_id=f"O{n}", total=10 + n, currency="USD"),
            track("Order Completed", at=now, anonymous=f"d{n}", order_id=f"D{n}", total=1, currency="USD"),
        )
    apply_everything()


def run_jobs() -> None:
    while long_jobs.run_due(seconds=30):
        pass


@pytest.mark.usefixtures("shop")
def test_erasures_whose_worker_is_killed(luck: random.Random) -> None:
    """Each is erased once and wholly; the money stays; the file on the disk knows everybody."""
    money = Standing.objects.aggregate(revenue=Sum("revenue"))["revenue"]
    ids = {n: customer(f"u{n}").pk for n in range(0, PEOPLE, 2)}
    for pk in ids.values():
        person = Customer.objects.get(pk=pk)
        erase.ask_to_erase(person, typed=str(person), by=operator())
    killed(run_jobs, luck, within=0.6)
    run_jobs()
    assert set(LongJob.objects.values_list("state", flat=True)) == {"done"}
    assert set(Erasure.objects.values_list("customer_id", flat=True)) == set(ids.values())
    assert {line["customer"] for line in erased.remembered()} == set(ids.values())
    assert Order.objects.filter(counts=True).aggregate(net=Sum("net"))["net"] == money
    gone = "|".join(f"zacharias{n}@|Zacharias {n}\\y" for n in ids)
    for model in apps.get_models():
        table = model._meta.db_table
        assert fetch(f"SELECT 1 FROM \"{table}\" t WHERE t::text ~ '{gone}' LIMIT 1") == [], table
    assert Customer.objects.living().filter(user_id__isnull=False).count() == PEOPLE - len(ids)


@pytest.mark.usefixtures("shop")
def test_joins_whose_handlers_are_killed(luck: random.Random) -> None:
    """Points of both add up, orders of both are the survivor's, nothing is handed on twice or lost."""
    now = clock.now()
    pairs = {n: (customer(f"u{n}").pk, visitor(f"d{n}").pk) for n in range(PEOPLE)}
    for n, (known, other) in pairs.items():
        grant(known, 100 + n, key=f"a{n}", kind=EntryKind.ADJUST, now=now)
        grant(other, 10, key=f"b{n}", kind=EntryKind.ADJUST, now=now)
    apply_everything()

    def join_all() -> None:
        for known, other in pairs.values():
            if Customer.objects.filter(pk=other).exists():
                joining.join(known, other, now=now, cause="hand")

    killed(join_all, luck, within=0.8)
    join_all()
    killed(lambda: relay.relay(500), luck, within=0.6)
    Outbox.objects.update(due_at=now)
    apply_everything()
    later = move_to(now + joining.AGAIN_AFTER * 2)
    for _again in range(2):
        joining.look_again(later)
        apply_everything()
    assert not Outbox.objects.exists()
    assert Customer.objects.count() == PEOPLE
    for n, (known, _other) in pairs.items():
        assert Balance.objects.get(pk=known).active == 110 + n
        found = Standing.objects.get(pk=known)
        assert (found.orders, found.revenue) == (2, 1_000 + 100 * n + 100)
    assert Event.objects.filter(type__name="customers_joined").count() == PEOPLE


AS_OF = datetime(2026, 5, 19, 19, 30, tzinfo=UTC)
NOW = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)


def the_day() -> dict[str, Any]:
    columns = [field.attname for field in CustomerValue._meta.fields]
    fit = ModelFit.objects.get()
    return {
        "rows": sorted(CustomerValue.objects.values_list(*columns), key=str),
        "fit": (fit.r, fit.alpha, fit.a, fit.b, fit.p, fit.q, fit.gamma, fit.calibration),
        "day": list(ValueDay.objects.values_list("day", "customers", "buyers")),
    }


@pytest.mark.usefixtures("transactional_db")
def test_a_nightly_fit_that_is_killed(luck: random.Random) -> None:
    """The figures, cuts and parameters are those of a night in which nobody was killed."""
    seed()
    move_to(NOW)
    open_shop(invent(700, AS_OF))
    value.compute(NOW)
    undisturbed = the_day()
    for model in (CustomerValue, ModelFit, ValueDay):
        model.objects.all().delete()
    killed(lambda: value.compute(NOW), luck, within=2.5)
    value.compute(NOW)
    assert the_day() == undisturbed


HEAD = ("order id", "user_id", "date", "total")
ROWS = 3_000


def test_postgres_is_stopped_at_once_in_mid_import_and_mid_recompute(
    house: House, luck: random.Random
) -> None:
    """Six immediate stops while a file comes in, new thresholds move everybody, and orders are told all the time."""
    rows = [(f"F{n}", f"f{n % 400}", f"2025-{1 + n % 12:02}-{1 + n % 28:02}", "12.50") for n in range(ROWS)]
    seed()
    now = clock.now()
    file = upload_at_once("orders", csv_bytes(HEAD, rows), now)
    house.worker("one", children=2)
    house.beat()
    with running_web(house) as port, Traffic(port, pause=0.1) as traffic:
        asked = 0
        for _stop in range(6):
            asked += step_on(file, asked)
            time.sleep(0.5 + luck.random() * 2)
            house.servers.postgres.kill()
            time.sleep(0.3)
            house.servers.start(redis=False)
            until(lambda: apply_waiting(0) is not None)
        traffic.stop()
    until(lambda: imported(file, asked), 600, said=lambda: f"{file.state} {list(LongJob.objects.values())}")
    all_well_but_for_the_file(traffic)
    until(lambda: not LongJob.objects.filter(state__in=long_jobs.OPEN).exists(), 240)
    assert set(LongJob.objects.values_list("state", flat=True)) == {"done"}
    assert Order.objects.filter(number__startswith="F", counts=True, net=1250).count() == ROWS
    assert (
        Event.objects.filter(type__name="Order Completed", customer__user_id__startswith="f").count() == ROWS
    )
    rule = stages.thresholds_of(stages.rule_in_force())
    for who in ("f0", "f7", "f399", "u3"):
        person = customer(who)
        instants = list(
            Event.objects.filter(customer=person, type__is_activity=True).order_by("occurred_at")
            .values_list("occurred_at", flat=True)
        )  # fmt: skip
        standing = Standing.objects.get(customer=person)
        told = StageMove.objects.filter(customer=person, superseded_at=None).count()
        at = clock.now()
        if standing.next_move_at is None or standing.next_move_at > at:
            assert standing.stage == stage_at(at, instants, rule).value
            assert told == sum(move.at <= at for move in moves(instants, rule))


def upload_at_once(kind: str, content: bytes, now: datetime) -> Import:
    return acts.upload(kind, io.BytesIO(content), name="list.csv", size=len(content), by=operator(), now=now)


def step_on(file: Import, asked: int) -> int:
    """The next thing an operator would do: check, start, and in between other thresholds."""
    try:
        file.refresh_from_db()
        if file.state == Import.State.UPLOADED and file.mapping is not None and file.rows:
            acts.check(file, mapping=file.mapping, match_key="user_id", options={}, by=operator())
        elif file.state == Import.State.CHECKED:
            acts.start(file, by=operator())
            stages.accept_rule(
                new_for=10, dormant_after=25 + asked, churned_after=80, returning_for=20, by=operator()
            )
    except (OperationalError, InterfaceError):
        connection.close()
        return 0
    return 1


def imported(file: Import, asked: int) -> bool:
    """Whether it is done; carries on where an operator would."""
    step_on(file, asked)
    return bool(file.state == Import.State.DONE)


def all_well_but_for_the_file(traffic: Traffic) -> None:
    assert set(traffic.statuses) & {"500", "400"} == set(), traffic.statuses
    told = {f"u{who}": len(range(who, traffic.sent, 20)) for who in range(min(20, traffic.sent))}
    until(
        lambda: dict(
            Standing.objects.filter(customer__user_id__startswith="u").values_list("customer__user_id", "orders")
        ) == told,
        240,
    )  # fmt: skip
