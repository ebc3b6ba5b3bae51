"""How often a key may ask: counted per key over all processes; who asks too often gets 429 with Retry-After."""

from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from users.services.rate_limit import RateLimit

CALLS = RateLimit(600)
"""Calls of one key in ten seconds."""


class PerKey(BaseThrottle):
    """Ordinary calls."""

    limit = CALLS
    name = "api"

    def __init__(self) -> None:
        self._wait = 0

    def allow_request(self, request: Request, view: Any) -> bool:
        """Whether the call may pass."""
        caller = getattr(request.user, "caller", None)
        self._wait = self.limit.wait(f"{self.name}:{caller}") if caller else 0
        return not self._wait

    def wait(self) -> float:
        """Seconds after which to come again."""
        return float(self._wait)
