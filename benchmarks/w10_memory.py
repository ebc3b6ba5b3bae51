"""W10: peak memory of a worker that imports a file of orders, exports customers or makes an audience, and of the web
that hands out reports as files, against one tenth of the work.

Each runs in a process of its own. Of size L the file has 100,000 rows and the export a million customers; what is held
does not depend on either.
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
from segments.services.lists import create_list
from users.models.consent import ADS_TOPIC

WORKS = {"export": "an export", "audience": "an audience", "report": "three reports as files"}
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
    _agree_to_advertising()
    _list_of_all("Everybody")
    many_of = {what: _peak(what) for what in WORKS}
    execute("DELETE FROM users_customerday WHERE customer_id % 10 > 0")
    execute("UPDATE users_customer SET erased_at = registered_at WHERE id % 10 > 0")
    for what, words in WORKS.items():
        yield at_most(
            f"W10{what[0]}",
            f"peak memory of {words} of {SIZES[size][0]:,} customers",
            value=many_of[what],
            yardstick=_peak(what),
            limit=1.2,
            unit="MB",
        )


def _agree_to_advertising() -> None:
    """Whoever agreed to anything by e-mail agreed to advertising platforms too, and all their addresses work."""
    execute(_AGREE, [ADS_TOPIC])
    execute("UPDATE users_contactpoint SET confirmed = true WHERE channel = 'email'")


_AGREE = """
    INSERT INTO users_consent (customer_id, key, channel, topic_id, granted, given_at, recorded_at, source, wording,
                               is_current)
    SELECT DISTINCT ON (customer_id) customer_id, 'ads', channel, (SELECT id FROM users_topic WHERE slug = %s), true,
           given_at, recorded_at, source, wording, true
    FROM users_consent WHERE channel = 'email' ORDER BY customer_id
"""


def _list_of_all(name: str) -> None:
    """A list of every customer, which is never out of date."""
    listed = create_list(name=name, by=None)
    execute(
        "INSERT INTO segments_membership (segment_id, customer_id, entered_at) SELECT %s, id, %s FROM users_customer",
        [listed.pk, clock.now()],
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
