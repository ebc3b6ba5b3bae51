"""The shop of its own that tests of the night share; each finds it empty."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django.plugin import DjangoDbBlocker

from tests.faults import house as houses


@pytest.fixture(scope="session")
def built(django_db_blocker: DjangoDbBlocker) -> Iterator[houses.House]:
    """A shop whose tables are there; nothing runs but its servers."""
    made = houses.House()
    try:
        made.servers.start()
        done = made.manage("migrate", "--verbosity", "0")
        assert done.returncode == 0, done.stderr
        with django_db_blocker.unblock():
            yield made
    finally:
        houses.end(made)


@pytest.fixture
def house(built: houses.House, settings: Any) -> Iterator[houses.House]:
    """The shop, empty, with the test's own queries in it."""
    settings.DATA_DIR = built.data
    with built.entered():
        built.all_stop()
        try:
            yield built
        finally:
            built.all_stop()


@pytest.fixture
def luck() -> random.Random:
    """Random numbers whose seed is shown when the test fails."""
    number = random.SystemRandom().randrange(10**6)
    print(f"seed {number}")  # noqa: T201 - pytest shows it beside the failure
    return random.Random(number)
