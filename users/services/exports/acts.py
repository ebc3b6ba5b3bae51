"""Asking for an export, making it in parts, fetching it, removing what has expired."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from config.kit import told, words
from config.kit.refusal import Refusal
from users.groups import read_group
from users.models import Customer, Export, LongJob, Operator, Role
from users.services import audit, long_jobs
from users.services.exports import files
from users.services.exports.kinds import export_kinds
from users.services.long_jobs import Chunk, runs

EXPORT = "users.export"
CUSTOMERS = 5_000
KEPT_FOR = timedelta(hours=24)
MOST_LISTED = 50_000
"""Customers that the list hands out at once; more are what exports are for."""
MOST_WAITING = 5
"""Exports that one operator may have under way."""


@transaction.atomic
def ask(
    kind: str,
    *,
    columns: Sequence[str],
    form: str,
    group: str = "",
    by: Operator | None,
    now: datetime,
    actor: str = "",
) -> Export:
    """Ask for a file of everybody, or of a group. Raises Refusal for what cannot be exported."""
    found = export_kinds.get(kind)
    if found is None or form not in files.FORMS:
        raise Refusal("unknown_kind", _("Choose what to export."), field="kind")
    names = found.head(columns)
    if not names:
        raise Refusal("no_columns", _("Choose at least one column."), field="columns")
    waiting = Export.objects.filter(by=by, ready_at=None, job__state__in=long_jobs.OPEN, **_of_key(actor))
    if waiting.count() >= MOST_WAITING:
        raise Refusal("too_many", _("Several exports of yours are still being made. Wait for them."))

    def title() -> str:
        return words.named(found.title, read_group(group, now).sentence if group else _("All customers"))

    export = Export(
        kind=kind, title=title()[: told.LONGEST], token=secrets.token_hex(16), form=form, by=by, created_at=now,
        options={
            "columns": names, "group": group, "titles": told.in_every_language(title),
            **({"actor": actor} if actor else {}),
        },
    )  # fmt: skip
    export.save()
    export.job = long_jobs.start(
        EXPORT,
        title=lambda: _("Export %(what)s") % {"what": title()},
        by=by,
        parameters={"export": export.pk},
        actor=actor,
    )
    export.save(update_fields=["job"])
    audit.record(
        "export.ask", by=by, actor=actor, target=export, after={"kind": kind, "columns": names, "form": form}
    )
    return export


@runs(EXPORT)
def export_chunk(job: LongJob, now: datetime) -> Chunk:
    """The rows of the next few thousand customers."""
    export = Export.objects.get(pk=job.parameters["export"])
    kind, names = export_kinds[export.kind], export.options["columns"]
    after, offset = job.parameters.get("after", 0), job.parameters.get("offset", 0)
    if not offset:
        offset = files.append(export.token, export.form, 0, [kind.head(names)])
    ids = _next(export, after, now)
    if not ids:
        size = files.finish(export.token, export.form, offset)
        Export.objects.filter(pk=export.pk).update(
            ready_at=now, expires_at=now + KEPT_FOR, size=size, rows=job.parameters.get("rows", 0)
        )
        return Chunk(finished=True, result={"rows": job.parameters.get("rows", 0)})
    number = count(job.parameters.get("rows", 0))  # what comes next of it is how many rows have been written
    rows = (row for row, _number in zip(kind.rows(names, ids), number, strict=False))
    offset = files.append(export.token, export.form, offset, rows)
    at = {"after": ids[-1], "offset": offset, "rows": next(number)}
    return Chunk(done=len(ids), step=gettext_noop("Writing"), parameters=at)


def _next(export: Export, after: int, now: datetime) -> list[int]:
    customers = Customer.objects.living().filter(pk__gt=after)
    group = export.options.get("group", "")
    chosen = (
        customers.filter(pk__in=read_group(group, now).customers)
        if group
        else customers.filter(identified=True)
    )
    return list(chosen.order_by("pk").values_list("pk", flat=True)[:CUSTOMERS])


def note_list(customers: int, *, filters: Mapping[str, str], by: Operator) -> None:
    """Put on record that a list of customers goes out at once. Raises Refusal for one too long for that."""
    if customers > MOST_LISTED:
        raise Refusal(
            "too_many",
            _("More than %(n)s customers are too many for this file. Choose Export: it has no such limit.")
            % {"n": words.number(MOST_LISTED)},
        )
    audit.record("export.list", by=by, after={"customers": customers, "filters": dict(filters)})


def _of_key(actor: str) -> dict[str, Any]:
    """The condition on what a key asked for, as far as a key asks."""
    return {"options__actor": actor} if actor else {}


def may_fetch(export: Export, operator: Operator | None, actor: str = "") -> bool:
    """Only who asked for it, and an owner."""
    if operator is None:
        return bool(actor) and export.options.get("actor") == actor
    return export.by_id == operator.pk or operator.role == Role.OWNER


def fetch(export: Export, *, by: Operator | None, now: datetime, actor: str = "") -> Path:
    """The file, once more on record. Raises Refusal for somebody else's, an unready or an expired one."""
    if not may_fetch(export, by, actor):
        raise Refusal(
            "not_yours", _("There is nothing at this address. It may have been removed."), status=404
        )
    if export.expires_at is None or export.expires_at <= now:
        raise Refusal("expired", _("This file is gone. Ask for the export again."), status=404)
    path = files.path_of(export.token, export.form)
    if not path.is_file():
        raise Refusal("expired", _("This file is gone. Ask for the export again."), status=404)
    audit.record("export.fetch", by=by, actor=actor, target=export, after={"rows": export.rows})
    return path


def remove_old(now: datetime) -> int:
    """Remove files that have expired and those that were never finished; how many."""
    gone = Export.objects.filter(expires_at__lte=now).exclude(size=-1) | Export.objects.filter(
        ready_at=None, created_at__lt=now - KEPT_FOR
    ).exclude(size=-1)
    removed = 0
    for export in gone:
        files.remove(export.token)
        removed += 1
    gone.update(size=-1)
    return removed
