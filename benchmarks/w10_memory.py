"""W10: peak memory of a worker that imports a file of orders and exports customers, against one tenth of the work.

Each job runs in a process of its own, as a worker does it. Of size L the file has 100,000 rows and the export a
million customers; what is held does not depend on either.
"""

import csv
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection

from benchmarks.data import SIZES
from benchmarks.figure import Figure, at_most
from benchmarks.w2c_file_import import HEAD
from config.kit import clock
from config.kit.batches import execute

ROWS = {"S": 10_000, "L": 100_000}
HERE = Path(__file__).resolve().parent.parent


def figures(size: str) -> Iterator[Figure]:
    """The import first: it leaves the customers that are then exported, all of them and a tenth."""
    few, many = (_peak("import", str(_file(rows))) for rows in (ROWS[size] // 10, ROWS[size]))
    yield at_most(
        "W10i",
        f"peak memory of an import of {ROWS[size]:,} rows, dry run and writing",
        value=many,
        yardstick=few,
        limit=1.2,
        unit="MB",
    )
    many = _peak("export")
    execute("UPDATE users_customer SET erased_at = registered_at WHERE id % 10 > 0")
    yield at_most(
        "W10e",
        f"peak memory of an export of {SIZES[size][0]:,} customers",
        value=many,
        yardstick=_peak("export"),
        limit=1.2,
        unit="MB",
    )


def _peak(*what: str) -> float:
    """MB that a worker held at most."""
    name = connection.settings_dict["NAME"]
    host = settings.DATABASE_URL.partition("?host=")[2]
    environment = {**os.environ, "DATABASE_URL": f"postgresql://postgres@/{name}?host={host}"}
    command = [sys.executable, "-m", "benchmarks.peak", *what]
    done = subprocess.run(command, cwd=HERE, env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def _file(rows: int) -> Path:
    """Orders of the last three years of known customers."""
    draw, now = random.Random(rows), clock.now()
    path = Path(tempfile.gettempdir()) / f"regulars-orders-{rows}.csv"
    with path.open("w", newline="") as told:
        writer = csv.writer(told)
        writer.writerow(HEAD)
        for row in range(rows):
            day = (now - timedelta(days=draw.randrange(2, 1_000))).date().isoformat()
            who, product = f"u{draw.randrange(100_000) + 1}", draw.randrange(2_000)
            writer.writerow(
                (f"P{rows}-{row}", who, day, "59.70", "paid", f"p{product}", f"LP {product}", 3, "19.90")
            )
    return path
