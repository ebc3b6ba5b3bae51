"""The XML of a sheet and of shared texts, parsed from a byte on and for some seconds. Nothing is kept but one row.

A part is a head, many units (``row``, ``si``) and a tail. A parser that goes on is given the head again and then what
follows from the first unit that was not read; the tail is not looked at.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import IO, Any, NamedTuple
from xml.parsers import expat

from users.services.imports.files import LONGEST_CELL, Unreadable

BLOCK = 64 * 1024
LONGEST_TOKEN = 1024 * 1024


@dataclass(slots=True)
class Stretch:
    """How far a part was read: the byte at which its units begin, and that of the first unit not read yet."""

    begin: int = 0
    at: int = 0
    is_done: bool = False


class Cell(NamedTuple):
    """A cell as it stands: its column from 0 (-1: behind the one before), type, style, and text."""

    column: int
    kind: str
    style: int
    text: str
    name: str
    is_unreckoned: bool
    """A formula whose result nobody has computed."""


def texts(source: IO[bytes], stretch: Stretch, until: float) -> Iterator[str]:
    """The next shared texts, without how they are pronounced."""
    return _read(source, stretch, until, _Texts("sst", "si"))


def rows(source: IO[bytes], stretch: Stretch, until: float) -> Iterator[tuple[int, list[Cell]]]:
    """The next rows: the number that each says it has (0: none), and its cells."""
    return _read(source, stretch, until, _Rows("sheetData", "row"))


def _read(source: IO[bytes], stretch: Stretch, until: float, units: "_Units") -> Iterator[Any]:
    """Units as they come, in blocks; the stretch says where to go on once the last of a call was taken."""
    parser = units.parser
    head, began_at = b"", stretch.at
    if stretch.begin:
        head = source.read(stretch.begin)
        parser.Parse(head, False)
    source.seek(stretch.at)
    units.shift = stretch.at - len(head)
    fed = len(head)
    while not units.is_done:
        block = source.read(BLOCK)
        fed += len(block)
        units.feed(block)
        yield from units.ready
        units.ready.clear()
        if units.begin:
            stretch.begin = stretch.begin or units.begin
            stretch.at = units.at
        if fed - parser.CurrentByteIndex > LONGEST_TOKEN:
            raise Unreadable("bad_workbook")
        if time.monotonic() > until and stretch.at > began_at and not units.is_done:
            return
    stretch.is_done = True


class _Units(ABC):
    """Handlers that gather the units of a part."""

    def __init__(self, container: str, unit: str) -> None:
        self.container, self.unit = container, unit
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.ready: list[Any] = []
        self.last: list[Any] = []  # closed, and ready once it is known where the next one begins
        self.shift = 0
        self.begin = 0
        self.at = 0
        self.is_done = False
        self.is_aloud = False
        self.text: list[str] = []
        self.length = 0

    def feed(self, block: bytes) -> None:
        """Parse a block; an empty one is the end of the part, which ends well only behind its container."""
        self.parser.Parse(block, not block)
        if not block:
            self.is_done = True

    def _refuse(self, *_declared: object) -> None:
        raise Unreadable("bad_workbook")

    def _hear(self, text: str) -> None:
        self.length += len(text)
        if self.length > LONGEST_CELL:
            raise Unreadable("cell_too_long", n=LONGEST_CELL)
        self.text.append(text)

    def _listen(self, is_on: bool) -> None:
        self.parser.CharacterDataHandler = self._hear if is_on and not self.is_aloud else None

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if name == self.unit:
            self._ready()
            self.at = self.parser.CurrentByteIndex + self.shift
            self.begin = self.begin or self.at
            self._open(attributes)
        elif name == "rPh":
            self.is_aloud = True
        else:
            self._part(name, attributes)

    def _end(self, name: str) -> None:
        name = name.rpartition(":")[2]
        if name == "rPh":
            self.is_aloud = False
        elif name == self.unit:
            self._close()
        elif name == self.container:
            self.is_done = True
            self._ready()
            self.parser.StartElementHandler = self.parser.EndElementHandler = None
            self.parser.CharacterDataHandler = None
        else:
            self._part_ends(name)

    def _open(self, attributes: dict[str, str]) -> None:
        self.text, self.length = [], 0

    def _part(self, name: str, attributes: dict[str, str]) -> None:
        self._listen(name == "t")

    def _part_ends(self, name: str) -> None:
        self._listen(False)

    @abstractmethod
    def _close(self) -> None:
        """Keep the unit that has just ended in ``last``."""

    def _ready(self) -> None:
        self.ready += self.last
        self.last.clear()


class _Texts(_Units):
    def _close(self) -> None:
        self.last.append("".join(self.text))


class _Rows(_Units):
    number = 0
    cell: dict[str, str]
    is_formula = False

    def _open(self, attributes: dict[str, str]) -> None:
        self.number = int(float(attributes.get("r", 0)))
        self.cells: list[Cell] = []

    def _part(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c":
            self.cell, self.text, self.length = attributes, [], 0
            self.is_formula = False
        elif name == "f":
            self.is_formula = True
        elif name in ("v", "t"):
            self._listen(True)

    def _part_ends(self, name: str) -> None:
        if name == "c":
            told = self.cell
            is_unreckoned = self.is_formula and not self.text and told.get("t", "n") == "n"
            if self.text or is_unreckoned:
                place = told.get("r", "")
                self.cells.append(
                    Cell(
                        _column(place.rstrip("0123456789")), told.get("t", "n"), int(told.get("s", 0)),
                        "".join(self.text), place, is_unreckoned,
                    )
                )  # fmt: skip
        elif name in ("v", "t"):
            self._listen(False)

    def _close(self) -> None:
        self.last.append((self.number, self.cells))


@cache
def _column(letters: str) -> int:
    """The place of a column from 0 by its letters; -1 where there are none."""
    if len(letters) > 3:
        raise Unreadable("bad_workbook")
    place = 0
    for letter in letters.upper():
        place = place * 26 + ord(letter) - 64
    return place - 1
