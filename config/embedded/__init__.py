"""Starts and stops the embedded PostgreSQL and Redis: real servers from wheels, on unix sockets.

`python -m config.embedded start|stop|status` does it by hand. Two starts do not fight (a file lock), and
what a kill -9 left behind is cleared or taken over.
"""

import os
from pathlib import Path

from config.embedded.postgres import Postgres
from config.embedded.process import EmbeddedError, locked
from config.embedded.tuning import FOR_TESTS, memory, tuning
from config.embedded.valkey import Redis

__all__ = ["FOR_TESTS", "EmbeddedError", "Servers", "chosen", "tuning"]


def chosen() -> dict[str, bool]:
    """Which servers are embedded: those that the environment names no other for."""
    return {"postgres": not os.environ.get("DATABASE_URL"), "redis": not os.environ.get("REDIS_URL")}


class Servers:
    """The embedded servers whose data lie under one folder."""

    def __init__(self, data: Path, *, settings: dict[str, str] | None = None) -> None:
        self.data = data
        self.settings = {**tuning(memory()), **(settings or {})}
        self.postgres = Postgres(data, self.settings)
        self.redis = Redis(data)

    def start(self, *, postgres: bool = True, redis: bool = True) -> None:
        """Start what is asked for and not running yet; returns when both answer."""
        self.data.mkdir(parents=True, exist_ok=True)
        with locked(self.data / "embedded.lock"):
            if redis:
                self.redis.launch()
            if postgres:
                self.postgres.launch()
            if redis:
                self.redis.wait()

    def stop(self, *, postgres: bool = True, redis: bool = True) -> None:
        """Stop what is asked for and running."""
        if not self.data.exists():
            return
        with locked(self.data / "embedded.lock"):
            if redis:
                self.redis.stop()
            if postgres:
                self.postgres.stop()
