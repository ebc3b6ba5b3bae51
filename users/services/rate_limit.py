"""Counting requests per caller in Redis, by atomic increments; without Redis everybody may pass."""

import time
from dataclasses import dataclass, field

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

WINDOW = 10
"""Seconds of one counting window."""
PATIENCE = 0.2
"""Seconds to wait for Redis; after a failure it is left alone for REST seconds."""
REST = 5.0


@dataclass(slots=True)
class _Lease:
    """Requests a process has already been granted in a window."""

    window: int = 0
    left: int = 0


@dataclass(slots=True)
class RateLimit:
    """At most ``limit`` requests per window and name, over all processes.

    A process takes a hundredth of the limit at a time, so that most requests need no round trip. A limit
    under 200 is counted one by one.
    """

    limit: int
    _leases: dict[str, _Lease] = field(default_factory=dict)
    _resting_until: float = 0.0
    _client: redis.Redis | None = None

    def wait(self, name: str) -> int:
        """0 when the request may pass, else the seconds after which to come again."""
        now = time.time()
        window = int(now // WINDOW)
        lease = self._leases.setdefault(name, _Lease())
        if lease.window == window and lease.left > 0:
            lease.left -= 1
            return 0
        granted = self._take(name, window)
        if not granted:
            return max(1, round((window + 1) * WINDOW - now))
        lease.window, lease.left = window, granted - 1
        return 0

    def _take(self, name: str, window: int) -> int:
        """How many requests Redis grants; a share when it does not answer."""
        share = max(1, self.limit // 100)
        if time.monotonic() < self._resting_until:
            return share
        counter = f"rate:{name}:{window}"
        try:
            both = self._connection().pipeline()
            both.incrby(counter, share)
            both.expire(counter, 3 * WINDOW)
            taken, _ = both.execute()
        except redis.RedisError:
            self._resting_until = time.monotonic() + REST
            return share
        return min(share, max(0, self.limit - (int(taken) - share)))

    def _connection(self) -> redis.Redis:
        if self._client is None:
            once = Retry(NoBackoff(), 0)
            self._client = redis.Redis.from_url(
                settings.REDIS_URL, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, retry=once
            )
        return self._client
