"""Signs of life in Redis: of beat, of the workers, and of a probe that has travelled through each queue."""

import time

import redis
from celery import shared_task
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

KEPT = 3600


def connection() -> redis.Redis:
    """A client that gives up at once: health must answer even when Redis does not."""
    once = Retry(NoBackoff(), 0)
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2, retry=once)


def sign(who: str, value: float | None = None) -> None:
    """Note that `who` was alive now; silence is the message when Redis is away."""
    moment = time.time() if value is None else value
    try:
        connection().set(f"heartbeat:{who}", moment, ex=KEPT)
    except redis.RedisError:
        return


def ages(*names: str) -> dict[str, float | None]:
    """Seconds since each sign, or None where there is none. Raises redis.RedisError."""
    found = connection().mget([f"heartbeat:{name}" for name in names])
    now = time.time()
    return {
        name: None if raw is None else round(max(0.0, now - float(raw)), 1)
        for name, raw in zip(names, found, strict=True)
    }


@shared_task(name="config.heartbeat.probe", ignore_result=True)
def probe(queue: str) -> None:
    """Sent through every queue by beat: the age of the last one that arrived is the age of the queue."""
    sign(f"queue:{queue}")
