"""The rows of a file in their table: whose they are, which belong together, what was said of them.

Rows that belong together (one customer, one order) are judged and written together, wherever in the file they stand.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from config.kit.batches import copy_rows, execute, fetch, temporary_table
from users.models import Import
from users.services import stages
from users.services.imports import people
from users.services.imports.kinds import (
    ORDER_NUMBER,
    ImportKind,
    Kept,
    Row,
    RowReader,
    Together,
    Verdict,
    Verdicts,
)
from users.services.sql import statement

LONGEST_MARK = 320
TRIES = 10
STORED = (
    "file_id", "no", "mark", "key", "customer_id", "cells", "fate", "code", "field", "detail", "state", "left", "ready",
)  # fmt: skip
Said = tuple[str, str, str, str]
"""A verdict as it is kept: fate, code, field, detail as JSON."""


def packed(cells: Sequence[str]) -> str:
    """Cells as a row keeps them."""
    return orjson.dumps(cells).decode()


def hold_owners(file: Import, rows: Sequence[Row]) -> None:
    """Say whose the rows are, and hold those customers: nobody is joined or erased until this is committed."""
    keys = {row.key for row in rows}
    held: set[int] = set()
    for _attempt in range(TRIES):
        owners = _owners(file, keys)
        named = set(owners.values())
        if named <= held:
            for row in rows:
                row.customer_id = owners.get(row.key)
            return
        held |= named
        stages.lock(named)
    raise RuntimeError("the customers of the rows were joined to others again and again")


def _owners(file: Import, keys: set[str]) -> dict[str, int]:
    if not file.match_key or not keys:
        return {}
    if file.match_key == ORDER_NUMBER:
        return people.owners_of_orders(keys)
    rows = fetch(
        "SELECT value, customer_id FROM users_identity WHERE kind = %s AND value = ANY(%s)",
        [file.match_key, sorted(keys)],
    )
    return dict(rows)


def in_groups(kind: ImportKind, rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Rows by what they are about, in the order of the file.

    Customers who were joined after the file was read are one group, as if they had been joined before.
    """
    groups: dict[str, list[Row]] = {}
    for row in rows:
        row.mark = kind.mark(row)[:LONGEST_MARK]
        groups.setdefault(row.mark, []).append(row)
    return groups


def marks_before(file: Import, marks: Iterable[str]) -> set[str]:
    """Of which groups a part was read before."""
    rows = fetch(
        "SELECT DISTINCT mark FROM users_importrow WHERE file_id = %s AND mark = ANY(%s)",
        [file.pk, list(marks)],
    )
    return {mark for (mark,) in rows}


def store(
    file: Import, rows: Iterable[Row], verdicts: Mapping[int, Verdict], ready: Mapping[int, str]
) -> None:
    """Keep rows, with what was said of them already. One without a mark is refused and of no group."""
    nothing: Said = ("", "", "", "{}")
    copy_rows(
        "users_importrow",
        STORED,
        (
            (
                file.pk, row.no, row.mark or None, row.key, row.customer_id, row.cells,
                *(_said(verdicts[row.no]) if row.no in verdicts else nothing), "waiting", "", ready.get(row.no),
            )
            for row in rows
        ),
    )  # fmt: skip


def hold(
    file: Import, numbers: Sequence[int], *, first_only: bool, owners: Iterable[int] = ()
) -> list[Together]:
    """The groups of these rows, read with the locks of their customers held, in the order of the file.

    So the first row of a customer whom nobody knows makes the customer, and is undone last. ``first_only``: only groups
    whose first row is among them; ``owners``: whose the rows are known to be. Whoever had a customer before us may have
    erased the person, and the rows with it, or joined the customer to another: so what was read before a lock was taken
    is read again.
    """
    held = set(owners)
    stages.lock(held)
    for _attempt in range(TRIES):
        rows = _together(file, numbers, first_only)
        named = {row.customer_id for row in rows if row.customer_id}
        if named <= held:
            return _in_their_groups(rows)
        held |= named
        stages.lock(named)
    raise RuntimeError("the customers of the rows were joined to others again and again")


def _together(file: Import, numbers: Sequence[int], first_only: bool) -> list[Kept]:
    """All rows of the groups, each with its customer as of now."""
    asked = {"file": file.pk, "numbers": list(numbers), "first_only": first_only}
    rows = [Kept(*row) for row in fetch(statement("rows_together"), asked)]
    late = _owners(file, {row.key for row in rows if row.customer_id is None})
    return [
        row._replace(customer_id=late[row.key]) if row.customer_id is None and row.key in late else row
        for row in rows
    ]


def _in_their_groups(rows: Iterable[Kept]) -> list[Together]:
    groups: dict[str, list[Kept]] = {}
    for row in sorted(rows):
        groups.setdefault(row.mark, []).append(row)
    return [Together(mark, members) for mark, members in groups.items()]


def read_again(file: Import, kind: ImportKind, groups: Iterable[Together]) -> list[list[Row]]:
    """Rows of the table as judging takes them, by what they are about now."""
    read = RowReader(kind, file.mapping, file.options)
    kept = sorted(row for group in groups for row in group.rows)
    found = (
        Row(row.no, "", row.key, row.customer_id, read(orjson.loads(row.cells))[0], row.cells) for row in kept
    )
    return list(in_groups(kind, found).values())


def note(file: Import, verdicts: Verdicts, groups: Iterable[Together], ready: Mapping[int, str]) -> None:
    """Write what is said of rows now beside them, where it is not what was said before: nearly nowhere."""
    before = {row.no: row for group in groups for row in group.rows}
    changed = [
        (no, said)
        for no, one in verdicts.items()
        if not _is_same(said := _said(one), before.get(no)) or no in ready
    ]
    if not changed:
        return
    temporary_table("judged", "no integer, fate text, code text, field text, detail jsonb, ready text")
    copy_rows(
        "judged",
        ("no", "fate", "code", "field", "detail", "ready"),
        ((no, *said, ready.get(no)) for no, said in changed),
    )
    execute(
        "UPDATE users_importrow row SET fate = judged.fate, code = judged.code, field = judged.field,"
        " detail = judged.detail, ready = judged.ready FROM judged WHERE row.file_id = %s AND row.no = judged.no",
        [file.pk],
    )


def _said(verdict: Verdict) -> Said:
    detail = orjson.dumps(verdict.detail, default=str).decode() if verdict.detail else "{}"
    return verdict.fate.value, verdict.code[:40], verdict.field[:100], detail.replace("\\u0000", "")


def _is_same(now: Said, before: Kept | None) -> bool:
    """Whether the row says so already; the database writes JSON in a way of its own."""
    if before is None or now[:3] != (before.fate, before.code, before.field):
        return False
    return now[3] == before.detail or bool(orjson.loads(now[3]) == orjson.loads(before.detail))


def note_written(file: Import, written: Mapping[int, tuple[int | None, dict[str, Any]]]) -> None:
    """Keep beside rows that were written whose they became, and what undoing needs."""
    temporary_table("written_row", "no integer, customer_id bigint, before jsonb")
    copy_rows(
        "written_row",
        ("no", "customer_id", "before"),
        (
            (no, customer_id, orjson.dumps(before, default=str).decode())
            for no, (customer_id, before) in written.items()
        ),
    )
    execute(
        "UPDATE users_importrow row SET state = 'written', customer_id = written.customer_id, before = written.before,"
        " ready = NULL"
        " FROM written_row written WHERE row.file_id = %s AND row.no = written.no",
        [file.pk],
    )
