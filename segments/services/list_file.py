"""Filling a list from a file: every row names one customer. The machinery is that of all imports."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _

from config.kit.batches import fetch
from segments.models import Segment, SegmentKind, SegmentState
from segments.services import lists
from users.cells import Unreadable
from users.models import Fate, ImportRow
from users.services.imports.kinds import (
    KEY_FIELDS,
    KEYS,
    ORDER_NUMBER,
    Batch,
    Field,
    ImportKind,
    Options,
    Row,
    Verdict,
    Verdicts,
    Written,
    duplicate_of,
    refused,
    register,
)

KIND = "list_members"
WAYS = {
    "add": ("add", "", "加入", "添加"),
    "remove": ("remove", "移出", "删除"),
    "replace": ("replace", "替换", "覆盖"),
}


def _text(cell: str, options: Options) -> str:
    return cell.strip()[:255]


def _way(cell: str, options: Options) -> str:
    plain = cell.strip().lower()
    found = next((way for way, words in WAYS.items() if plain in words), None)
    if found is None:
        raise Unreadable("unknown_choice")
    return found


FIELDS = (
    *KEY_FIELDS,
    Field(ORDER_NUMBER, _("Order number"), _text),
    Field("list", _("List (its name)"), _text, is_required=True),
    Field("how", _("add, remove or replace"), _way),
)


@dataclass(slots=True)
class Moves:
    """What writing does: (list, way) → rows that change it.

    ``seen``: (list, customer) → the row that named them first; ``ways``: the way of each list; ``first``: the
    first row of the part in hand.
    """

    rows: dict[tuple[int, str], list[Row]] = field(default_factory=dict)
    seen: dict[tuple[int, int], int] = field(default_factory=dict)
    lists: dict[int, Segment] = field(default_factory=dict)
    ways: dict[int, str] = field(default_factory=dict)
    first: int | None = None


class ListMembers(ImportKind):
    """Members of lists."""

    name = KIND
    title = _("Members of a list")
    about = _("Puts customers who are known on a list, takes them off, or makes the list hold just them.")
    fields = FIELDS
    extra_options = ("list", "how")
    keys = {**KEYS, ORDER_NUMBER: _("Order number")}

    def mark(self, row: Row) -> str:
        """One customer."""
        return f"#{row.customer_id}" if row.customer_id else row.key

    def judge(self, groups: Sequence[list[Row]], batch: Batch) -> tuple[Verdicts, Moves]:
        """Found and new, found and there already, doubled, not found."""
        named = {row.values["list"] for group in groups for row in group}
        known = {one.name: one for one in _lists().filter(name__in=named)}
        plan = Moves(lists={one.pk: one for one in known.values()})
        ids = {row.customer_id for group in groups for row in group if row.customer_id}
        there = _there(set(plan.lists), ids)
        verdicts: Verdicts = {}
        for row in (row for group in groups for row in group):
            plan.first = row.no if plan.first is None else min(plan.first, row.no)
            verdicts[row.no] = _judge(row, known.get(row.values["list"]), there, plan, batch)
        return verdicts, plan

    def write(
        self, plan: Moves, verdicts: Verdicts, batch: Batch
    ) -> dict[int, tuple[int | None, dict[str, Any]]]:
        """One run per list and part of the file; the first part of a replacement takes off who is not named."""
        written: dict[int, tuple[int | None, dict[str, Any]]] = {}
        for (pk, how), rows in sorted(plan.rows.items()):
            ids = [row.customer_id for row in rows if row.customer_id]
            changed = lists.write(plan.lists[pk], ids, "remove" if how == "remove" else "add")
            if changed.run is not None:
                told = {"list": pk, "how": how, "run": changed.run.pk}
                written |= {row.no: (row.customer_id, told) for row in rows}
        if plan.first is not None and not _is_under_way(batch):
            for pk in sorted(pk for pk, how in plan.ways.items() if how == "replace"):
                cleared = _clear(plan.lists[pk], batch)
                if cleared:
                    customer_id, told = written.get(plan.first, (None, {}))
                    written[plan.first] = (customer_id, {**told, "cleared": [pk, cleared]})
        return written

    def take_back(self, rows: Sequence[Written], batch: Batch) -> dict[int, str]:
        """Undo rows that nobody has overridden since; the list as it was before a replacement comes last."""
        left: dict[int, str] = {}
        by_list: dict[tuple[int, str], list[Written]] = {}
        for row in rows:
            if "list" in row.before:
                by_list.setdefault((row.before["list"], row.before["how"]), []).append(row)
        alive = {one.pk: one for one in _lists()}
        for (pk, how), told in by_list.items():
            left |= _undo(alive.get(pk), how, told)
        for pk, run in (row.before["cleared"] for row in rows if "cleared" in row.before):
            if pk in alive:
                lists.write(alive[pk], (_CLEARED, [pk, run]), "add")
        return left


def _judge(
    row: Row, segment: Segment | None, there: set[tuple[int, int]], plan: Moves, batch: Batch
) -> Verdict:
    if segment is None:
        return refused("no_such_list", "list", cell=row.values["list"][:60])
    if row.customer_id is None:
        return refused("no_such_customer", batch.file.match_key)
    how = row.values.get("how", "add")
    said = plan.seen.setdefault((segment.pk, row.customer_id), row.no)
    if said != row.no:
        return duplicate_of(said)
    plan.ways[segment.pk] = how
    is_there = (segment.pk, row.customer_id) in there
    if is_there == (how != "remove"):
        return Verdict(Fate.UNCHANGED)
    plan.rows.setdefault((segment.pk, how), []).append(row)
    return Verdict(Fate.CHANGES if how == "remove" else Fate.NEW)


def _lists() -> Any:
    return Segment.objects.filter(kind=SegmentKind.LIST, state=SegmentState.LIVE)


def _there(segments: set[int], customers: set[int]) -> set[tuple[int, int]]:
    rows = fetch(
        "SELECT segment_id, customer_id FROM segments_membership"
        " WHERE customer_id = ANY(%s) AND segment_id = ANY(%s)",
        [sorted(customers), sorted(segments)],
    )
    return {(segment, customer) for segment, customer in rows}


def _is_under_way(batch: Batch) -> bool:
    """Whether an earlier part of the file has been written: then the list was cleared with it."""
    return ImportRow.objects.filter(file=batch.file, state=ImportRow.State.WRITTEN).exists()


def _clear(segment: Segment, batch: Batch) -> int | None:
    """Take off who is not named in the file; the run. A file in which nobody is found takes off nobody."""
    if not ImportRow.objects.filter(file=batch.file, customer__isnull=False).exists():
        return None
    run = lists.write(segment, (_STRANGERS, [segment.pk, batch.file.pk]), "remove").run
    return run.pk if run is not None else None


_STRANGERS = """
    SELECT customer_id FROM segments_membership WHERE segment_id = %s AND customer_id NOT IN (
        SELECT customer_id FROM users_importrow WHERE file_id = %s AND customer_id IS NOT NULL
    )
"""
# Who was taken off in a run and has not been heard of on this list since.
_CLEARED = """
    SELECT gone.customer_id FROM segments_membershipchange gone
    WHERE gone.segment_id = %s AND gone.run_id = %s AND NOT gone.entered
      AND NOT EXISTS (SELECT FROM segments_membershipchange later WHERE later.customer_id = gone.customer_id
                      AND later.segment_id = gone.segment_id AND later.run_id > gone.run_id)
"""


def _undo(segment: Segment | None, how: str, rows: Sequence[Written]) -> dict[int, str]:
    if segment is None:
        return {row.no: "gone" for row in rows}
    latest = dict(
        fetch(
            "SELECT customer_id, max(run_id) FROM segments_membershipchange"
            " WHERE segment_id = %s AND customer_id = ANY(%s) GROUP BY customer_id",
            [segment.pk, [row.customer_id for row in rows]],
        )
    )
    ours = [row for row in rows if row.customer_id and latest.get(row.customer_id) == row.before["run"]]
    lists.write(
        segment, [row.customer_id for row in ours if row.customer_id], "add" if how == "remove" else "remove"
    )
    kept = {row.no for row in ours}
    return {row.no: "touched" for row in rows if row.no not in kept}


register(ListMembers())
