"""Fifty callers at once: exactly as many pass as the limit allows, the others are told when to come again."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from users.services.rate_limit import WINDOW, RateLimit


def test_of_fifty_at_once_as_many_pass_as_are_allowed(
    redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each with a counter of its own, as processes have."""
    monkeypatch.setattr("users.services.rate_limit.PATIENCE", 20)
    monkeypatch.setattr("users.services.rate_limit.time.time", lambda: 1_000_004.0)

    def ask(number: int) -> int:
        return RateLimit(20).wait("key:7")

    with ThreadPoolExecutor(50) as pool:
        answers = Counter(pool.map(ask, range(50)))
    assert answers == {0: 20, 6: 30}
    assert RateLimit(20).wait("key:8") == 0  # another key has a count of its own
    monkeypatch.setattr("users.services.rate_limit.time.time", lambda: 1_000_004.0 + WINDOW)
    assert RateLimit(20).wait("key:7") == 0
