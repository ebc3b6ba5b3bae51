"""Several workers at once."""

import random
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from tests.clock import move_to
from tests.users.door import hand_in, visit
from users.models import Customer, CustomerDay, DeadLetter, Event, Identity, Standing
from users.services.intake import apply_waiting

NOON = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def together(*acts: Callable[[], Any]) -> None:
    """Run acts in threads that start at the same moment, each on a connection of its own."""
    gate = threading.Barrier(len(acts))
    problems: list[BaseException] = []

    def run(act: Callable[[], Any]) -> None:
        try:
            gate.wait()
            act()
        except BaseException as problem:
            problems.append(problem)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_make_one_person_twice() -> None:
    move_to(NOON)
    people = [f"user{n}" for n in range(40)]
    draw = random.Random(7)
    for _ in range(12):
        draw.shuffle(people)
        hand_in(*(visit(at=NOON, user=name, anonymous=f"device-{name}") for name in people))
        draw.shuffle(people)
        hand_in(*(visit(at=NOON, anonymous=f"device-{name}") for name in people))
    together(*[lambda: [apply_waiting(1) for _ in range(24)]] * 4)
    assert Customer.objects.count() == Standing.objects.count() == 40
    assert Identity.objects.count() == 80
    assert Event.objects.filter(type__name="Page Viewed").count() == 12 * 2 * 40
    assert set(CustomerDay.objects.values_list("events", flat=True)) == {24}
    assert set(Standing.objects.values_list("stage", "active_days")) == {("new", 1)}
    assert not DeadLetter.objects.exists()
