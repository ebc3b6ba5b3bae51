"""The registry of what can be imported, and what a kind of import has to say for itself.

A kind names its columns, groups rows that belong together by a *mark*, judges groups (the dry run, and once
more in the transaction that writes them), writes what it judged, and takes back what it wrote. Apps above may
register kinds of their own.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as made_by
from datetime import datetime
from typing import Any, ClassVar, NamedTuple

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from config.kit.registry import Registry
from users.cells import Unreadable
from users.models import Fate, IdentityKind, Import
from users.services.contacts import email_address, phone_number
from users.services.imports.heads import HEADS

Options = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a kind. ``read`` turns a cell that is not empty into a value, or raises Unreadable."""

    name: str
    title: StrOrPromise
    read: Callable[[str, Options], Any]
    is_required: bool = False
    is_date: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a row. ``code`` says why or how, ``field`` where, ``detail`` holds what is shown."""

    fate: Fate
    code: str = ""
    field: str = ""
    detail: dict[str, Any] = made_by(default_factory=dict)


@dataclass(slots=True)
class Row:
    """A row in hand: its key (normalised) and whose that is, and its values by field."""

    no: int
    mark: str
    key: str
    customer_id: int | None
    values: dict[str, Any]
    cells: str = ""


class Kept(NamedTuple):
    """A row as its table holds it. ``ready``: what the dry run kept of its group for the writing."""

    no: int
    mark: str
    key: str
    customer_id: int | None
    cells: str
    fate: str
    code: str
    field: str
    detail: str
    ready: str | None


@dataclass(frozen=True, slots=True)
class Together:
    """The rows of a mark as their table holds them, in the order of the file."""

    mark: str
    rows: list[Kept]


@dataclass(slots=True)
class Written:
    """A row that was written, as undoing finds it."""

    no: int
    customer_id: int | None
    before: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Batch:
    """Some groups of one file at one instant."""

    file: Import
    now: datetime

    @property
    def told(self) -> datetime:
        """When everything in the file counts as told."""
        return self.file.told_at

    def message_id(self, no: int, suffix: str = "") -> str:
        """The message id of what a row says; nobody can guess it in advance."""
        return f"import:{self.file.token}:{no}{suffix}"


Verdicts = dict[int, Verdict]
Plan = Any
"""What judging found out and writing needs; each kind has its own."""


KEYS: dict[str, StrOrPromise] = {
    IdentityKind.USER_ID.value: _("User ID"),
    IdentityKind.PHONE.value: _("Phone"),
    IdentityKind.EMAIL.value: _("E-mail"),
    IdentityKind.OPENID.value: _("WeChat OpenID"),
}
"""By what a file may name its customers."""


def _user_id(cell: str, options: Options) -> str:
    plain = cell.strip()
    if len(plain) > 255:
        raise Unreadable("too_long")
    return plain


def _email(cell: str, options: Options) -> str:
    if (address := email_address(cell)) is None:
        raise Unreadable("not_an_email")
    return address


def _phone(cell: str, options: Options) -> str:
    if (number := phone_number(cell.strip())) is None:
        raise Unreadable("not_a_phone")
    return number


ORDER_NUMBER = "order_number"
"""A key that some kinds take beside those: whose the order is."""


class ImportKind(ABC):
    """What a kind of import does. ``needs_customer``: rows are about customers and name them by one of ``keys``.

    ``by_customer``: rows are written customer by customer, whatever their order in the file.
    """

    name: ClassVar[str]
    title: ClassVar[StrOrPromise]
    about: ClassVar[StrOrPromise]
    fields: ClassVar[tuple[Field, ...]]
    needs_customer: ClassVar[bool] = True
    by_customer: ClassVar[bool] = False
    keys: ClassVar[Mapping[str, StrOrPromise]] = KEYS
    extra_options: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def mark(self, row: Row) -> str:
        """What the row is about; rows of one mark are judged together, in order."""

    @abstractmethod
    def judge(self, groups: Sequence[list[Row]], batch: Batch) -> tuple[Verdicts, Plan]:
        """The fate of every row, by its number, and what writing them needs."""

    @abstractmethod
    def write(
        self, plan: Plan, verdicts: Verdicts, batch: Batch
    ) -> dict[int, tuple[int | None, dict[str, Any]]]:
        """Write new and changing rows; per row whose it became and what undoing needs."""

    def ready(self, plan: Plan) -> dict[int, str]:
        """What the dry run keeps for the writing, by the first row of a group; most kinds judge everything anew."""
        return {}

    def write_ready(self, groups: Sequence[Together], batch: Batch) -> set[str]:
        """Write groups of which the dry run kept all that is needed; the marks of those written."""
        return set()

    @abstractmethod
    def take_back(self, rows: Sequence[Written], batch: Batch) -> dict[int, str]:
        """Undo rows; per row that was left as it is the reason."""


import_kinds: Registry[ImportKind] = Registry("kind of import")

KEY_FIELDS = (
    Field("user_id", KEYS["user_id"], _user_id),
    Field("email", KEYS["email"], _email),
    Field("phone", KEYS["phone"], _phone),
    Field("openid", KEYS["openid"], _user_id),
)


def register(kind: ImportKind) -> ImportKind:
    """Add a kind of import."""
    return import_kinds.register(kind.name, kind)


EXCEL_ERRORS = frozenset(
    {"#N/A", "#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#GETTING_DATA"}
    | {"#FIELD!", "#BLOCKED!", "#CONNECT!", "#BUSY!", "#UNKNOWN!", "#PYTHON!", "#EXTERNAL!"}
)
"""What a cell shows, in Excel and in the files it saves, whose formula has no result."""


REMEMBERED = 2_000
"""Cells of a column; of one whose cells are all different no more are kept."""
UNCHANGING = frozenset({str, int, bool, datetime})


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of a file; ``read`` is None for a custom attribute. Cells come again and again: days, states, prices."""

    position: int
    name: str
    read: Callable[[str, Options], Any] | None
    known: dict[str, Any] = made_by(default_factory=dict)

    def value_of(self, cell: str, options: Options) -> Any:
        """What a cell was or is read as. Raises Unreadable."""
        if cell in self.known:
            return self.known[cell]
        if cell in EXCEL_ERRORS:
            raise Unreadable("error_cell")
        value = cell[:1000] if self.read is None else self.read(cell, options)
        if len(self.known) < REMEMBERED and type(value) in UNCHANGING:
            self.known[cell] = value
        return value


class RowReader:
    """Reads the rows of one file: which column is what was looked up once.

    ``mapping``: position of a column → field; ``attribute:<name>`` for a custom attribute.
    """

    def __init__(self, kind: ImportKind, mapping: Mapping[str, str], options: Options) -> None:
        known = {one.name: one for one in kind.fields}
        self.options = options
        self.columns = [
            _Column(int(position), name, None if name.startswith("attribute:") else known[name].read)
            for position, name in mapping.items()
        ]
        self.defaults = [
            (text, _Column(0, name, known[name].read))
            for name, text in options.get("defaults", {}).items()
            if name not in mapping.values()
        ]
        self.required = [one.name for one in kind.fields if one.is_required]

    def __call__(self, cells: Sequence[str]) -> tuple[dict[str, Any], Verdict | None]:
        """The values of a row by field, and why it is refused if it is."""
        values: dict[str, Any] = {}
        width = len(cells)
        told = [(cells[one.position].strip(), one) for one in self.columns if one.position < width]
        for cell, column in (*told, *self.defaults):
            if not cell:
                continue
            try:
                values[column.name] = column.value_of(cell, self.options)
            except Unreadable as problem:
                return values, Verdict(Fate.REFUSED, problem.code, column.name, {"cell": cell[:60]})
        for name in self.required:
            if name not in values:
                return values, Verdict(Fate.REFUSED, "missing", name)
        return values, None


def guess(kind: ImportKind, head: Sequence[str]) -> dict[str, str]:
    """The fields that heads speak of, by position; each field once."""
    wanted = {
        head: one.name
        for one in kind.fields
        for head in (one.name.lower(), *HEADS.get(one.name, "").split("|"))
    }
    found: dict[str, str] = {}
    for position, name in enumerate(head):
        plain = name.strip().lower()
        field_name = (
            wanted.get(plain) or wanted.get(plain.replace("_", " ")) or wanted.get(plain.replace(" ", ""))
        )
        if field_name and field_name not in found.values():
            found[str(position)] = field_name
    return found


def duplicate_of(no: int) -> Verdict:
    """The verdict on a row that says again what row ``no`` says."""
    return Verdict(Fate.DUPLICATE, "duplicate_of", detail={"row": no})


def refused(code: str, name: str = "", **detail: Any) -> Verdict:
    """The verdict on a row that cannot be taken."""
    return Verdict(Fate.REFUSED, code, name, detail)
