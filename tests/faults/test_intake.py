"""Intake whose workers are killed, whose sessions are ended, whose Redis is flushed: stored once, and nothing lost."""

import os
import random
import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.db import OperationalError, connection

from config.kit import clock
from config.kit.batches import execute, fetch
from tests.faults.dispatcher import in_own_process, kill
from tests.users.door import hand_in, identify, track
from tests.users.test_tracking_troubles import send, unavailable
from users import handlers
from users.api import tracking
from users.handlers import Fact, Handler
from users.models import Customer, CustomerDay, DeadLetter, Event, IntakeBody, Order, Outbox, Scope, Standing
from users.seed import seed
from users.services import api_keys, stages
from users.services.accept import accept
from users.services.intake import apply_waiting
from users.services.relay import relay

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]

BODIES, PEOPLE, STOPS = 120, 30, 10


@pytest.fixture(autouse=True)
def seeded(transactional_db: None) -> None:
    seed()


@pytest.fixture
def write_key() -> Iterator[str]:
    yield api_keys.create(name="Shop window", scope=Scope.WRITE, by=None)[1]
    api_keys.forget_all()


def apply_slowly() -> None:
    """A worker that takes few bodies at a time, so that it can be met between and within its transactions."""
    while apply_waiting(6):
        pass


def end_other_sessions() -> None:
    fetch(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


def test_killed_again_and_again_it_stores_everything_once(redis_client: redis.Redis) -> None:
    number = random.SystemRandom().randrange(10**6)
    print(f"seed {number}")  # noqa: T201 - pytest shows it beside the failure
    luck, now = random.Random(number), clock.now()
    for body in range(BODIES):
        who = {"user": f"u{body % PEOPLE}", "anonymous": f"a{body % PEOPLE}"}
        hand_in(
            identify(at=now, **who, city="Suzhou"),
            track("Product Viewed", at=now, **who),
            track("Order Completed", at=now, **who, order_id=f"O{body}", total=10, currency="USD"),
        )
    for _stop in range(STOPS):
        worker = in_own_process(apply_slowly)
        time.sleep(luck.random() * 0.12)
        if luck.random() < 0.4:
            end_other_sessions()
            redis_client.flushdb()
        kill(worker)
    while IntakeBody.objects.exists():
        apply_waiting()
    assert Customer.objects.count() == PEOPLE
    assert Order.objects.filter(counts=True).count() == BODIES
    assert Event.objects.filter(type__name="Product Viewed").count() == BODIES
    assert {one.orders for one in Standing.objects.all()} == {BODIES // PEOPLE}
    assert {one.revenue for one in Standing.objects.all()} == {1_000 * BODIES // PEOPLE}
    assert sum(CustomerDay.objects.values_list("events", flat=True)) == 2 * BODIES
    assert not DeadLetter.objects.exists()


def test_a_commit_whose_answer_was_lost_counts_once(write_key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = accept
    lost: list[int] = []

    def once_without_an_answer(*told: Any, **about: Any) -> None:
        stored(*told, **about)
        if not lost:
            lost.append(1)
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    monkeypatch.setattr(tracking, "accept", once_without_an_answer)
    assert send(write_key).status == 200
    assert (lost, IntakeBody.objects.count()) == ([1], 2)
    while IntakeBody.objects.exists():
        apply_waiting()
    assert Event.objects.filter(type__name="Searched").count() == 1


def test_a_full_disk_is_a_store_that_is_away(write_key: str) -> None:
    """The very error PostgreSQL gives (53100), raised where the row would be written."""
    execute(
        "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$"
    )
    execute("CREATE TRIGGER no_room BEFORE INSERT ON users_intakebody EXECUTE FUNCTION no_room()")
    try:
        assert unavailable(send(write_key))
        with pytest.raises(OperationalError):
            hand_in(track("Searched", at=clock.now(), user="u1"))
    finally:
        execute("DROP TRIGGER no_room ON users_intakebody")
        execute("DROP FUNCTION no_room()")
    assert send(write_key).status == 200
    assert IntakeBody.objects.count() == 1


def test_two_relays_never_hold_each_other_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both hold two customers until their batch ends, told of in opposite orders; neither waits for the other's end."""
    monkeypatch.setattr("users.services.relay.BATCH", 2)

    def slow(fact: Fact) -> None:
        stages.lock([fact.customer_id])
        time.sleep(0.15)

    monkeypatch.setitem(handlers.handlers._entries, "test.slow", Handler("test.slow", ("Searched",), slow))
    monkeypatch.setitem(handlers._by_event, "Searched", ["test.slow"])
    for who in ("a", "b", "b", "a"):
        hand_in(track("Searched", at=clock.now(), user=who))
        apply_waiting()
    relays = [in_own_process(lambda: relay(2)) for _number in range(2)]
    assert [os.waitpid(pid, 0)[0] for pid in relays] == relays
    assert not Outbox.objects.exclude(error="").exists()
    relay()
    assert not Outbox.objects.exists()
