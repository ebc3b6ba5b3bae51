"""What an operator does with an import: upload, name the columns, start, undo, download what was refused."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import IO, Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from config.kit.refusal import Refusal
from users import cells, shop
from users.models import Import, ImportRow, LongJob, Operator
from users.services import audit, long_jobs
from users.services.imports import files
from users.services.imports.kinds import Field, ImportKind, RowReader, guess, import_kinds
from users.services.imports.reading import Reading, finish, go_on
from users.services.imports.running import CHECK, RUN, UNDO
from users.services.long_jobs import Chunk, runs

READ = "users.import_read"
SAMPLE_ROWS = 500
DISCARDABLE = (
    Import.State.RECEIVED, Import.State.UNREADABLE, Import.State.UPLOADED, Import.State.CHECKING, Import.State.CHECKED,
)  # fmt: skip

kept_days = shop.declare(
    "import_kept_days",
    30,
    gettext_lazy("Days after which the rows of an import are removed; until then it can be undone"),
    section=shop.FILES,
)


def upload(
    kind: str,
    file: IO[bytes],
    *,
    name: str,
    size: int,
    by: Operator | None,
    now: datetime,
    actor: str = "",
) -> Import:
    """Keep a file as it came; a job reads it. Raises Refusal for what can be seen at once to be no table."""
    if kind not in import_kinds.names():
        raise Refusal("unknown_kind", _("Choose what the file holds."), field="kind")
    token = files.keep_raw(file, size)
    made = Import(
        kind=kind, file_name=files.clean_name(name), token=token, rows=0, by=by, told_at=now,
        state=Import.State.RECEIVED,
    )  # fmt: skip
    with transaction.atomic():
        made.save()
        made.job = long_jobs.start(
            READ, title=lambda: _("Read %(file)s") % {"file": made.file_name}, by=by,
            parameters={"import": made.pk}, total=size, actor=actor,
        )  # fmt: skip
        made.save(update_fields=["job"])
        audit.record("import.upload", by=by, actor=actor, target=made, after={"kind": kind})
    return made


NO_TABLE = ("no_head", "no_rows")
"""A cover or notes: the table is looked for on the sheets behind."""


@runs(READ)
def read_chunk(job: LongJob, now: datetime) -> Chunk:
    """The next seconds of reading; at the end the columns are guessed, or remembered from the last such file."""
    made = Import.objects.select_for_update().get(pk=job.parameters["import"])
    reading = Reading(**job.parameters.get("reading", {}))
    before = _share_read(reading)
    try:
        go_on(made.token, reading)
        if not reading.is_done:
            return Chunk(
                done=int((_share_read(reading) - before) * (job.total or 0)),
                step=gettext_noop("Reading"),
                parameters={"reading": reading.as_parameters()},
            )
        _take(made, finish(made.token, reading))
    except files.Unreadable as problem:
        if made.sheet and reading.wanted not in ("", made.sheet):  # back to the sheet that could be read
            made.result = {"problem": problem.code, "values": problem.values, "sheet": reading.wanted}
            made.save(update_fields=["result"])
            return Chunk(parameters={"reading": Reading(wanted=made.sheet).as_parameters()})
        if problem.code in NO_TABLE and (following := reading.following_sheet()):
            return Chunk(parameters={"reading": Reading(wanted=following).as_parameters()})
        files.remove(made.token)
        made.state = Import.State.UNREADABLE
        made.result = {"problem": problem.code, "values": problem.values}
        made.save(update_fields=["state", "result"])
        return Chunk(finished=True)
    return Chunk(finished=True, result={"rows": made.rows})


@transaction.atomic
def choose_sheet(file: Import, sheet: str, *, by: Operator | None, actor: str = "") -> LongJob:
    """Read another sheet of the workbook instead. Raises Refusal for one that it does not have."""
    held = _held(file, Import.State.UPLOADED)
    if sheet not in held.sheets or not files.raw_of(held.token).exists():
        raise Refusal("unknown_sheet", _("This workbook has no such sheet to choose."), field="sheet")
    held.state, held.options, held.result = Import.State.RECEIVED, {}, {}
    held.job = long_jobs.start(
        READ, title=lambda: _("Read %(file)s") % {"file": held.file_name}, by=by,
        total=held.job.total if held.job else None,
        parameters={"import": held.pk, "reading": Reading(wanted=sheet).as_parameters()},
    )  # fmt: skip
    held.save()
    audit.record(
        "import.sheet", by=by, actor=actor, target=held, before={"sheet": held.sheet}, after={"sheet": sheet}
    )
    return held.job


def _share_read(reading: Reading) -> float:
    """How much of the work is done: decoding counts for a quarter."""
    if not reading.is_text:
        return 0.0
    return 0.25 + 0.75 * reading.taken / max(1, reading.text_end)


def _take(made: Import, table: files.Table) -> None:
    """What the file turned out to be; its columns guessed."""
    fingerprint = hashlib.sha256("\n".join(name.lower() for name in table.head).encode()).hexdigest()
    made.encoding, made.head, made.rows = table.encoding, table.head, table.rows
    made.sheet, made.sheets = table.sheet, list(table.sheets)
    made.fingerprint, made.state = fingerprint, Import.State.UPLOADED
    before = remembered(made.kind, fingerprint)
    made.mapping = before.mapping if before else guess(import_kinds[made.kind], table.head)
    made.match_key = before.match_key if before else _first_key(import_kinds[made.kind], made.mapping)
    if not made.options:  # a page that knows what the file is for has answered already
        made.options = {**before.options, "day_order": ""} if before else {}
    made.save()


def remembered(kind: str, fingerprint: str) -> Import | None:
    """The last import of this kind whose file had this head, with its columns named."""
    unnamed = (Import.State.RECEIVED, Import.State.UNREADABLE, Import.State.UPLOADED)
    named = Import.objects.filter(kind=kind, fingerprint=fingerprint).exclude(state__in=unnamed)
    return named.order_by("-pk").first()


def _first_key(kind: ImportKind, mapping: Mapping[str, str]) -> str:
    return next((key for key in kind.keys if key in mapping.values()), "")


def sample(file: Import, rows: int = SAMPLE_ROWS) -> list[list[str]]:
    """The first rows of an uploaded file, below its head."""
    found = []
    for position, (_offset, record) in enumerate(files.read_from(file.token, 0)):
        if position > rows:
            break
        found.append(record)
    return found[1:]


def day_order_of(file: Import, mapping: Mapping[str, str]) -> tuple[str, bool]:
    """The order of days and months that the file's first rows give away, and whether they leave it open."""
    dates = {one.name for one in import_kinds[file.kind].fields if one.is_date}
    positions = [int(position) for position, name in mapping.items() if name in dates]
    texts = [record[position] for record in sample(file) for position in positions if position < len(record)]
    return cells.day_order(texts)


@transaction.atomic
def check(
    file: Import,
    *,
    mapping: Mapping[str, str],
    match_key: str,
    options: Mapping[str, Any],
    by: Operator | None,
    actor: str = "",
) -> LongJob:
    """Name the columns and start the dry run. Raises Refusal for columns that cannot be meant."""
    file = _held(file, Import.State.UPLOADED, Import.State.CHECKED)
    if file.state == Import.State.CHECKED:
        raise Refusal(
            "checked", _("This file has been checked. Upload it again to name its columns differently.")
        )
    kind = import_kinds[file.kind]
    _check_mapping(kind, file, mapping)
    defaults = {name: text for name, text in dict(options.get("defaults", {})).items() if text}
    _check_needed(kind, mapping, match_key, defaults)
    order, is_open = day_order_of(file, mapping)
    chosen = options.get("day_order") or order
    if is_open and not chosen:
        raise Refusal(
            "ambiguous_date",
            _("Dates like 03/04/2026 can be read in two ways. Say which comes first."),
            field="day_order",
        )
    file.mapping, file.match_key = dict(mapping), match_key
    file.options = {"day_order": chosen, "defaults": defaults}
    file.result = {}
    files.remove_shapes(file.token)
    _values, problem = RowReader(kind, {}, file.options)([])
    if problem is not None and problem.field in defaults:
        raise Refusal(
            "bad_default",
            _("“%(text)s” does not fit here.") % {"text": defaults[problem.field]},
            field=problem.field,
        )
    return _start(
        file,
        CHECK,
        Import.State.CHECKING,
        gettext_noop("Check %(file)s"),
        total=file.rows,
        by=by,
        actor=actor,
    )


def _check_mapping(kind: ImportKind, file: Import, mapping: Mapping[str, str]) -> None:
    known = {one.name for one in kind.fields}
    taken: set[str] = set()
    for position, name in mapping.items():
        is_own = name.startswith("attribute:") and kind.name == "customers" and len(name) <= 110
        is_column = position.isdecimal() and len(position) < 4 and int(position) < len(file.head)
        if not is_column or not (is_own or name in known):
            raise Refusal("bad_mapping", _("Choose for each column what it holds."))
        if name in taken:
            raise Refusal(
                "doubled_field",
                _("Two columns cannot both be “%(name)s”.") % {"name": title_of(kind, name)},
                field=position,
            )
        taken.add(name)


def _check_needed(
    kind: ImportKind, mapping: Mapping[str, str], match_key: str, defaults: Mapping[str, str]
) -> None:
    if kind.needs_customer and (match_key not in kind.keys or match_key not in mapping.values()):
        raise Refusal(
            "no_match_key",
            _("Choose by which column customers are recognised, and say which column that is."),
            field="match_key",
        )
    for one in kind.fields:
        if one.is_required and one.name not in mapping.values() and one.name not in defaults:
            raise Refusal("missing_field", _("Say which column holds “%(name)s”.") % {"name": one.title})


def title_of(kind: ImportKind, name: str) -> str:
    """A field in words."""
    if name.startswith("attribute:"):
        return name.partition(":")[2]
    found: Field | None = next((one for one in kind.fields if one.name == name), None)
    return str(found.title) if found else name


@transaction.atomic
def start(file: Import, *, by: Operator | None, actor: str = "") -> LongJob:
    """Write what the dry run showed."""
    file = _held(file, Import.State.CHECKED)
    return _start(
        file, RUN, Import.State.RUNNING, gettext_noop("Import %(file)s"), total=file.rows, by=by, actor=actor
    )


@transaction.atomic
def undo(file: Import, *, by: Operator | None, actor: str = "") -> LongJob:
    """Take back what an import wrote, also one that stopped half way."""
    held = _held(file, Import.State.DONE, Import.State.RUNNING, Import.State.UNDOING)
    if held.state != Import.State.DONE and not has_stopped(held):
        raise Refusal("still_running", _("It is still at work. Cancel it first."))
    written = ImportRow.objects.filter(file=file, state=ImportRow.State.WRITTEN).count()
    if not written:
        raise Refusal(
            "nothing_to_undo",
            _("Nothing is left to undo: no row was written, or the rows have been removed."),
        )
    return _start(
        held, UNDO, Import.State.UNDOING, gettext_noop("Undo %(file)s"), total=written, by=by, actor=actor
    )


@transaction.atomic
def discard(file: Import, *, by: Operator | None, actor: str = "") -> None:
    """Remove an import that wrote nothing, with its file."""
    held = _held(file, *DISCARDABLE)
    if held.state in (Import.State.RECEIVED, Import.State.CHECKING) and not has_stopped(held):
        raise Refusal("still_running", _("It is still at work. Cancel it first."))
    audit.record("import.discard", by=by, actor=actor, target=held)
    files.remove(held.token)
    held.delete()


def has_stopped(file: Import) -> bool:
    """Whether the job of a step ended without finishing it: it was cancelled, or it failed."""
    return file.job is not None and file.job.state in (LongJob.State.CANCELLED, LongJob.State.FAILED)


def resume(file: Import, *, by: Operator | None, actor: str = "") -> LongJob:
    """Carry on a step that was cancelled or failed, from the row at which it stopped."""
    with transaction.atomic():
        held = _held(
            file, Import.State.RECEIVED, Import.State.CHECKING, Import.State.RUNNING, Import.State.UNDOING
        )
        if not has_stopped(held) or held.job is None:
            raise Refusal("still_running", _("It is still at work. Cancel it first."))
        old = held.job
        job = long_jobs.start(old.kind, title=old.title, by=by, parameters=old.parameters, total=old.total)
        LongJob.objects.filter(pk=job.pk).update(done=old.done)
        held.job = job
        held.save(update_fields=["job"])
        audit.record("import.resume", by=by, actor=actor, target=held)
    return job


def _held(file: Import, *states: str) -> Import:
    """The import, locked, in one of the states; raises Refusal in another."""
    held = Import.objects.select_for_update(of=("self",)).select_related("job").get(pk=file.pk)
    if held.state not in states:
        raise Refusal(
            "wrong_state",
            _("This import is “%(state)s” now; that cannot be done with it.")
            % {"state": held.get_state_display()},
        )
    return held


def _start(
    file: Import, kind: str, state: str, title: str, *, total: int, by: Operator | None, actor: str
) -> LongJob:
    file.job = long_jobs.start(
        kind,
        title=lambda: _(title) % {"file": file.file_name},
        by=by,
        parameters={"import": file.pk},
        total=total,
        actor=actor,
    )
    file.state = state
    file.save()
    audit.record(
        f"import.{kind.rpartition('_')[2]}",
        by=by,
        actor=actor,
        target=file,
        after={"kind": file.kind, "rows": file.rows},
    )
    return file.job


def remove_old(now: datetime) -> int:
    """Remove the rows and files of imports that are old enough; the imports stay as a line with their counts."""
    until = now - timedelta(days=kept_days.get())
    old: Sequence[Import] = list(
        Import.objects.filter(told_at__lt=until).exclude(result__has_key="removed")[:50]
    )
    for file in old:
        files.remove(file.token)
        ImportRow.objects.filter(file=file).delete()
        Import.objects.filter(pk=file.pk).update(result={**file.result, "removed": True})
    return len(old)
