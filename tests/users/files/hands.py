"""Files as operators upload them, and what becomes of their rows."""

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from config.kit import clock
from config.kit.batches import fetch
from tests.operators import operator
from users.models import Import, ImportRow
from users.services import long_jobs
from users.services.imports import acts, files

Fates = list[tuple[int, str, str]]


def csv_bytes(
    head: Sequence[str], rows: Sequence[Sequence[Any]], *, encoding: str = "utf-8", delimiter: str = ","
) -> bytes:
    """A CSV file."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerow(head)
    writer.writerows(rows)
    return text.getvalue().encode(encoding)


def upload(kind: str, content: bytes, *, name: str = "list.csv", now: datetime | None = None) -> Import:
    """A file that has arrived and was read; its columns are guessed. Raises Unreadable."""
    file = acts.upload(
        kind, io.BytesIO(content), name=name, size=len(content), by=operator(), now=now or clock.now()
    )
    finish(file)
    if file.state == Import.State.UNREADABLE:
        raise files.Unreadable(file.result["problem"], **file.result["values"])
    return file


def check(file: Import, **options: Any) -> Import:
    """The dry run with the columns as guessed, or as given."""
    acts.check(
        file,
        mapping=options.pop("mapping", file.mapping),
        match_key=options.pop("match_key", file.match_key),
        options=options,
        by=operator(),
    )
    return finish(file)


def finish(file: Import) -> Import:
    """Let the workers do what is to be done."""
    while long_jobs.run_due(seconds=60):
        pass
    file.refresh_from_db()
    return file


def checked(kind: str, head: Sequence[str], *rows: Sequence[Any], **options: Any) -> Import:
    """A file of rows after its dry run."""
    return check(upload(kind, csv_bytes(head, rows), now=options.pop("now", None)), **options)


def run(file: Import) -> Import:
    """Start it and let it end."""
    acts.start(file, by=operator())
    return finish(file)


def undo(file: Import) -> Import:
    """Take it back."""
    acts.undo(file, by=operator())
    return finish(file)


def fates(file: Import) -> Fates:
    """Every row: number, fate, code."""
    return list(ImportRow.objects.filter(file=file).order_by("no").values_list("no", "fate", "code"))


TABLES = (
    "users_customer", "users_identity", "users_contactpoint", "users_consent", "users_customertag", "users_order",
    "users_orderline", "users_refund", "users_orderkey", "users_event", "users_customerday", "users_ownedproduct",
)  # fmt: skip


def everything() -> dict[str, Any]:
    """All rows about customers, apart from stages' history and queues."""
    now = {table: sorted(map(str, fetch(f"SELECT row.*::text FROM {table} row"))) for table in TABLES}
    columns = (
        "customer_id, stage, stage_at, first_activity_at, last_activity_at, active_days, orders, revenue"
    )
    now["standing"] = sorted(map(str, fetch(f"SELECT {columns} FROM users_standing")))
    return now
