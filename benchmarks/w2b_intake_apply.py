"""W2b: events applied per second, against COPY of the same event rows into a bare table with the same indexes."""

import json
import random
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from io import StringIO
from statistics import median
from typing import Any

from django.db import connection, transaction

from benchmarks.data import SIZES
from benchmarks.figure import Figure, at_least
from config.kit import clock
from config.kit.batches import execute, fetch
from users.models import IntakeBody
from users.services.intake import apply_waiting

BODIES = 200
EVENTS = 100
ROUNDS = 5
# Of a hundred events: what shops send, nine tenths of it browsing.
KINDS = ("Product Viewed",) * 60 + ("Page Viewed",) * 25 + ("Product Added",) * 12 + ("Order Completed",) * 3


def figures(size: str) -> Iterator[Figure]:
    """Rounds of 200 bodies of 100 events: known customers, a few new ones, some orders."""
    customers = SIZES[size][0]
    draw = random.Random(2)
    execute("CREATE TABLE bare_event (LIKE users_event INCLUDING ALL)")
    rounds = [_round(draw, customers, number) for number in range(ROUNDS + 1)][1:]
    value, yardstick = (median(rates) for rates in zip(*rounds, strict=True))
    yield at_least(
        "W2b", "events applied from bodies of 100, one worker", value=value, yardstick=yardstick, limit=0.25
    )


def _round(draw: random.Random, customers: int, number: int) -> tuple[float, float]:
    """Events per second through the intake, and the same rows by COPY."""
    now = clock.now()
    IntakeBody.objects.bulk_create(
        [
            IntakeBody(
                received_at=now,
                confirmed=True,
                items=json.dumps([_item(draw, customers, now, f"w{number}-{body}-{n}") for n in range(EVENTS)]),
            )
            for body in range(BODIES)
        ]
    )
    began = time.perf_counter()
    applied = apply_waiting(BODIES)
    seconds = time.perf_counter() - began
    assert applied.events == BODIES * EVENTS, applied
    return applied.events / seconds, applied.events / _copy(f"w{number}-%")


def _copy(message_ids: str) -> float:
    """Seconds to COPY the rows of this round into the bare table."""
    (columns,) = fetch(
        "SELECT string_agg(column_name, ', ') FROM information_schema.columns WHERE table_name = 'users_event'"
    )[0]
    rows = StringIO()
    with connection.cursor() as cursor:
        query = cursor.mogrify(f"SELECT {columns} FROM users_event WHERE message_id LIKE %s", [message_ids]).decode()
        cursor.copy_expert(f"COPY ({query}) TO STDOUT", rows)
        rows.seek(0)
        began = time.perf_counter()
        with transaction.atomic():
            cursor.copy_expert(f"COPY bare_event ({columns}) FROM STDIN", rows)
        return time.perf_counter() - began


def _item(draw: random.Random, customers: int, now: datetime, message_id: str) -> dict[str, Any]:
    name = draw.choice(KINDS)
    known = draw.random() < 0.98
    who = int(customers * draw.random() ** 3) * 15_485_863 % customers + 1
    properties: dict[str, Any] = {
        "product_id": f"p{draw.randrange(2_000)}", "category": "Jazz", "price": 19.9, "url": "https://shop/p"
    }  # fmt: skip
    if name == "Order Completed":
        properties = {
            "order_id": message_id, "total": 59.7, "tax": 4.1,
            "products": [{"product_id": f"p{draw.randrange(2_000)}", "name": "LP", "price": 19.9, "quantity": 3}],
        }  # fmt: skip
    return {
        "type": "track", "message_id": message_id, "user_id": f"u{who}" if known else None,
        "anonymous_id": None if known else f"a{draw.randrange(10**9)}", "previous_id": None, "name": name,
        "occurred_at": (now - timedelta(seconds=draw.random() * 60)).isoformat(), "clamped": False,
        "properties": properties, "traits": {}, "context": {"ip": "203.0.113.7", "locale": "en-US"},
    }  # fmt: skip
