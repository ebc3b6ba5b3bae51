"""The first step of an import, as a job: the file as it came becomes a plain table, some seconds at a time.

Text is decoded into UTF-8 first, whichever of four encodings it is in, then taken apart record by record; both go on
at a byte, so that a worker that is killed repeats a few seconds at most. A workbook goes the same way: see there.
"""

import codecs
import csv
import gc
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from django.db import transaction

from users.services.imports import files, workbooks
from users.services.imports.files import BLOCK, SAMPLE, Table, Unreadable
from users.services.imports.workbooks import Sheet

SECONDS = 6.0
UTF_8, GB18030, UTF_16 = "utf-8", "gb18030", "utf-16"


@dataclass(slots=True)
class Reading:
    """How far a file has been read: bytes of it decoded, bytes of its text taken apart, bytes and rows written.

    ``wanted``: the sheet of a workbook that was asked for.
    """

    wanted: str = ""
    encoding: str = ""
    decoded: int = 0
    text_end: int = 0
    is_text: bool = False
    taken: int = 0
    written: int = 0
    rows: int = 0
    delimiter: str = ""
    head: list[str] = field(default_factory=list)
    sheet: dict[str, Any] = field(default_factory=dict)
    is_done: bool = False

    def as_parameters(self) -> dict[str, Any]:
        """As a job remembers it."""
        return asdict(self)

    def following_sheet(self) -> str:
        """The sheet behind the one that is being read; "" behind the last, and where there are none."""
        if not self.sheet:
            return ""
        names = self.sheet["names"]
        return next(iter(names[names.index(self.sheet["name"]) + 1 :]), "")


def go_on(token: str, reading: Reading, *, seconds: float = SECONDS) -> Reading:
    """Read on for some seconds. Raises Unreadable for a file that is no table."""
    until = time.monotonic() + seconds
    try:
        if not reading.encoding:
            _begin(token, reading)
        if reading.encoding == "Excel":
            _take_workbook(token, reading, until)
        elif not reading.is_text:
            _decode(token, reading, until)
        else:
            _take_apart(token, reading, until)
    except FileNotFoundError:
        raise Unreadable("gone") from None
    return reading


def finish(token: str, reading: Reading) -> Table:
    """The table of a file that was read to its end. Raises Unreadable for one without rows.

    What it was made of goes when that is on record: a worker killed before reads the last step again.
    """
    if not reading.rows:
        raise Unreadable("no_rows")
    sheets = reading.sheet.get("names", [])
    transaction.on_commit(lambda: files.remove_shapes(token, keep_raw=len(sheets) > 1))
    return Table(token, reading.head, reading.rows, reading.encoding, reading.sheet.get("name", ""), sheets)


def take_in(upload: IO[bytes], size: int) -> Table:
    """Keep an upload and read it to its end, at once. Raises Unreadable, and leaves nothing behind then."""
    token = files.keep_raw(upload, size)
    reading = Reading()
    try:
        while not reading.is_done:
            go_on(token, reading)
        return finish(token, reading)
    except BaseException:
        files.remove(token)
        raise


def _begin(token: str, reading: Reading) -> None:
    """What the first bytes say."""
    with files.raw_of(token).open("rb") as raw:
        begin = raw.read(SAMPLE)
    if files.is_workbook(begin):
        reading.encoding = "Excel"
    elif begin[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        reading.encoding, reading.decoded = UTF_16, 2
    elif unmarked := _unmarked(begin):
        reading.encoding = unmarked
    elif begin[:3] == codecs.BOM_UTF8:
        reading.encoding, reading.decoded = "utf-8-sig", 3
    else:
        reading.encoding = UTF_8


def _unmarked(begin: bytes) -> str:
    """UTF-16 without its mark: every other byte of its commas, digits and line ends is 0."""
    for codec, first in (("utf-16-le", 1), ("utf-16-be", 0)):
        is_lines = "\n".encode(codec) in begin and not begin[1 - first :: 2].count(0)
        if is_lines and begin[first::2].count(0) > len(begin) // 8:
            return codec
    return ""


def _decode(token: str, reading: Reading, until: float) -> None:
    """Decode the next blocks; what is not UTF-8 after all is read as GB18030 from its beginning."""
    with files.raw_of(token).open("rb") as raw, _opened(files.text_of(token), reading.text_end) as text:
        raw.seek(0)
        codec = _codec(reading.encoding, raw.read(2))
        raw.seek(reading.decoded)
        while block := _whole_lines(raw, codec):
            try:
                plain = block.decode(codec)
            except UnicodeDecodeError:
                if reading.encoding != UTF_8:
                    raise Unreadable("bad_encoding") from None
                reading.encoding, reading.decoded, reading.text_end = GB18030, 0, 0
                return
            if "\0" in plain:
                raise Unreadable("nul")
            text.write(plain.replace("\r\n", "\n").replace("\r", "\n"))
            reading.decoded += len(block)
            if time.monotonic() > until:
                break
        else:
            reading.is_text = True
        reading.text_end = text.tell()


def _codec(encoding: str, begin: bytes) -> str:
    if encoding == UTF_16:
        return "utf-16-le" if begin == codecs.BOM_UTF16_LE else "utf-16-be"
    return UTF_8 if encoding == "utf-8-sig" else encoding


def _whole_lines(raw: IO[bytes], codec: str) -> bytes:
    """The next block up to the end of a line, which in none of the encodings is a part of another sign."""
    block = raw.read(BLOCK)
    if not codec.startswith("utf-16"):
        return block + raw.readline() if block else block
    end = "\n".encode(codec)
    while block and not block.endswith(end) and (more := raw.read(2)):
        block += more
    return block


def _take_apart(token: str, reading: Reading, until: float) -> None:
    """Take the next records apart and write them; the head is the first."""
    with files.text_of(token).open("rb") as text, _opened(files.path_of(token), reading.written) as out:
        if not reading.delimiter:
            reading.delimiter = files.delimiter_of(text.read(SAMPLE).decode(errors="ignore"))
        text.seek(reading.taken)
        records = csv.reader(files.lines_of(text), delimiter=reading.delimiter)
        try:
            for number, record in enumerate(records):
                _write(out, reading, [files.plain_cell(cell) for cell in record])
                reading.taken = text.tell()
                if number % 1_000 == 999 and time.monotonic() > until:
                    break
            else:
                reading.is_done = True
        except csv.Error:
            raise Unreadable("bad_quotes") from None
        reading.written = out.tell()
    if reading.is_done and not reading.head:
        raise Unreadable("no_head")


def _take_workbook(token: str, reading: Reading, until: float) -> None:
    """Unpack a workbook, then lay out its shared texts, then take its rows: each from where it stopped."""
    if not reading.sheet:
        sheet = workbooks.unpack(token, reading.wanted)
    else:
        sheet = Sheet.remembered(reading.sheet)
        if not sheet.texts.is_done:
            workbooks.lay_out_texts(token, sheet, until)
        else:
            reading.is_text = True
            _take_rows(token, reading, sheet, until)
    reading.sheet = sheet.as_parameters()
    # A parser that was stopped in the midst holds itself in a circle, with all it had read ahead.
    gc.collect()


def _take_rows(token: str, reading: Reading, sheet: Sheet, until: float) -> None:
    """Take the next rows; those that a sheet leaves out are blank, so that every row keeps its number."""
    with _opened(files.path_of(token), reading.written) as out:
        for line, row in workbooks.rows(token, sheet, until, width=len(reading.head)):
            if not reading.head and line > 1:
                raise Unreadable("no_head")
            for _blank in range(line - 2 - reading.rows if reading.head else 0):
                _write(out, reading, [])
            _write(out, reading, row)
        reading.written = out.tell()
    reading.taken, reading.text_end, reading.is_done = sheet.rows.at, sheet.size, sheet.rows.is_done
    if reading.is_done and not reading.head:
        raise Unreadable("no_head")


class _Out:
    """A text file that is written on behind an offset; what lies beyond was written by a worker that died."""

    def __init__(self, path: Path, offset: int) -> None:
        self.file = path.open("r+b" if offset else "wb")
        self.file.truncate(offset)
        self.file.seek(offset)
        self.writer = csv.writer(self, lineterminator="\n")

    def write(self, text: str) -> int:
        return self.file.write(text.encode())

    def row(self, record: Sequence[str]) -> None:
        self.writer.writerow(record)

    def tell(self) -> int:
        return self.file.tell()


@contextmanager
def _opened(path: Path, offset: int) -> Iterator[_Out]:
    out = _Out(path, offset)
    try:
        yield out
    finally:
        out.file.close()


def _write(out: _Out, reading: Reading, record: Sequence[str]) -> None:
    if not reading.head:
        reading.head = files.head_of(record)
        out.row(reading.head)
    else:
        reading.rows += 1
        out.row(record)
