"""An uploaded file becomes a plain table on disk: UTF-8, commas, one record after the other.

What it is (CSV in one of four encodings, or an Excel workbook) is decided by its bytes, never by its name; the
name is kept for people only and the file lies under a random one. Memory does not grow with the file: text is
read in blocks, a workbook (``workbooks.py``) is unpacked to disk once its inflated size was looked at.
"""

import csv
import errno
import io
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from config.kit.refusal import Refusal
from users import shop

MOST_COLUMNS = 100
LONGEST_CELL = 10_000
SAMPLE = 64 * 1024
BLOCK = 1024 * 1024
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
DELIMITERS = ",;\t|"
OTHER_FILES = {
    b"\xd0\xcf\x11\xe0": "xls", b"\x89PNG": "picture", b"\xff\xd8\xff": "picture", b"GIF8": "picture",
    b"%PDF": "pdf", b"\x1f\x8b": "gzip", b"Rar!": "archive", b"7z\xbc\xaf": "archive",
}  # fmt: skip

PROBLEMS: dict[str, StrOrPromise] = {
    "too_large": gettext_lazy(
        "The file is larger than %(n)s MB. Split it, or raise the limit in the settings."
    ),
    "empty": gettext_lazy("The file is empty."),
    "no_rows": gettext_lazy("The file has a head and no row below it."),
    "no_head": gettext_lazy("The first row must name the columns; it is empty."),
    "too_many_columns": gettext_lazy(
        "The file has %(n)s columns; %(most)s can be read. Remove those that are not needed."
    ),
    "doubled_head": gettext_lazy("Two columns are called “%(name)s”. Give each its own name."),
    "old_excel": gettext_lazy("This is an Excel file of the old kind (.xls). Save it as .xlsx or CSV."),
    "no_table": gettext_lazy(
        "This is no table but a picture, PDF or archive, whatever its name says. Choose a CSV or Excel file."
    ),
    "bad_encoding": gettext_lazy(
        "This file is neither UTF-8 nor UTF-16 nor GB18030. Save it as “CSV UTF-8”."
    ),
    "nul": gettext_lazy(
        "The file holds NUL characters: it is damaged, or no text file. Save it as “CSV UTF-8”."
    ),
    "bad_quotes": gettext_lazy("A quote mark is missing somewhere: a cell has no end."),
    "cell_too_long": gettext_lazy("A cell holds more than %(n)s characters. A quote mark may be missing."),
    "bad_workbook": gettext_lazy("This Excel file cannot be opened. Save it once more, or as CSV."),
    "unreckoned": gettext_lazy(
        "Cell %(cell)s is a formula whose result was never computed. Open the file in Excel, save it, upload it again."
    ),
    "zip_bomb": gettext_lazy("This workbook unpacks to more than %(n)s MB. Save it as CSV."),
    "no_room": gettext_lazy(
        "The server's disk is full; nothing was kept. Tell whoever runs it, then try again."
    ),
    "gone": gettext_lazy("The file is gone: it was removed when somebody was erased. Upload it again."),
}
"""Why a file is no table, in words; the values stand beside the code."""

max_megabytes = shop.declare(
    "import_max_mb", 100, gettext_lazy("Largest file that may be imported (MB)"), section=shop.FILES
)


class Unreadable(Refusal):
    """A file that is no table. ``values`` fill the sentence, so that it can be worded again for another reader."""

    def __init__(self, code: str, **values: Any) -> None:
        super().__init__(code, problem_in_words(code, values), field="file")
        self.values = values


def problem_in_words(code: str, values: Mapping[str, Any]) -> str:
    """Why a file is no table, in the reader's language."""
    return str(PROBLEMS.get(code, code)) % values


@dataclass(frozen=True, slots=True)
class Table:
    """A file that was taken in: under which name it lies, its head, how many rows follow, how it was read.

    Of a workbook: which of its sheets that can be seen.
    """

    token: str
    head: list[str]
    rows: int
    encoding: str
    sheet: str = ""
    sheets: Sequence[str] = ()


def folder() -> Path:
    """Where uploaded files lie until they are read; not below what is served."""
    place = Path(settings.DATA_DIR) / "imports"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place


def path_of(token: str) -> Path:
    """The place of a file by its token."""
    return folder() / f"{token}.csv"


def raw_of(token: str) -> Path:
    """The place of a file as it came."""
    return folder() / f"{token}.raw"


def text_of(token: str) -> Path:
    """The place of a file's text, decoded and not yet taken apart."""
    return folder() / f"{token}.text"


def sheet_of(token: str) -> Path:
    """The place of a workbook's sheet, unpacked."""
    return folder() / f"{token}.sheet"


def shared_of(token: str) -> Path:
    """The place of a workbook's table of shared texts, unpacked."""
    return folder() / f"{token}.shared"


def strings_of(token: str) -> Path:
    """The place of the shared texts, one behind the other."""
    return folder() / f"{token}.strings"


def places_of(token: str) -> Path:
    """The place of where each shared text ends."""
    return folder() / f"{token}.places"


def remove(token: str) -> None:
    """Remove a file in every shape; one that is gone already is fine."""
    remove_shapes(token)
    path_of(token).unlink(missing_ok=True)


def remove_shapes(token: str, *, keep_raw: bool = False) -> None:
    """Remove what a plain table was made from; the file as it came may stay, to be read once more."""
    for place in (text_of, sheet_of, shared_of, strings_of, places_of, *(() if keep_raw else (raw_of,))):
        place(token).unlink(missing_ok=True)


def remove_all() -> int:
    """Remove every file that waits to be read; how many."""
    found = list(folder().glob("*.*"))
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)


def clean_name(name: str) -> str:
    """A file's name for people: the last part of whatever path it came with, printable."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(c for c in last if c.isprintable()).strip()[:200] or "file"


def keep_raw(upload: IO[bytes], size: int) -> str:
    """Keep an upload as it came, to be read by a job; its token. Raises Unreadable for what is seen at once."""
    limit = max_megabytes.get()
    if size > limit * 1024 * 1024:
        raise Unreadable("too_large", n=limit)
    if size == 0:
        raise Unreadable("empty")
    begin = upload.read(8)
    upload.seek(0)
    if not is_workbook(begin):
        _refuse_other_files(begin)
    token = secrets.token_hex(16)
    try:
        with raw_of(token).open("xb") as file:
            shutil.copyfileobj(upload, file, BLOCK)
    except OSError as problem:
        remove(token)
        if problem.errno in NO_ROOM:
            raise Unreadable("no_room") from None
        raise
    return token


def is_workbook(begin: bytes) -> bool:
    """Whether a file that begins so is a zip, as workbooks are."""
    return begin[:4] == b"PK\x03\x04"


def read_from(token: str, offset: int) -> Iterator[tuple[int, list[str]]]:
    """The records of a plain table from a byte offset on, each with the offset behind it."""
    with path_of(token).open("rb") as file:
        file.seek(offset)
        # Records may hold line breaks; the reader takes as many lines as it needs and then says so here.
        for record in csv.reader(lines_of(file)):
            yield file.tell(), record


def lines_of(file: IO[bytes]) -> Iterator[str]:
    while line := file.readline():
        yield line.decode()


def head_of(cells: Sequence[str]) -> list[str]:
    """The names of the columns; raises Refusal where they cannot be told apart."""
    names = [" ".join(cell.split())[:100] for cell in cells]
    while names and not names[-1]:
        names.pop()
    if not names:
        raise Unreadable("no_head")
    if len(names) > MOST_COLUMNS:
        raise Unreadable("too_many_columns", n=len(names), most=MOST_COLUMNS)
    names = [name or _("Column %(n)s") % {"n": position} for position, name in enumerate(names, start=1)]
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            raise Unreadable("doubled_head", name=name)
        seen.add(name.lower())
    return names


def _refuse_other_files(begin: bytes) -> None:
    kind = next((kind for magic, kind in OTHER_FILES.items() if begin.startswith(magic)), "")
    if kind == "xls":
        raise Unreadable("old_excel")
    if kind:
        raise Unreadable("no_table")


def delimiter_of(sample: str) -> str:
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


def plain_cell(cell: str) -> str:
    if len(cell) > LONGEST_CELL:
        raise Unreadable("cell_too_long", n=LONGEST_CELL)
    # Files put one behind the other carry the mark of each in their midst.
    cell = cell.removeprefix("\ufeff")
    # The apostrophe by which an export keeps a spreadsheet from taking a cell for a formula is not part of it.
    return cell[1:] if cell.startswith("'") and cell[1:2] in tuple("=+-@\t\r\n") else cell


def plain_value(value: Any) -> str:
    """A value of a workbook as text."""
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
