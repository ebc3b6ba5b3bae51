"""A failure at any statement of a large act leaves the shop exactly as it was."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.apps import apps
from django.db import OperationalError, connection, transaction
from pytest_django.fixtures import Settings

from config.kit import clock
from config.kit.batches import fetch
from tests.operators import operator
from tests.settling import apply_everything
from tests.users.door import customer, hand_in, identify, send, track, visit, visitor
from tests.users.files.hands import check, csv_bytes, upload
from users.models import LongJob
from users.services import erase, joining, long_jobs
from users.services.imports import acts
from users.services.intake import apply_waiting

pytestmark = pytest.mark.django_db

FIRST = 12
"""Statements of which each is broken; of those behind them every third (``make faults``: each)."""


class Broken(OperationalError):
    """What a network, a disk or a server that ends raises anywhere."""


def everything() -> str:
    """A digest of all rows of all tables but those in which the attempt itself is on record."""
    tables = sorted(
        model._meta.db_table for model in apps.get_models(include_auto_created=True) if model._meta.managed
    )
    hashes = [
        f"SELECT '{name}' AS name, coalesce(sum(hashtextextended(t::text, 0)), 0) AS rows FROM \"{name}\" t"
        for name in tables if name not in ("users_longjob", "django_session")
    ]  # fmt: skip
    rows = fetch(" UNION ALL ".join(hashes) + " ORDER BY name")
    return hashlib.sha256(repr(rows).encode()).hexdigest()


@contextmanager
def broken_at(number: int) -> Iterator[list[str]]:
    """The statement of that number raises before it is run; yields the statements so far."""
    said: list[str] = []

    def count(execute: Any, sql: Any, parameters: Any, many: Any, context: Any) -> Any:
        said.append(str(sql)[:80])
        if len(said) == number:
            raise Broken(said[-1])
        return execute(sql, parameters, many, context)

    with connection.execute_wrapper(count):
        yield said


def assert_all_or_nothing(act: Callable[[], object], step: int) -> int:
    """Break the act at its statements; the number of statements it has."""
    before, number = everything(), 1
    while True:
        with broken_at(number) as said:
            try:
                with transaction.atomic():
                    act()
            except Broken:
                pass
            else:
                if len(said) >= number:
                    pytest.fail(f"it went on after {said[-1]}")
                break
        assert everything() == before, (number, said[-1])
        number += 1 if number < FIRST else step
    assert everything() != before
    return len(said)


@pytest.fixture(autouse=True)
def shop(tmp_path: Any, settings: Settings) -> None:
    settings.DATA_DIR = tmp_path
    now = clock.now()
    send(
        identify(at=now, user="alice", name="Alice", email="alice@example.org"),
        track("Order Completed", at=now, user="alice", order_id="A", total=50, currency="USD"),
        visit(at=now, anonymous="nobody"),
        track("Searched", at=now, anonymous="nobody", q="x"),
    )
    apply_everything()


def join() -> None:
    joining.join(customer("alice").pk, visitor("nobody").pk, now=clock.now(), cause="by hand")


def erase_alice() -> None:
    erase.erase(customer("alice").pk, by=None, now=clock.now())


def refund() -> None:
    apply_waiting(10)


def an_import() -> None:
    job = LongJob.objects.filter(state="waiting").latest("pk")
    long_jobs.chunk_acts[job.kind](job, clock.now())


@pytest.fixture
def prepared(request: pytest.FixtureRequest) -> Callable[[], object]:
    """The act, with what it needs in place."""
    if request.param is refund:
        told = {"order_id": "A", "refund_id": "R", "amount": 20, "currency": "USD"}
        hand_in(track("Order Refunded", at=clock.now(), user="alice", **told))
    if request.param is an_import:
        rows = [(f"i{n}", f"Imported {n}", f"i{n}@example.org") for n in range(5)]
        file = check(upload("customers", csv_bytes(("user_id", "name", "email"), rows)))
        acts.start(file, by=operator())
    act: Callable[[], object] = request.param
    return act


@pytest.mark.parametrize("prepared", [join, erase_alice, refund, an_import], indirect=True)
@pytest.mark.parametrize(
    "step", [pytest.param(9, id="some"), pytest.param(1, id="each", marks=pytest.mark.night)]
)
def test_broken_off_at_any_statement(prepared: Callable[[], object], step: int) -> None:
    assert assert_all_or_nothing(prepared, step) > 10
