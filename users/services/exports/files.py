"""Files that go out: CSV, or an Excel workbook, written in parts so that a killed worker goes on where it was.

Memory does not grow with the file: rows are appended to a plain part, and a workbook is that part inside a zip.
No cell can be a formula: CSV cells get an apostrophe, Excel cells are texts and marked as such.
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import IO
from xml.sax.saxutils import escape

from django.conf import settings

from config.kit.sheets import safe

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
SHEETS = "application/vnd.openxmlformats-officedocument.spreadsheetml"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
FORMS = {"csv": "text/csv; charset=utf-8", "xlsx": f"{SHEETS}.sheet"}


def _typed(part: str, kind: str) -> str:
    return f'<Override PartName="/xl/{part}.xml" ContentType="{SHEETS}.{kind}+xml"/>'


def _related(number: int, kind: str, target: str) -> str:
    return f'<Relationship Id="rId{number}" Type="{RELATIONS}/{kind}" Target="{target}"/>'


PARTS = {
    "[Content_Types].xml": f'{HEAD}<Types xmlns="{PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Default Extension="xml" ContentType="application/xml"/>{_typed("workbook", "sheet.main")}'
    f"{_typed('styles', 'styles')}{_typed('worksheets/sheet1', 'worksheet')}</Types>",
    "_rels/.rels": f'{HEAD}<Relationships xmlns="{PACKAGE}/relationships">'
    f"{_related(1, 'officeDocument', 'xl/workbook.xml')}</Relationships>",
    "xl/workbook.xml": f'{HEAD}<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>'
    '<sheet name="Regulars" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'{HEAD}<Relationships xmlns="{PACKAGE}/relationships">'
    f"{_related(1, 'worksheet', 'worksheets/sheet1.xml')}{_related(2, 'styles', 'styles.xml')}</Relationships>",
    # The second format is Excel's own apostrophe: the cell stays text even when somebody edits it.
    "xl/styles.xml": f'{HEAD}<styleSheet xmlns="{MAIN}"><fonts count="1"><font/></fonts>'
    '<fills count="1"><fill><patternFill patternType="none"/></fill></fills><borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf/></cellStyleXfs>'
    '<cellXfs count="2"><xf/><xf quotePrefix="1"/></cellXfs></styleSheet>',
}
SHEET_BEGIN = f'{HEAD}<worksheet xmlns="{MAIN}"><sheetData>'
SHEET_END = "</sheetData></worksheet>"
_NOT_XML = {code: None for code in range(32) if code not in (9, 10, 13)} | {0xFFFE: None, 0xFFFF: None}


def folder() -> Path:
    """Where finished files wait for their download; not below what is served."""
    place = Path(settings.DATA_DIR) / "exports"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place


def path_of(token: str, form: str) -> Path:
    """The place of a file."""
    return folder() / f"{token}.{form}"


def remove(token: str) -> None:
    """Remove a file in every form, finished or not."""
    for path in folder().glob(f"{token}.*"):
        path.unlink(missing_ok=True)


def remove_all() -> int:
    """Remove every file; how many."""
    found = list(folder().iterdir())
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)


def append(
    token: str, form: str, offset: int, rows: Iterable[Sequence[object]], *, marked: bool = True
) -> int:
    """Write rows behind ``offset`` (what lies beyond it was written by a worker that died); where they end."""
    with _part(token).open("r+b" if offset else "wb") as file:
        file.truncate(offset)
        file.seek(offset)
        if form == "csv":
            _append_csv(file, rows, is_marked=marked and offset == 0)
        else:
            if not offset:
                file.write(SHEET_BEGIN.encode())
            for row in rows:
                file.write(f"<row>{''.join(map(_cell, row))}</row>".encode())
        return file.tell()


def finish(token: str, form: str, offset: int) -> int:
    """Make the part, as far as ``offset``, a file that can be fetched; its size. Doing it again does no harm."""
    target = path_of(token, form)
    if target.is_file():
        return target.stat().st_size
    with _part(token).open("r+b") as file:
        file.truncate(offset)
    if form == "csv":
        _part(token).replace(target)
        return target.stat().st_size
    with _part(token).open("ab") as file:
        file.write(SHEET_END.encode())
    unready = target.with_suffix(".zip")
    with zipfile.ZipFile(unready, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, text in PARTS.items():
            archive.writestr(name, text)
        archive.write(_part(token), "xl/worksheets/sheet1.xml")
    unready.replace(target)
    _part(token).unlink()
    return target.stat().st_size


def _part(token: str) -> Path:
    return folder() / f"{token}.part"


def _append_csv(file: IO[bytes], rows: Iterable[Sequence[object]], *, is_marked: bool) -> None:
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    if is_marked:
        text.write("\ufeff")
    csv.writer(text).writerows([safe(cell) for cell in row] for row in rows)
    text.flush()
    text.detach()


def _cell(value: object) -> str:
    if value is None or value == "":
        return "<c/>"
    if isinstance(value, bool):
        return f'<c t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float | Decimal):
        return f"<c><v>{value}</v></c>"
    plain = value.isoformat() if isinstance(value, datetime | date) else str(value)
    style = ' s="1"' if safe(plain) != plain else ""
    return f'<c t="inlineStr"{style}><is><t xml:space="preserve">{escape(plain.translate(_NOT_XML))}</t></is></c>'
