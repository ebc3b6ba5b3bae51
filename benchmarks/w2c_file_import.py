"""W2c: orders per second through an import of a file, against COPY of the same rows into bare tables.

A file as a shop brings its history: 20,000 rows, one order each, of 10,000 known customers with some new ones.
Measured is all the software does between the upload and the last row: reading, the dry run, and the writing. The
yardstick makes the text of the rows that the file left in Python and copies it.
"""

import csv
import io
import random
import time
from collections.abc import Iterator
from datetime import timedelta
from statistics import median

from django.db import transaction

from benchmarks.data import SIZES
from benchmarks.figure import Figure, at_least
from benchmarks.peak import import_orders
from config.kit import clock
from config.kit.batches import copy_rows, execute, fetch
from users.services import stages

ROWS = 20_000
BUYERS = 10_000
ROUNDS = 3
HEAD = ("order id", "user_id", "date", "total", "status", "product id", "product", "quantity", "price")
# What an order with one line leaves: the tables, and the column by which the rows of a round are found in them.
TABLES = {
    "users_order": "number", "users_orderline": "number", "users_orderkey": "number", "users_event": "message_id",
    "users_ownedproduct": "order_number",
}  # fmt: skip


def figures(size: str) -> Iterator[Figure]:
    """Rounds of files of 20,000 orders, each against COPY of the rows that it left."""
    draw = random.Random(3)
    for table in TABLES:
        _make_bare(table)
    _put_stages_on_record(min(BUYERS, SIZES[size][0]))
    rounds = [_round(draw, min(BUYERS, SIZES[size][0]), number) for number in range(ROUNDS)]
    value, yardstick = (median(rates) for rates in zip(*rounds, strict=True))
    yield at_least(
        "W2c", "orders imported from a file of 20,000 rows, with its dry run", value=value, yardstick=yardstick,
        limit=0.5,
    )  # fmt: skip


def _put_stages_on_record(customers: int) -> None:
    """The moves between stages so far, which the data of the benchmarks leaves out."""
    for first in range(1, customers + 1, stages.CHUNK):
        with transaction.atomic():
            stages.recompute(range(first, first + stages.CHUNK), clock.now())


def _make_bare(table: str) -> None:
    """A bare table with the same indexes, empty."""
    execute(f"CREATE TABLE bare_{table} (LIKE {table} INCLUDING DEFAULTS)")
    definitions = fetch("SELECT indexdef FROM pg_indexes WHERE tablename = %s ORDER BY indexname", [table])
    for number, (definition,) in enumerate(definitions):
        unique = "UNIQUE " if " UNIQUE " in definition else ""
        execute(
            f"CREATE {unique}INDEX bare_{table}_{number} ON bare_{table} USING {definition.split(' USING ', 1)[1]}"
        )


def _round(draw: random.Random, customers: int, number: int) -> tuple[float, float]:
    """Orders per second through the import, and by COPY."""
    content = _file(draw, customers, number)
    began = time.perf_counter()
    file = import_orders(io.BytesIO(content), name="history.csv", size=len(content))
    seconds = time.perf_counter() - began
    assert file.counts == {"new": ROWS}, file.counts
    told = {
        "number": [f"W{number}-%"],
        "order_number": [f"W{number}-%"],
        "message_id": [f"import:{file.token}:%", f"order_paid:shop:W{number}-%"],
    }
    copied = sum(_copy(table, column, told[column]) for table, column in TABLES.items())
    return ROWS / seconds, ROWS / copied


def _file(draw: random.Random, customers: int, number: int) -> bytes:
    """Orders of the last three years, two in a hundred by somebody new."""
    text, now = io.StringIO(), clock.now()
    writer = csv.writer(text)
    writer.writerow(HEAD)
    for row in range(ROWS):
        who = f"u{draw.randrange(customers) + 1}" if draw.random() < 0.98 else f"w{number}-{row}"
        day = (now - timedelta(days=draw.randrange(2, 1_000))).date().isoformat()
        product = draw.randrange(2_000)
        writer.writerow(
            (f"W{number}-{row}", who, day, "59.70", "paid", f"p{product}", f"LP {product}", 3, "19.90")
        )
    return text.getvalue().encode()


def _copy(table: str, column: str, like: list[str]) -> float:
    """Seconds to make the text of the rows of this round and COPY it into the bare table."""
    columns = [name for (name,) in fetch(_COLUMNS, [table])]
    texts = ", ".join(f"{name}::text" if name in JSON else name for name in columns)
    rows = fetch(f"SELECT {texts} FROM {table} WHERE {column} LIKE ANY(%s)", [like])
    began = time.perf_counter()
    with transaction.atomic():
        copy_rows(f"bare_{table}", columns, rows)
    return time.perf_counter() - began


JSON = ("properties", "told_at")
_COLUMNS = (
    "SELECT column_name FROM information_schema.columns WHERE table_name = %s ORDER BY ordinal_position"
)
