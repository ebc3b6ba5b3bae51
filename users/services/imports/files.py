"""An uploaded file becomes a plain table on disk: UTF-8, commas, one record after the other.

What it is (CSV in one of four encodings, or an Excel workbook) is decided by its bytes, never by its name; the
name is kept for people only and the file lies under a random one. Memory does not grow with the file: text is
read in blocks, a workbook by openpyxl's read-only mode after its inflated size was looked at.
"""

import codecs
import csv
import io
import secrets
import zipfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.utils.translation import gettext as _

from config.kit.refusal import Refusal
from users import shop

MOST_COLUMNS = 100
MOST_CELLS = 1_000_000
"""Of a workbook: more takes longer than a page may take; as CSV there is no such limit."""
MOST_INFLATED = 300 * 1024 * 1024
LONGEST_CELL = 10_000
SAMPLE = 64 * 1024
BLOCK = 1024 * 1024
DELIMITERS = ",;\t|"
OTHER_FILES = {
    b"\xd0\xcf\x11\xe0": "xls", b"\x89PNG": "picture", b"\xff\xd8\xff": "picture", b"GIF8": "picture",
    b"%PDF": "pdf", b"\x1f\x8b": "gzip", b"Rar!": "archive", b"7z\xbc\xaf": "archive",
}  # fmt: skip

max_megabytes = shop.declare("import_max_mb", 100, _("Largest file that may be imported (MB)"))


@dataclass(frozen=True, slots=True)
class Table:
    """A file that was taken in: under which name it lies, its head, how many rows follow, how it was read."""

    token: str
    head: list[str]
    rows: int
    encoding: str


def folder() -> Path:
    """Where uploaded files lie until they are read; not below what is served."""
    place = Path(settings.DATA_DIR) / "imports"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place


def path_of(token: str) -> Path:
    """The place of a file by its token."""
    return folder() / f"{token}.csv"


def remove(token: str) -> None:
    """Remove a file; one that is gone already is fine."""
    path_of(token).unlink(missing_ok=True)


def remove_all() -> int:
    """Remove every file that waits to be read; how many."""
    found = list(folder().glob("*.csv"))
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)


def clean_name(name: str) -> str:
    """A file's name for people: the last part of whatever path it came with, printable."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(c for c in last if c.isprintable()).strip()[:200] or "file"


def take_in(upload: IO[bytes], size: int) -> Table:
    """Read an upload into a plain table. Raises Refusal with a sentence for every file that is none."""
    limit = max_megabytes.get()
    if size > limit * 1024 * 1024:
        raise _refusal(
            "too_large",
            _("The file is larger than %(n)s MB. Split it, or raise the limit in the settings.")
            % {"n": limit},
        )
    if size == 0:
        raise _refusal("empty", _("The file is empty."))
    begin = upload.read(8)
    upload.seek(0)
    token = secrets.token_hex(16)
    try:
        if begin[:4] == b"PK\x03\x04":
            with closing(_workbook(upload)) as records:
                return _write(token, records, "Excel")
        _refuse_other_files(begin)
        encoding = _encoding(upload)
        with closing(_records(upload, encoding)) as records:
            return _write(token, records, encoding)
    except BaseException:
        remove(token)
        raise


def read_from(token: str, offset: int) -> Iterator[tuple[int, list[str]]]:
    """The records of a plain table from a byte offset on, each with the offset behind it."""
    with path_of(token).open("rb") as file:
        file.seek(offset)
        # Records may hold line breaks; the reader takes as many lines as it needs and then says so here.
        for record in csv.reader(_lines(file)):
            yield file.tell(), record


def _lines(file: IO[bytes]) -> Iterator[str]:
    while line := file.readline():
        yield line.decode()


def _write(token: str, records: Iterator[Sequence[str]], encoding: str) -> Table:
    rows = 0
    with path_of(token).open("x", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        head = _head(next(records, []))
        writer.writerow(head)
        for record in records:
            rows += 1
            writer.writerow(record)
    if not rows:
        raise _refusal("no_rows", _("The file has a head and no row below it."))
    return Table(token, head, rows, encoding)


def _head(cells: Sequence[str]) -> list[str]:
    """The names of the columns; raises Refusal where they cannot be told apart."""
    names = [" ".join(cell.split())[:100] for cell in cells]
    while names and not names[-1]:
        names.pop()
    if not names:
        raise _refusal("no_head", _("The first row must name the columns; it is empty."))
    if len(names) > MOST_COLUMNS:
        raise _refusal(
            "too_many_columns",
            _("The file has %(n)s columns; %(most)s can be read. Remove those that are not needed.")
            % {"n": len(names), "most": MOST_COLUMNS},
        )
    names = [name or _("Column %(n)s") % {"n": position} for position, name in enumerate(names, start=1)]
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            raise _refusal(
                "doubled_head",
                _("Two columns are called “%(name)s”. Give each its own name.") % {"name": name},
            )
        seen.add(name.lower())
    return names


def _refuse_other_files(begin: bytes) -> None:
    kind = next((kind for magic, kind in OTHER_FILES.items() if begin.startswith(magic)), "")
    if kind == "xls":
        raise _refusal(
            "old_excel", _("This is an Excel file of the old kind (.xls). Save it as .xlsx or CSV.")
        )
    if kind:
        raise _refusal(
            "no_table",
            _(
                "This is no table but a picture, PDF or archive, whatever its name says. Choose a CSV or Excel file."
            ),
        )


def _encoding(upload: IO[bytes]) -> str:
    """How the text is encoded, found by reading all of it; the reader stands at the beginning again."""
    begin = upload.read(4)
    if begin[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        candidates = ["utf-16"]
    elif begin[:3] == codecs.BOM_UTF8:
        candidates = ["utf-8-sig"]
    else:
        candidates = ["utf-8", "gb18030"]
    for encoding in candidates:
        if _decodes(upload, encoding):
            return encoding
    raise _refusal(
        "bad_encoding",
        _("This file is neither UTF-8 nor UTF-16 nor GB18030. Save it as “CSV UTF-8”."),
    )


def _decodes(upload: IO[bytes], encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    upload.seek(0)
    try:
        while block := upload.read(BLOCK):
            if "\0" in decoder.decode(block):
                raise _refusal("nul", _("The file holds NUL characters: it is damaged, or no text file."))
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    upload.seek(0)
    return True


def _records(upload: IO[bytes], encoding: str) -> Generator[list[str], None, None]:
    text = io.TextIOWrapper(upload, encoding=encoding, newline="")
    try:
        delimiter = _delimiter(text.read(SAMPLE))
        text.seek(0)
        for record in csv.reader(text, delimiter=delimiter):
            yield [_checked(cell) for cell in record]
    except csv.Error:
        raise _refusal("bad_quotes", _("A quote mark is missing somewhere: a cell has no end.")) from None
    finally:
        text.detach()


def _delimiter(sample: str) -> str:
    """What parts the cells: the sign that gives the most columns, the same number in most records."""
    best, most = ",", 0.0
    for sign in DELIMITERS:
        try:
            records = list(csv.reader(io.StringIO(sample, newline=""), delimiter=sign))[:20]
        except csv.Error:
            continue
        widths = [len(record) for record in records if record]
        if widths and widths[0] > 1:
            worth = widths[0] * sum(width == widths[0] for width in widths) / len(widths)
            if worth > most:
                best, most = sign, worth
    return best


def _checked(cell: str) -> str:
    if len(cell) > LONGEST_CELL:
        raise _refusal(
            "cell_too_long",
            _("A cell holds more than %(n)s characters. A quote mark may be missing.") % {"n": LONGEST_CELL},
        )
    # The apostrophe by which an export keeps a spreadsheet from taking a cell for a formula is not part of it.
    return cell[1:] if cell.startswith("'") and cell[1:2] in tuple("=+-@\t\r\n") else cell


def _workbook(upload: IO[bytes]) -> Generator[list[str], None, None]:
    """The rows of the first sheet as texts; of formulas the values that Excel last saw."""
    import openpyxl

    _refuse_bombs(upload)
    try:
        book = openpyxl.load_workbook(upload, read_only=True, data_only=True)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        rows = sheet.iter_rows(values_only=True)
        yield from _limited(rows)
    except Refusal:
        raise
    except Exception:
        # A broken workbook breaks anywhere inside the reader, with whatever error.
        raise _refusal(
            "bad_workbook", _("This Excel file cannot be opened. Save it once more, or as CSV.")
        ) from None


def _limited(rows: Iterator[Sequence[Any]]) -> Iterator[list[str]]:
    cells = 0
    for row in rows:
        cells += len(row)
        if cells > MOST_CELLS:
            raise _refusal(
                "too_many_cells",
                _("The sheet holds more than %(n)s cells. Save it as CSV: that is read at any length.")
                % {"n": MOST_CELLS},
            )
        texts = [_checked(_plain(value)) for value in row]
        while texts and not texts[-1]:
            texts.pop()
        yield texts


def _refuse_bombs(upload: IO[bytes]) -> None:
    """A workbook is a zip; one that would inflate beyond measure is refused before anything is unpacked."""
    try:
        with zipfile.ZipFile(upload) as archive:
            names = {entry.filename for entry in archive.infolist()}
            inflated = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, NotImplementedError):
        raise _refusal(
            "bad_workbook", _("This Excel file cannot be opened. Save it once more, or as CSV.")
        ) from None
    if "xl/workbook.xml" not in names:
        raise _refusal(
            "no_table",
            _(
                "This is no table but a picture, PDF or archive, whatever its name says. Choose a CSV or Excel file."
            ),
        )
    if inflated > MOST_INFLATED:
        raise _refusal(
            "zip_bomb",
            _("This workbook unpacks to more than %(n)s MB. Save it as CSV.")
            % {"n": MOST_INFLATED // 1024**2},
        )
    upload.seek(0)


def _plain(value: Any) -> str:
    """A cell of a workbook as text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value).replace("\0", "")


def _refusal(code: str, sentence: str) -> Refusal:
    return Refusal(code, sentence, field="file")
