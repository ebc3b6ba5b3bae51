"""An Excel workbook is read in steps, in memory that does not grow with it.

The sheet and the table of shared texts are unpacked to disk; the texts are laid one behind the other with the place of
each, and the rows are parsed from a byte on, so that a worker that is killed repeats a few seconds at most. A usual
reader holds all shared texts in memory and begins at the first row whenever it begins.
"""

import os
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from functools import cache, lru_cache
from pathlib import PurePosixPath
from struct import Struct
from typing import IO, Any
from xml.etree import ElementTree
from xml.parsers import expat

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format, is_timedelta_format
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH, from_excel

from users.services.imports import files, sheet_xml
from users.services.imports.files import BLOCK, MOST_COLUMNS, Unreadable
from users.services.imports.sheet_xml import Cell, Stretch

MOST_INFLATED = 1024 * 1024 * 1024
MOST_DESCRIBED = 20 * 1024 * 1024
"""Of the small parts that describe a workbook, which are read in one go."""
MOST_ROWS = 1_048_576
KEPT_TEXTS = 2_000
PLACE = Struct("<Q")


@dataclass(slots=True)
class Sheet:
    """What is known of a workbook: its sheet, the names to choose from, which styles are dates, how far it was read."""

    name: str = ""
    names: list[str] = field(default_factory=list)
    is_mac: bool = False
    dates: list[int] = field(default_factory=list)
    spans: list[int] = field(default_factory=list)
    texts: Stretch = field(default_factory=Stretch)
    text_end: int = 0
    place_end: int = 0
    rows: Stretch = field(default_factory=Stretch)
    line: int = 0
    size: int = 0

    @classmethod
    def remembered(cls, told: dict[str, Any]) -> "Sheet":
        """As a job remembered it."""
        parts = {name: Stretch(**told[name]) for name in ("texts", "rows")}
        return cls(**{**told, **parts})

    def as_parameters(self) -> dict[str, Any]:
        """As a job remembers it."""
        return asdict(self)


@contextmanager
def trouble_said() -> Iterator[None]:
    """A broken workbook breaks anywhere, with whatever error; it is said in one sentence."""
    try:
        yield
    except (Unreadable, FileNotFoundError):
        raise
    except (
        zipfile.BadZipFile, NotImplementedError, expat.ExpatError, ElementTree.ParseError, ValueError, KeyError,
        IndexError, RuntimeError, EOFError, OverflowError,
    ):  # fmt: skip
        raise Unreadable("bad_workbook") from None


def unpack(token: str, wanted: str = "") -> Sheet:
    """Unpack the sheet that is wanted, else the first that can be seen, and the shared texts."""
    with files.raw_of(token).open("rb") as raw, trouble_said(), zipfile.ZipFile(raw) as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}
        if "xl/workbook.xml" not in entries:
            raise Unreadable("no_table")
        if sum(entry.file_size for entry in entries.values()) > MOST_INFLATED:
            raise Unreadable("zip_bomb", n=MOST_INFLATED // 1024**2)
        sheet, part = _sheet(archive, wanted)
        if "xl/styles.xml" in entries:
            sheet.dates, sheet.spans = _date_styles(_described(archive, "xl/styles.xml"))
        sheet.size = _inflate(archive, part, files.sheet_of(token))
        texts = next((name for name in entries if name.lower() == "xl/sharedstrings.xml"), "")
        if texts:
            _inflate(archive, texts, files.shared_of(token))
        else:
            sheet.texts.is_done = True
    return sheet


def lay_out_texts(token: str, sheet: Sheet, until: float) -> None:
    """Lay the next shared texts out one behind the other, and the end of each beside them."""
    with (
        trouble_said(),
        files.shared_of(token).open("rb") as shared,
        _written_on(files.strings_of(token), sheet.text_end) as texts,
        _written_on(files.places_of(token), sheet.place_end) as places,
    ):
        for text in sheet_xml.texts(shared, sheet.texts, until):
            texts.write(text.encode(errors="replace"))
            places.write(PLACE.pack(texts.tell()))
        sheet.text_end, sheet.place_end = texts.tell(), places.tell()


def rows(token: str, sheet: Sheet, until: float, *, width: int) -> Iterator[tuple[int, list[str]]]:
    """The next rows that hold something, each with its number. ``width``: columns of the head, 0 before it is known."""
    with trouble_said(), files.sheet_of(token).open("rb") as source, _Texts(token) as texts:
        read = _Reader(sheet, texts)
        for number, found in sheet_xml.rows(source, sheet.rows, until):
            sheet.line = number or sheet.line + 1
            if sheet.line > MOST_ROWS:
                raise Unreadable("bad_workbook")
            most = MOST_COLUMNS if width else 0
            cells = _in_columns(((cell.column, read(cell)) for cell in found), most)
            if cells:
                width = width or len(cells)
                yield sheet.line, cells


def _in_columns(found: Iterator[tuple[int, str]], most: int) -> list[str]:
    """Cells at their columns, without blank ones at the end; what lies far to the right stands just behind the last."""
    cells: list[str] = []
    for column, text in found:
        place = (min(column, most) if most else column) if column >= 0 else len(cells)
        if text:
            cells += [""] * (place + 1 - len(cells))
            cells[place] = files.plain_cell(text)
    return cells


class _Reader:
    """Turns a cell into the text that a person would have written into it."""

    def __init__(self, sheet: Sheet, texts: "_Texts") -> None:
        self.dates, self.spans = frozenset(sheet.dates), frozenset(sheet.spans)
        self.epoch = MAC_EPOCH if sheet.is_mac else WINDOWS_EPOCH
        self.texts = texts

    def __call__(self, cell: Cell) -> str:
        if cell.is_unreckoned:
            raise Unreadable("unreckoned", cell=cell.name)
        match cell.kind:
            case "s":
                return self.texts.at(int(cell.text))
            case "n":
                return self._number(cell)
            case "b":
                return "yes" if cell.text.strip() == "1" else "no"
            case "d":
                return re.sub(r"[T ]00:00(:00(\.0+)?)?Z?$", "", cell.text).replace("T", " ")
        return cell.text.replace("\0", "")

    def _number(self, cell: Cell) -> str:
        value = float(cell.text)
        if cell.style in self.dates:
            # No day of the calendar: the number as it stands is refused where a day is asked for.
            with suppress(OverflowError, ValueError):
                return files.plain_value(from_excel(value, self.epoch, timedelta=cell.style in self.spans))
        return cell.text if cell.text.lstrip("-").isdecimal() else files.plain_value(value)


class _Texts:
    """The shared texts, by number, read where they lie."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.files: list[IO[bytes]] = []

    def __enter__(self) -> "_Texts":
        if files.places_of(self.token).exists():
            self.files = [
                files.places_of(self.token).open("rb"), files.strings_of(self.token).open("rb"),
            ]  # fmt: skip
        self.at = lru_cache(KEPT_TEXTS)(self._read)
        return self

    def __exit__(self, *_problem: object) -> None:
        for file in self.files:
            file.close()

    def _read(self, number: int) -> str:
        places, texts = (file.fileno() for file in self.files)
        begin = PLACE.unpack(os.pread(places, 8, 8 * (number - 1)))[0] if number else 0
        end = PLACE.unpack(os.pread(places, 8, 8 * number))[0]
        return os.pread(texts, end - begin, begin).decode()


@contextmanager
def _written_on(path: Any, offset: int) -> Iterator[IO[bytes]]:
    """A file that is written on behind an offset; what lies beyond was written by a worker that died."""
    with path.open("r+b" if offset else "wb") as file:
        file.truncate(offset)
        file.seek(offset)
        yield file


def _inflate(archive: zipfile.ZipFile, name: str, target: Any) -> int:
    with archive.open(name) as packed, target.open("wb") as plain:
        while block := packed.read(BLOCK):
            plain.write(block)
        return int(plain.tell())


def _described(archive: zipfile.ZipFile, name: str) -> ElementTree.Element:
    """A small part, as a tree without namespaces."""
    if archive.getinfo(name).file_size > MOST_DESCRIBED:
        raise Unreadable("bad_workbook")
    text = archive.read(name)
    if b"<!DOCTYPE" in text:
        raise Unreadable("bad_workbook")
    tree = ElementTree.fromstring(text)
    for one in tree.iter():
        one.tag = one.tag.rpartition("}")[2]
    return tree


def _sheet(archive: zipfile.ZipFile, wanted: str) -> tuple[Sheet, str]:
    """The sheet that is wanted, else the first with cells that is not hidden, and the part in which it lies."""
    book = _described(archive, "xl/workbook.xml")
    related = {
        one.get("Id"): (one.get("Type", "").rpartition("/")[2], one.get("Target", ""))
        for one in _described(archive, "xl/_rels/workbook.xml.rels").iter("Relationship")
    }
    listed = []
    for one in book.iter("sheet"):
        link = next((value for name, value in one.attrib.items() if name.endswith("}id")), "")
        kind, target = related.get(link, ("", ""))
        if kind == "worksheet":
            listed.append((one.get("state", "visible") != "visible", one.get("name", ""), target))
    if not listed:
        raise Unreadable("bad_workbook")
    seen = [one for one in listed if not one[0]] or listed
    _hidden, name, target = next((one for one in seen if one[1][:100] == wanted), seen[0])
    place = target.lstrip("/") if target.startswith("/") else str(PurePosixPath("xl") / target)
    about = book.find("workbookPr")
    is_mac = about is not None and about.get("date1904", "0").lower() in ("1", "true")
    return Sheet(name=name[:100], names=[one[1][:100] for one in seen], is_mac=is_mac), place


def _date_styles(styles: ElementTree.Element) -> tuple[list[int], list[int]]:
    """The numbers of the styles that show a number as a day or time, and of those that show it as a span."""
    own = {int(one.get("numFmtId", 0)): one.get("formatCode") for one in styles.iter("numFmt")}
    used = styles.find("cellXfs")
    formats = [
        (number, int(one.get("numFmtId", 0))) for number, one in enumerate([] if used is None else used)
    ]
    dates = [number for number, code in formats if _is_date(own.get(code) or BUILTIN_FORMATS.get(code))]
    spans = [n for n, code in formats if is_timedelta_format(own.get(code) or BUILTIN_FORMATS.get(code))]
    return dates, spans


@cache
def _is_date(code: str | None) -> bool:
    return bool(is_date_format(code))
