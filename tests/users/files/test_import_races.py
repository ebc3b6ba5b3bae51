"""Files written beside intake, joins and erasures of the same people: whoever comes second waits and looks again."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from config.kit import clock
from tests.operators import operator
from tests.users.door import customer, hand_in, identify, send, track, visit, visitor
from tests.users.files.hands import checked, fates
from tests.users.test_concurrent_intake import together
from tests.users.test_erase_races import erase_now, meanwhile
from users.models import (
    ContactPoint,
    Customer,
    DeadLetter,
    ErasedIdentity,
    Identity,
    Import,
    ImportRow,
    LongJob,
    Order,
    Standing,
)
from users.seed import seed
from users.services import joining, long_jobs
from users.services.imports import acts
from users.services.intake import apply_waiting

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = tuple(f"user{number}" for number in range(12))


@pytest.fixture(autouse=True)
def _clean(tmp_path: Path, settings: Any) -> None:
    settings.DATA_DIR = tmp_path
    seed()


def work() -> None:
    """A worker at the long jobs until none is left."""
    while long_jobs.run_due(seconds=20):
        pass


def started(file: Import) -> Import:
    """The import is asked for, and no worker has come to it yet."""
    acts.start(file, by=operator())
    return file


def customers_file() -> Import:
    rows = (("alice", "Alicia", "alice@example.com"), ("bob", "Bobby", "bob@example.com"))
    return checked("customers", ("user_id", "name", "email"), *rows)


def orders_file() -> Import:
    day = (clock.now() - timedelta(days=200)).date().isoformat()
    rows = (("A1", "alice", day, "10"), ("B1", "bob", day, "20"))
    return checked("orders", ("order id", "user_id", "date", "total"), *rows)


def went_well() -> None:
    """Every job was done at its first attempt."""
    assert set(LongJob.objects.values_list("state", "attempts", "error")) == {("done", 0, "")}
    assert not DeadLetter.objects.exists()


def orders() -> list[tuple[str, str | None, int]]:
    return sorted(Order.objects.values_list("number", "customer__user_id", "net"))


@pytest.mark.parametrize("file_of", [customers_file, orders_file])
def test_an_import_that_waited_for_an_erasure_brings_nothing_back(file_of: Callable[[], Import]) -> None:
    now = clock.now()
    send(identify(at=now, user="alice", name="Alice"), identify(at=now, user="bob", name="Bob"))
    alice = customer("alice").pk
    file = started(file_of())
    with meanwhile(work):
        erase_now(alice)
    went_well()
    gone = Customer.objects.get(pk=alice)
    assert (gone.name, gone.user_id, gone.attributes) == ("", None, {})
    for model in (Identity, ContactPoint, Order, ImportRow):
        assert not model.objects.filter(customer=alice).exists(), model
    assert fates(file)[-1] == (3, "changes" if file.kind == "customers" else "new", "")
    assert len(fates(file)) == 1, "the row of the erased customer went with her"
    assert customer("bob").name == ("Bobby" if file.kind == "customers" else "Bob")
    assert orders() == ([] if file.kind == "customers" else [("B1", "bob", 2_000)])


@pytest.mark.parametrize("file_of", [customers_file, orders_file])
def test_an_undoing_that_waited_for_an_erasure_brings_nothing_back(file_of: Callable[[], Import]) -> None:
    now = clock.now()
    send(identify(at=now - timedelta(days=2), user="alice", name="Alice"))
    alice = customer("alice").pk
    file = started(file_of())
    work()
    acts.undo(file, by=operator())
    with meanwhile(work):
        erase_now(alice)
    went_well()
    gone = Customer.objects.get(pk=alice)
    assert (gone.name, gone.user_id, gone.told_at) == ("", None, {})
    assert not Identity.objects.filter(customer=alice).exists()
    assert not Customer.objects.filter(user_id="bob").exists(), "what the file made is gone"
    assert list(ImportRow.objects.values_list("no", "state")) == [(3, "undone")]


@pytest.mark.parametrize("file_of", [customers_file, orders_file])
def test_an_erasure_waits_for_an_import_and_takes_what_it_wrote(file_of: Callable[[], Import]) -> None:
    now = clock.now()
    send(identify(at=now, user="alice", name="Alice"), identify(at=now, user="bob", name="Bob"))
    alice = customer("alice").pk
    started(file_of())
    with meanwhile(lambda: erase_now(alice)):
        work()
    assert not Identity.objects.filter(customer=alice).exists()
    assert not ContactPoint.objects.filter(customer=alice).exists()
    assert Customer.objects.get(pk=alice).name == ""
    assert ErasedIdentity.objects.exists()


@pytest.mark.parametrize("file_of", [customers_file, orders_file])
def test_an_import_that_waited_for_a_join_speaks_of_the_survivor(file_of: Callable[[], Import]) -> None:
    now = clock.now()
    send(identify(at=now, user="alice", name="Alice"), identify(at=now, user="bob", name="Bob"))
    send(track("Order Completed", at=now - timedelta(days=3), user="bob", order_id="B0", total=1))
    alice, bob = customer("alice").pk, customer("bob").pk
    file = started(file_of())
    with meanwhile(work):
        joining.join(alice, bob, now=now, cause="hand")
    went_well()
    assert set(ImportRow.objects.values_list("customer_id", flat=True)) == {alice}
    if file.kind == "customers":
        assert fates(file) == [(2, "changes", ""), (3, "duplicate", "duplicate_of")]
        assert list(ContactPoint.objects.values_list("customer_id", "address")) == [
            (alice, "alice@example.com")
        ]
    else:
        assert fates(file) == [(2, "new", ""), (3, "new", "")]
        assert orders() == [("A1", "alice", 1_000), ("B0", "alice", 100), ("B1", "alice", 2_000)]
        standing = Standing.objects.get(customer=alice)
        assert (standing.orders, standing.revenue) == (3, 3_100)


def test_intake_and_two_files_of_the_same_people_at_once() -> None:
    """Nobody twice, no order lost, no sum doubled; some orders are told by both, half the people by both first."""
    now = clock.now()
    day = (now - timedelta(days=40)).date().isoformat()
    known = [identify(at=now, anonymous=f"device-{name}", user=name) for name in PEOPLE[::2]]
    send(*known)
    people = checked("customers", ("user_id", "city"), *((name, "Suzhou") for name in PEOPLE))
    sold = checked(
        "orders",
        ("order id", "user_id", "date", "total"),
        *((f"F{name}", name, day, "7") for name in PEOPLE),
        *((f"S{name}", name, day, "5") for name in PEOPLE),
    )
    for name in PEOPLE:
        hand_in(visit(at=now, user=name, anonymous=f"device-{name}"))
        hand_in(track("Order Completed", at=now, user=name, order_id=f"I{name}", total=3))
        hand_in(track("Order Completed", at=now, user=name, order_id=f"S{name}", total=5))
    started(people)
    started(sold)

    def intake() -> None:
        while apply_waiting(1).bodies:
            pass

    together(work, work, intake, intake)
    went_well()
    assert sorted(Customer.objects.values_list("user_id", "city")) == sorted(
        (one, "Suzhou") for one in PEOPLE
    )
    expected = [("F", 700), ("I", 300), ("S", 500)]
    assert orders() == sorted((f"{letter}{name}", name, net) for letter, net in expected for name in PEOPLE)
    assert set(Standing.objects.values_list("orders", "revenue")) == {(3, 1_500)}
    assert {visitor(f"device-{name}").user_id for name in PEOPLE} == set(PEOPLE)
