"""Fixtures of the campaign tests."""

import pytest

from users.seed import seed


@pytest.fixture(autouse=True)
def reference_rows(request: pytest.FixtureRequest) -> None:
    """Topics, event types and the clock: a transactional test finds the tables emptied."""
    if request.node.get_closest_marker("django_db"):
        request.getfixturevalue("transactional_db")
        seed()
