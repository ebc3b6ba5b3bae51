"""Importing tags: put on customers who are known; a cell may hold several."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _

from config.kit.batches import fetch
from users import cells
from users.cells import Unreadable
from users.models import Fate, Tag
from users.services import stages
from users.services.imports.kinds import (
    KEY_FIELDS,
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
from users.services.tags import LONGEST
from users.services.touch import touch
from users.topics import TouchTopic


def _tags(cell: str, options: Options) -> list[str]:
    names = cells.listed(cell)
    if any(len(name) > LONGEST for name in names):
        raise Unreadable("too_long")
    return names


def _category(cell: str, options: Options) -> str:
    return cells.text(cell, LONGEST)


FIELDS = (
    *KEY_FIELDS,
    Field("tags", _("Tags"), _tags, is_required=True),
    Field("category", _("Category of new tags"), _category),
)


@dataclass(slots=True)
class Labels:
    """The tags that will be put on: row and names."""

    chosen: list[tuple[Row, list[str]]] = field(default_factory=list)


class Tags(ImportKind):
    """Tags on customers."""

    name = "tags"
    title = _("Tags")
    about = _("Puts tags on customers who are known; several in a cell are parted by a semicolon.")
    fields = FIELDS
    extra_options = ("tags",)

    def mark(self, row: Row) -> str:
        """One customer."""
        return f"#{row.customer_id}" if row.customer_id else row.key

    def judge(self, groups: Sequence[list[Row]], batch: Batch) -> tuple[Verdicts, Labels]:
        """Which tags a row adds to those on record and to those of the rows before it."""
        ids = {group[0].customer_id for group in groups if group[0].customer_id}
        stages.lock(ids)
        on_record = _on_record(ids)
        plan = Labels()
        verdicts: Verdicts = {}
        for group in groups:
            has = on_record.get(group[0].customer_id or 0, set())
            from_file: dict[str, int] = {}
            for row in group:
                verdicts[row.no], added = _judge(row, has, from_file, batch)
                if added:
                    plan.chosen.append((row, added))
        return verdicts, plan

    def write(
        self, plan: Labels, verdicts: Verdicts, batch: Batch
    ) -> dict[int, tuple[int | None, dict[str, Any]]]:
        """Make the tags that are new, put them on."""
        categories = {name: row.values.get("category", "") for row, names in plan.chosen for name in names}
        Tag.objects.bulk_create(
            [Tag(name=name, category=categories[name]) for name in sorted(categories)], ignore_conflicts=True
        )
        ids = dict(Tag.objects.filter(name__in=categories).values_list("name", "pk"))
        pairs = [(row.customer_id or 0, ids[name]) for row, names in plan.chosen for name in names]
        fetch(
            "INSERT INTO users_customertag (customer_id, tag_id, tagged_at, source)"
            " SELECT customer_id, tag_id, %s, 'import' FROM unnest(%s::bigint[], %s::bigint[])"
            " AS told (customer_id, tag_id) ON CONFLICT DO NOTHING RETURNING 1",
            [batch.now, [pk for pk, _ in pairs], [tag for _, tag in pairs]],
        )
        touch({pk for pk, _ in pairs}, TouchTopic.TAGS)
        return {
            row.no: (row.customer_id, {"tags": [ids[name] for name in names], "at": batch.now.isoformat()})
            for row, names in plan.chosen
        }

    def take_back(self, rows: Sequence[Written], batch: Batch) -> dict[int, str]:
        """Take off the tags that are still as the import put them on."""
        told = [
            (row.customer_id or 0, tag, row.before["at"], row.no)
            for row in rows
            for tag in row.before["tags"]
        ]
        gone = fetch(
            "DELETE FROM users_customertag tagged USING unnest(%s::bigint[], %s::bigint[], %s::timestamptz[])"
            " AS told (customer_id, tag_id, at)"
            " WHERE tagged.customer_id = told.customer_id AND tagged.tag_id = told.tag_id"
            " AND tagged.source = 'import' AND tagged.tagged_at = told.at RETURNING tagged.customer_id, tagged.tag_id",
            [[one[0] for one in told], [one[1] for one in told], [one[2] for one in told]],
        )
        removed = set(gone)
        touch({customer_id for customer_id, _ in removed}, TouchTopic.TAGS)
        return {no: "touched" for customer_id, tag, _at, no in told if (customer_id, tag) not in removed}


def _judge(row: Row, has: set[str], from_file: dict[str, int], batch: Batch) -> tuple[Verdict, list[str]]:
    if row.customer_id is None:
        return refused("no_such_customer", batch.file.match_key), []
    added = [name for name in row.values["tags"] if name not in has and name not in from_file]
    if not added:
        before = next((from_file[name] for name in row.values["tags"] if name in from_file), None)
        return (Verdict(Fate.UNCHANGED) if before is None else duplicate_of(before)), []
    from_file |= dict.fromkeys(added, row.no)
    return Verdict(Fate.NEW, detail={"tags": added}), added


def _on_record(ids: set[int]) -> dict[int, set[str]]:
    rows = fetch(
        "SELECT customer_id, tag.name FROM users_customertag JOIN users_tag tag ON tag.id = tag_id"
        " WHERE customer_id = ANY(%s)",
        [sorted(ids)],
    )
    found: dict[int, set[str]] = {}
    for customer_id, name in rows:
        found.setdefault(customer_id, set()).add(name)
    return found


register(Tags())
