"""The long jobs of an import: read the file into rows, judge them, write them, take them back.

Each chunk is one transaction, and reads the settings once. Reading goes on at a byte of the file, the other steps
at a row number, so a worker that is killed loses nothing and repeats nothing. Rows that belong together (one
customer, one order) are judged and written with the first of them, wherever in the file the others stand.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from django.db.models import Count
from django.utils.translation import gettext_noop

from config.kit.batches import copy_rows, execute, fetch, temporary_table
from users import shop
from users.models import Fate, Import, ImportRow, LongJob
from users.services import stages
from users.services.imports import files, people
from users.services.imports.kinds import (
    ORDER_NUMBER,
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
READ_ROWS = 10_000
JUDGE_ROWS = 5_000
WRITE_ROWS = 5_000
MOST_TOGETHER = 1_000
"""Rows of one customer or order: more are refused, and a hand can hold a group."""
WRITTEN = (Fate.NEW, Fate.CHANGES)
LONGEST_MARK = 320
TRIES = 10


@runs(CHECK)
@shop.read_once()
def check_chunk(job: LongJob, now: datetime) -> Chunk:
    """The dry run: the next part of the file is read, or the next rows are judged."""
    file = Import.objects.get(pk=job.parameters["import"])
    if not job.parameters.get("is_read"):
        return _read_chunk(file, job.parameters.get("offset", 0), job.parameters.get("no", 1))
    after = job.parameters.get("after", 0)
    last = _last_of(file, after, JUDGE_ROWS)
    if last is None:
        return _checked(file)
    kind = import_kinds[file.kind]
    verdicts, _plan = kind.judge(_held_groups(file, kind, after, last), Batch(file, now))
    _note(file, verdicts)
    return Chunk(done=_between(file, after, last), step=gettext_noop("Judging"), parameters={"after": last})


@runs(RUN)
@shop.read_once()
def run_chunk(job: LongJob, now: datetime) -> Chunk:
    """The next rows are judged once more and written."""
    file = Import.objects.get(pk=job.parameters["import"])
    after = job.parameters.get("after", 0)
    last = _last_of(file, after, WRITE_ROWS)
    if last is None:
        Import.objects.filter(pk=file.pk).update(
            state=Import.State.DONE, counts=count_fates(file), finished_at=now
        )
        return Chunk(finished=True, result=count_fates(file))
    as_history()
    kind, batch = import_kinds[file.kind], Batch(file, now)
    verdicts, plan = kind.judge(_held_groups(file, kind, after, last), batch)
    _note(file, verdicts)
    _note_written(file, kind.write(plan, verdicts, batch))
    return Chunk(done=_between(file, after, last), step=gettext_noop("Writing"), parameters={"after": last})


@runs(UNDO)
@shop.read_once()
def undo_chunk(job: LongJob, now: datetime) -> Chunk:
    """The last rows that were written are taken back first."""
    file = Import.objects.get(pk=job.parameters["import"])
    rows = list(
        ImportRow.objects.filter(file=file, state=ImportRow.State.WRITTEN)
        .order_by("-no")
        .values_list("no", "customer_id", "before")[:WRITE_ROWS]
    )
    if not rows:
        left = ImportRow.objects.filter(file=file, state=ImportRow.State.LEFT).count()
        Import.objects.filter(pk=file.pk).update(state=Import.State.UNDONE, result={"left": left})
        return Chunk(finished=True, result={"left": left})
    as_history()
    written = [Written(no, customer_id, before or {}) for no, customer_id, before in rows]
    left_rows = import_kinds[file.kind].take_back(written, Batch(file, now))
    _note_undone(file, [one.no for one in written], left_rows)
    return Chunk(done=len(rows), step=gettext_noop("Taking back"))


def count_fates(file: Import) -> dict[str, int]:
    """Rows by fate."""
    counted = ImportRow.objects.filter(file=file).values_list("fate").annotate(n=Count("no"))
    return dict(counted.order_by("fate"))


def cells_of(row: ImportRow) -> list[str]:
    """The cells of a row as they came."""
    cells: list[str] = json.loads(row.cells)
    return cells


# -- reading ------------------------------------------------------------------------------------------
def _read_chunk(file: Import, offset: int, no: int) -> Chunk:
    kind = import_kinds[file.kind]
    records = list(islice(files.read_from(file.token, offset), READ_ROWS + (no == 1)))
    if not records:
        return _all_read(file)
    numbered = list(enumerate((cells for _offset, cells in records), start=no))
    if no == 1:
        numbered = numbered[1:]  # the head
    read = RowReader(kind, file.mapping, file.options)
    _store(file, [_taken(file, kind, read, number, cells) for number, cells in numbered if any(cells)])
    return Chunk(
        done=len(numbered),
        step=gettext_noop("Reading"),
        parameters={"offset": records[-1][0], "no": no + len(records)},
    )


def _taken(
    file: Import, kind: ImportKind, read: RowReader, no: int, cells: list[str]
) -> tuple[Row | None, Verdict | None, Any]:
    """A record as a row with its mark, or as a refused one."""
    packed = json.dumps(cells, ensure_ascii=False)
    if len(cells) > len(file.head) and any(cells[len(file.head) :]):
        return None, refused("too_many_cells"), (no, packed)
    values, problem = read(cells)
    if problem is None and kind.needs_customer and file.match_key not in values:
        problem = refused("missing", file.match_key)
    if problem is not None:
        return None, problem, (no, packed)
    key = str(values.get(file.match_key, ""))
    return Row(no, "", key, None, values, packed), None, (no, packed)


def _store(file: Import, taken: Sequence[tuple[Row | None, Verdict | None, Any]]) -> None:
    """COPY the rows and look up whose their keys are; a mark is made where that is known."""
    kind = import_kinds[file.kind]
    owners = _owners(file, {row.key for row, _verdict, _raw in taken if row is not None})
    copy_rows(
        "users_importrow",
        (
            "file_id",
            "no",
            "mark",
            "key",
            "customer_id",
            "cells",
            "fate",
            "code",
            "field",
            "detail",
            "state",
            "left",
        ),
        (_as_stored(file, kind, one, owners) for one in taken),
    )


def _owners(file: Import, keys: set[str]) -> dict[str, int]:
    if not file.match_key:
        return {}
    if file.match_key == ORDER_NUMBER:
        return people.owners_of_orders(keys)
    rows = fetch(
        "SELECT value, customer_id FROM users_identity WHERE kind = %s AND value = ANY(%s)",
        [file.match_key, sorted(keys)],
    )
    return dict(rows)


def _as_stored(
    file: Import, kind: ImportKind, taken: tuple[Row | None, Verdict | None, Any], owners: dict[str, int]
) -> tuple[Any, ...]:
    row, verdict, (no, cells) = taken
    if row is None:
        assert verdict is not None
        detail = json.dumps(verdict.detail, ensure_ascii=False)
        return (
            file.pk,
            no,
            None,
            "",
            None,
            cells,
            verdict.fate.value,
            verdict.code,
            verdict.field,
            detail,
            "waiting",
            "",
        )
    row.customer_id = owners.get(row.key)
    return (
        file.pk,
        no,
        kind.mark(row)[:LONGEST_MARK],
        row.key,
        row.customer_id,
        cells,
        "",
        "",
        "",
        "{}",
        "waiting",
        "",
    )


def _all_read(file: Import) -> Chunk:
    """Refuse what is too much for one customer or order, and let the file go."""
    execute("ANALYZE users_importrow")  # the statements from here on are planned by what the file holds
    execute(statement("refuse_crowds"), {"file": file.pk, "most": MOST_TOGETHER})
    return Chunk(parameters={"is_read": True, "after": 0}, step=gettext_noop("Judging"))


def _checked(file: Import) -> Chunk:
    files.remove(file.token)
    counts = count_fates(file)
    Import.objects.filter(pk=file.pk).update(state=Import.State.CHECKED, counts=counts)
    return Chunk(finished=True, result=counts)


# -- judging and writing --------------------------------------------------------------------------------
def _last_of(file: Import, after: int, size: int) -> int | None:
    """The number of the last of the next ``size`` rows that are to be judged."""
    rows = fetch(
        "SELECT max(no) FROM (SELECT no FROM users_importrow WHERE file_id = %s AND no > %s"
        " ORDER BY no LIMIT %s) AS next",
        [file.pk, after, size],
    )
    last: int | None = rows[0][0]
    return last


def _between(file: Import, after: int, last: int) -> int:
    return ImportRow.objects.filter(file=file, no__gt=after, no__lte=last).count()


def _held_groups(file: Import, kind: ImportKind, after: int, last: int) -> list[list[Row]]:
    """The groups, read with the locks of their customers held.

    Whoever had a customer before us may have erased the person, and the rows with it, or joined the customer
    to another: so what was read before a lock was taken is read again.
    """
    held: set[int] = set()
    for _attempt in range(TRIES):
        rows = _rows_together(file, after, last)
        named = {customer_id for _no, _mark, _key, customer_id, _cells in rows if customer_id}
        if named <= held:
            return _groups(file, kind, rows)
        held |= named
        stages.lock(named)
    raise RuntimeError("the customers of the rows were joined to others again and again")


def _rows_together(file: Import, after: int, last: int) -> list[tuple[int, str, str, int | None, str]]:
    """All rows of the groups whose first row lies in the range, each with its customer as of now."""
    rows = fetch(statement("rows_together"), {"file": file.pk, "after": after, "last": last})
    late = _owners(file, {key for _no, _mark, key, customer_id, _cells in rows if customer_id is None})
    return [
        (no, mark, key, customer_id or late.get(key), cells) for no, mark, key, customer_id, cells in rows
    ]


def _groups(
    file: Import, kind: ImportKind, rows: list[tuple[int, str, str, int | None, str]]
) -> list[list[Row]]:
    """Rows by what they are about.

    Customers who were joined after the file was read are one group, as if they had been joined before.
    """
    read = RowReader(kind, file.mapping, file.options)
    groups: dict[str, list[Row]] = {}
    for no, _mark, key, customer_id, cells in rows:
        values, _problem = read(json.loads(cells))
        row = Row(no, "", key, customer_id, values, cells)
        row.mark = kind.mark(row)[:LONGEST_MARK]
        groups.setdefault(row.mark, []).append(row)
    return [sorted(group, key=lambda row: row.no) for group in groups.values()]


def _note(file: Import, verdicts: Verdicts) -> None:
    """Write the fates beside the rows."""
    temporary_table("judged", "no integer, fate text, code text, field text, detail jsonb")
    copy_rows(
        "judged",
        ("no", "fate", "code", "field", "detail"),
        (
            (
                no,
                one.fate.value,
                one.code[:40],
                one.field[:100],
                json.dumps(one.detail, ensure_ascii=False).replace("\\u0000", ""),
            )
            for no, one in verdicts.items()
        ),
    )
    execute(
        "UPDATE users_importrow row SET fate = judged.fate, code = judged.code, field = judged.field,"
        " detail = judged.detail FROM judged WHERE row.file_id = %s AND row.no = judged.no"
        # Nearly every row is judged the second time as in the dry run, and need not be written again.
        " AND (row.fate, row.code, row.field, row.detail)"
        " IS DISTINCT FROM (judged.fate, judged.code, judged.field, judged.detail)",
        [file.pk],
    )


def _note_written(file: Import, written: dict[int, tuple[int | None, dict[str, Any]]]) -> None:
    temporary_table("written_row", "no integer, customer_id bigint, before jsonb")
    copy_rows(
        "written_row",
        ("no", "customer_id", "before"),
        (
            (no, customer_id, json.dumps(before, ensure_ascii=False))
            for no, (customer_id, before) in written.items()
        ),
    )
    execute(
        "UPDATE users_importrow row SET state = 'written', customer_id = written.customer_id, before = written.before"
        " FROM written_row written WHERE row.file_id = %s AND row.no = written.no",
        [file.pk],
    )


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
