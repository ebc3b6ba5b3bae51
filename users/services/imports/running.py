"""The long jobs of an import: read the file into rows, judge them, write them, take them back.

Each chunk is one transaction, and reads the settings once. Reading goes on at a byte of the file, the other steps
at a row, so a worker that is killed loses nothing and repeats nothing. A group of rows that a chunk of reading holds
whole is judged with it; the few whose rows stand far apart are judged once all are read.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from django.db.models import Count
from django.utils.translation import gettext_noop

from config.kit.batches import execute, fetch
from config.kit.collector import collector_paused
from users import shop
from users.models import Fate, Import, ImportRow, LongJob
from users.services.imports import files, rows
from users.services.imports.kinds import (
    Batch,
    ImportKind,
    Row,
    RowReader,
    Verdict,
    Verdicts,
    Written,
    import_kinds,
    refused,
)
from users.services.long_jobs import Chunk, runs
from users.services.sql import statement
from users.services.touch import as_history

CHECK, RUN, UNDO = "users.import_check", "users.import_run", "users.import_undo"
READ_ROWS = 5_000
JUDGE_ROWS = 5_000
WRITE_ROWS = 3_000
"""A second's work on a quiet machine: the intake of the same customers waits no longer."""
MOST_TOGETHER = 1_000
"""Rows of one customer or order: more are refused, and a hand can hold a group."""
WRITTEN = (Fate.NEW, Fate.CHANGES)


@runs(CHECK)
@shop.read_once()
@collector_paused()
def check_chunk(job: LongJob, now: datetime) -> Chunk:
    """The dry run: the next part of the file is read and judged, at the end what only the whole file tells."""
    file = Import.objects.get(pk=job.parameters["import"])
    if not job.parameters.get("is_read"):
        return _read_chunk(file, now, job.parameters.get("offset", 0), job.parameters.get("no", 1))
    after = job.parameters.get("after", 0)
    waiting = fetch(_WAITING, [file.pk, after, JUDGE_ROWS])
    if not waiting:
        return _checked(file)
    kind, numbers = import_kinds[file.kind], [no for (no,) in waiting]
    held = rows.hold(file, numbers, first_only=False)
    verdicts, plan = kind.judge(rows.read_again(file, kind, held), Batch(file, now))
    rows.note(file, verdicts, held, kind.ready(plan))
    return Chunk(step=gettext_noop("Judging"), parameters={"after": numbers[-1]})


_WAITING = """
    SELECT no FROM users_importrow WHERE file_id = %s AND fate = '' AND no > %s ORDER BY no LIMIT %s
"""


@runs(RUN)
@shop.read_once()
@collector_paused()
def run_chunk(job: LongJob, now: datetime) -> Chunk:
    """The next rows are written: as the dry run left them where that still holds, else they are judged once more."""
    file = Import.objects.get(pk=job.parameters["import"])
    kind, batch = import_kinds[file.kind], Batch(file, now)
    following = fetch(_BY_CUSTOMER if kind.by_customer else _BY_NUMBER, {
        "file": file.pk, "after": job.parameters.get("after", 0),
        "after_key": job.parameters.get("after_key", ""), "size": WRITE_ROWS,
    })  # fmt: skip
    if not following:
        Import.objects.filter(pk=file.pk).update(
            state=Import.State.DONE, counts=count_fates(file), finished_at=now
        )
        return Chunk(finished=True, result=count_fates(file))
    as_history()
    held = rows.hold(
        file, [no for _key, no, _owner in following], first_only=True,
        owners={owner for _key, _no, owner in following if owner},
    )  # fmt: skip
    written = kind.write_ready(held, batch)
    if others := [group for group in held if group.mark not in written]:
        verdicts, plan = kind.judge(rows.read_again(file, kind, others), batch)
        rows.note(file, verdicts, others, {})
        rows.note_written(file, kind.write(plan, verdicts, batch))
    after_key, after, _owner = following[-1]
    return Chunk(
        done=len(following),
        step=gettext_noop("Writing"),
        parameters={"after": after, "after_key": after_key},
    )


_BY_NUMBER = """
    SELECT '', no, customer_id FROM users_importrow WHERE file_id = %(file)s AND no > %(after)s
    ORDER BY no LIMIT %(size)s
"""
# The rows of a customer one after the other: stages, figures and pages of the tables are then touched once for many.
_BY_CUSTOMER = """
    SELECT key, no, customer_id FROM users_importrow WHERE file_id = %(file)s AND (key, no) > (%(after_key)s, %(after)s)
    ORDER BY key, no LIMIT %(size)s
"""


@runs(UNDO)
@shop.read_once()
@collector_paused()
def undo_chunk(job: LongJob, now: datetime) -> Chunk:
    """The last rows that were written are taken back first."""
    file = Import.objects.get(pk=job.parameters["import"])
    after = job.parameters.get("after", file.rows + 2)
    last = list(
        ImportRow.objects.filter(file=file, state=ImportRow.State.WRITTEN, no__lt=after)
        .order_by("-no")
        .values_list("no", "customer_id", "before")[:WRITE_ROWS]
    )
    if not last:
        left = ImportRow.objects.filter(file=file).exclude(left="").count()
        Import.objects.filter(pk=file.pk).update(state=Import.State.UNDONE, result={"left": left})
        return Chunk(finished=True, result={"left": left})
    as_history()
    written = [Written(no, customer_id, before or {}) for no, customer_id, before in last]
    left_rows = import_kinds[file.kind].take_back(written, Batch(file, now))
    _note_undone(file, [one.no for one in written], left_rows)
    return Chunk(done=len(last), step=gettext_noop("Taking back"), parameters={"after": last[-1][0]})


def count_fates(file: Import) -> dict[str, int]:
    """Rows by fate."""
    counted = ImportRow.objects.filter(file=file).values_list("fate").annotate(n=Count("no"))
    return dict(counted.order_by("fate"))


def cells_of(row: ImportRow) -> list[str]:
    """The cells of a row as they came."""
    cells: list[str] = json.loads(row.cells)
    return cells


# -- reading ------------------------------------------------------------------------------------------
def _read_chunk(file: Import, now: datetime, offset: int, no: int) -> Chunk:
    kind = import_kinds[file.kind]
    records = list(islice(files.read_from(file.token, offset), READ_ROWS + (no == 1)))
    if not records:
        return _all_read(file)
    numbered = list(enumerate((cells for _offset, cells in records), start=no))
    if no == 1:
        numbered = numbered[1:]  # the head
    read = RowReader(kind, file.mapping, file.options)
    taken = [_taken(file, kind, read, number, cells) for number, cells in numbered if any(cells)]
    verdicts = {row.no: problem for row, problem in taken if problem}
    told = [row for row, problem in taken if not problem]
    rows.hold_owners(file, told)
    judged, ready = _judge_whole(file, kind, told, Batch(file, now), is_first=no == 1)
    rows.store(file, (row for row, _problem in taken), verdicts | judged, ready)
    return Chunk(
        done=len(numbered),
        step=gettext_noop("Reading"),
        parameters={"offset": records[-1][0], "no": no + len(records)},
    )


def _taken(
    file: Import, kind: ImportKind, read: RowReader, no: int, cells: list[str]
) -> tuple[Row, Verdict | None]:
    """A record as a row, and why it is refused if it is; such a row is of no group."""
    values, problem = read(cells)
    if len(cells) > len(file.head) and any(cells[len(file.head) :]):
        problem = refused("too_many_cells")
    elif problem is None and kind.needs_customer and file.match_key not in values:
        problem = refused("missing", file.match_key)
    key = "" if problem else str(values.get(file.match_key, ""))
    return Row(no, "", key, None, values, rows.packed(cells)), problem


def _judge_whole(
    file: Import, kind: ImportKind, told: Sequence[Row], batch: Batch, *, is_first: bool
) -> tuple[Verdicts, dict[int, str]]:
    """Judge the groups that begin here, as if no more of their rows followed: where some do, all are judged again.

    And what is kept of them for the writing.
    """
    groups = rows.in_groups(kind, told)
    begun = set() if is_first else rows.marks_before(file, groups)
    whole = [group for mark, group in groups.items() if mark not in begun and len(group) <= MOST_TOGETHER]
    if not whole:
        return {}, {}
    verdicts, plan = kind.judge(whole, batch)
    return verdicts, kind.ready(plan)


def _all_read(file: Import) -> Chunk:
    """Refuse what is too much for one customer or order, and let the file go."""
    # The statements from here on are planned by what the file holds.
    execute("ANALYZE users_importrow (file_id, no, mark, key, customer_id, fate, state)")
    execute(statement("refuse_crowds"), {"file": file.pk, "most": MOST_TOGETHER})
    return Chunk(parameters={"is_read": True, "after": 0}, step=gettext_noop("Judging"))


def _checked(file: Import) -> Chunk:
    files.remove(file.token)
    counts = count_fates(file)
    Import.objects.filter(pk=file.pk).update(state=Import.State.CHECKED, counts=counts)
    return Chunk(finished=True, result=counts)


def _note_undone(file: Import, numbers: Iterable[int], left: dict[int, str]) -> None:
    ImportRow.objects.filter(file=file, no__in=[no for no in numbers if no not in left]).update(
        state=ImportRow.State.UNDONE, before=None
    )
    for reason in sorted(set(left.values())):
        ImportRow.objects.filter(file=file, no__in=[no for no in left if left[no] == reason]).update(
            state=ImportRow.State.LEFT, left=reason, before=None
        )


def rejected(file: Import) -> Iterator[tuple[int, str, str, Any, list[str]]]:
    """Refused and doubled rows in order: number, code, field, detail, cells."""
    rows = ImportRow.objects.filter(file=file, fate__in=(Fate.REFUSED, Fate.DUPLICATE)).order_by("no")
    for row in rows.iterator(chunk_size=2_000):
        yield row.no, row.code, row.field, row.detail, cells_of(row)
