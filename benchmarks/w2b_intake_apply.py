"""W2b: events applied per second, against COPY of the same rows into a bare table with the same indexes.

People come in visits of five events, drawn as skewed as the data: a few thousand customers in 20,000 events. Stages
are settled first, as they are in a shop: the data comes without, and every customer's first visit would move them.
"""

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
from benchmarks.processor import Meter
from config.kit import clock
from config.kit.batches import execute, fetch, slices
from users.models import Event, IntakeBody, Standing
from users.services.intake import apply_waiting
from users.services.stages import CHUNK, recompute

BODIES = 200
EVENTS = 100
VISIT = 5
ROUNDS = 5
# Of a hundred events: what shops send, nine tenths of it browsing.
KINDS = ("Product Viewed",) * 60 + ("Page Viewed",) * 25 + ("Product Added",) * 12 + ("Order Completed",) * 3


def figures(size: str) -> Iterator[Figure]:
    """Rounds of 200 bodies of 100 events: known customers, a few new ones, some orders."""
    customers = SIZES[size][0]
    draw = random.Random(2)
    _settle_stages()
    _make_bare_table()
    meter = Meter()
    rounds = [_round(draw, customers, number, meter) for number in range(ROUNDS + 1)][1:]
    value, yardstick, busy, busy_yardstick = (median(rates) for rates in zip(*rounds, strict=True))
    name = "events applied from bodies of 100, one worker"
    yield at_least("W2b", name, value=value, yardstick=yardstick, limit=0.25)
    name = "the same by the second of processor time"
    yield at_least("W2b-processor", name, value=busy, yardstick=busy_yardstick, limit=0.25)


def _settle_stages() -> None:
    """Stages and moves of everybody as the product has them, then the tables as after a night."""
    now = clock.now()
    for part in slices(Standing.objects.order_by("pk").values_list("pk", flat=True), CHUNK):
        with transaction.atomic():
            recompute(part, now)
    execute("VACUUM (ANALYZE) users_standing, users_stagemove")


def _make_bare_table() -> None:
    """A bare table as full as the real one, with the same indexes."""
    execute("CREATE TABLE bare_event (LIKE users_event INCLUDING DEFAULTS)")
    execute("INSERT INTO bare_event SELECT * FROM users_event")
    definitions = fetch("SELECT indexdef FROM pg_indexes WHERE tablename = 'users_event' ORDER BY indexname")
    for number, (definition,) in enumerate(definitions):
        _head, tail = definition.split(" USING ", 1)
        unique = "UNIQUE " if " UNIQUE " in definition else ""
        execute(f"CREATE {unique}INDEX bare_event_{number} ON bare_event USING {tail}")


def _round(
    draw: random.Random, customers: int, number: int, meter: Meter
) -> tuple[float, float, float, float]:
    """Events per second through the intake and the same rows by COPY, by the clock and by processor time."""
    now = clock.now()
    IntakeBody.objects.bulk_create(
        [
            IntakeBody(
                received_at=now,
                confirmed=True,
                items=json.dumps(_items(draw, customers, now, f"w{number}-{body}")),
            )
            for body in range(BODIES)
        ]
    )
    began, busy_from = time.perf_counter(), meter.read()
    applied = apply_waiting(BODIES)
    seconds, busy = time.perf_counter() - began, meter.read() - busy_from
    assert applied.events == BODIES * EVENTS, applied
    copying, busy_copying = _copy(f"w{number}-%", meter)
    events = applied.events
    return events / seconds, events / copying, events / busy, events / busy_copying


def _copy(message_ids: str, meter: Meter) -> tuple[float, float]:
    """Seconds to COPY the rows of this round into the bare table, by the clock and of processor time."""
    columns = ", ".join(field.column for field in Event._meta.concrete_fields)
    rows = StringIO()
    with connection.cursor() as cursor:
        query = f"SELECT {columns} FROM users_event WHERE message_id LIKE %s"
        cursor.copy_expert(f"COPY ({cursor.mogrify(query, [message_ids]).decode()}) TO STDOUT", rows)
        rows.seek(0)
        began, busy_from = time.perf_counter(), meter.read()
        with transaction.atomic():
            cursor.copy_expert(f"COPY bare_event ({columns}) FROM STDIN", rows)
        return time.perf_counter() - began, meter.read() - busy_from


def _items(draw: random.Random, customers: int, now: datetime, prefix: str) -> list[dict[str, Any]]:
    """A body: visits of a few events, two in a hundred by somebody unknown."""
    items = []
    for visit in range(EVENTS // VISIT):
        who = int(customers * draw.random() ** 3) * 15_485_863 % customers + 1
        person = (f"u{who}", None) if draw.random() < 0.98 else (None, f"a{draw.randrange(10**9)}")
        items += [_item(draw, person, now, f"{prefix}-{visit}-{n}") for n in range(VISIT)]
    return items


def _item(
    draw: random.Random, person: tuple[str | None, str | None], now: datetime, message_id: str
) -> dict[str, Any]:
    name = draw.choice(KINDS)
    properties: dict[str, Any] = {
        "product_id": f"p{draw.randrange(2_000)}", "category": "Jazz", "price": 19.9, "url": "https://shop/p"
    }  # fmt: skip
    if name == "Order Completed":
        line = {"product_id": f"p{draw.randrange(2_000)}", "name": "LP", "price": 19.9, "quantity": 3}
        properties = {"order_id": message_id, "total": 59.7, "tax": 4.1, "products": [line]}
    return {
        "type": "track", "message_id": message_id, "user_id": person[0], "anonymous_id": person[1],
        "previous_id": None, "name": name, "clamped": False,
        "occurred_at": (now - timedelta(seconds=draw.random() * 60)).isoformat(),
        "properties": properties, "traits": {}, "context": {"ip": "203.0.113.7", "locale": "en-US"},
    }  # fmt: skip
