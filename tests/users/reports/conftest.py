"""Nothing is kept in these tests, however slow the machine is, unless a test asks for it."""

import pytest

from users.reports import stored


@pytest.fixture(autouse=True)
def _nothing_is_heavy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "SLOW", 3600.0)
