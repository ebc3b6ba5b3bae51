"""The parts that operator pages are made of: small values that ``templates/components/`` know how to draw.

A page builds them in Python and hands them to its template; ``docs/design.md`` shows each with an example.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from config.kit import words

Kind = Literal[
    "text",
    "number",
    "money",
    "percent",
    "time",
    "day",
    "stage",
    "person",
    "tag",
    "action",
    "trend",
    "pick",
]
Tone = Literal["", "good", "bad", "warn", "info", "muted"]
RIGHT = ("number", "money", "percent")


@dataclass(frozen=True, slots=True)
class Crumb:
    """A step of the way from the home page to here."""

    title: StrOrPromise
    url: str = ""


@dataclass(frozen=True, slots=True)
class Action:
    """Something an operator may do: a link, or with ``method="post"`` a button that posts to ``url``.

    ``confirm`` opens a dialog with that sentence first; ``ask_for`` in it demands the typing of a name or
    count. ``name`` and ``value`` are posted along. ``folded``: in the menu "More" beside the others.
    """

    title: StrOrPromise
    url: str
    icon: str = ""
    method: Literal["get", "post"] = "get"
    confirm: StrOrPromise = ""
    ask_for: str = ""
    danger: bool = False
    name: str = ""
    value: str = ""
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Stat:
    """One figure: what, how much, over which window, against what; ``url`` opens what is behind it.

    Money is in minor units of ``currency``. ``before`` is the same figure for the window before; ``trend``
    is drawn as a small line. ``of`` is the n of a percentage.
    """

    label: StrOrPromise
    value: int | float | None
    kind: Literal["number", "money", "percent"] = "number"
    unit: StrOrPromise = ""
    window: StrOrPromise = ""
    before: int | float | None = None
    before_window: StrOrPromise = ""
    currency: str = ""
    of: int | None = None
    url: str = ""
    trend: Sequence[float] = ()
    more_is: Literal["good", "bad", ""] = "good"
    note: StrOrPromise = ""
    stage: str = ""

    @property
    def text(self) -> str:
        """The value in the reader's language."""
        return self._write(self.value)

    @property
    def change(self) -> "Change | None":
        """The comparison with the window before, in words; None where there is nothing to compare."""
        if self.before is None or self.value is None:
            return None
        difference = self.value - self.before
        if difference == 0:
            return Change("flat", "", _("unchanged"), self._write(self.before))
        way: Literal["up", "down"] = "up" if difference > 0 else "down"
        share = self._share(abs(difference))
        tone: Tone = (
            "" if not self.more_is else "good" if (way == "up") == (self.more_is == "good") else "bad"
        )
        sentence = _("up %(share)s") if way == "up" else _("down %(share)s")
        return Change(way, tone, sentence % {"share": share}, self._write(self.before))

    def _share(self, difference: float) -> str:
        """The difference against what was before; small ones with a place after the point."""
        if not self.before:
            return self._write(difference)
        share = difference / abs(self.before)
        return words.percent(share, 0 if share >= 0.1 else 1)

    def _write(self, value: float | None) -> str:
        if self.kind == "money":
            return words.money(value, self.currency, whole=value is not None and abs(value) >= 100_000)
        if self.kind == "percent":
            return words.percent(value)
        return words.number(value)


@dataclass(frozen=True, slots=True)
class Change:
    """How a figure moved: direction, whether that is good, in words, and what it was."""

    way: Literal["up", "down", "flat"]
    tone: Tone
    sentence: str
    before: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title, how its cells are drawn, and the sort key its head offers ("" for none)."""

    title: StrOrPromise
    kind: Kind = "text"
    sort: str = ""
    hint: StrOrPromise = ""

    @property
    def is_right(self) -> bool:
        """Numbers stand at the right."""
        return self.kind in RIGHT


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of a table that wants more than plain text: a link, a hint, a tone, another kind.

    ``value`` is drawn by ``kind`` (default: the column's). A person is a customer; a time a datetime; a pick the
    value of a tick box of the form ``r-picks``, its hint what it picks.
    """

    value: Any
    url: str = ""
    hint: StrOrPromise = ""
    tone: Tone = ""
    kind: Kind | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Empty:
    """What would be here, and the next step."""

    title: StrOrPromise
    text: StrOrPromise = ""
    action: Action | None = None
    icon: str = "inbox"


@dataclass(frozen=True, slots=True)
class Table:
    """Columns and rows (each a sequence of values or ``Cell``), the sort in force, neighbours' cursors.

    ``picks``: for each row what its tick box stands for; none where rows cannot be ticked.
    """

    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]
    empty: Empty
    caption: StrOrPromise = ""
    sort: str = ""
    next: str = ""
    previous: str = ""
    csv_url: str = ""
    picks: Sequence[Cell] = ()

    @property
    def heads(self) -> Sequence[Column]:
        """The columns as they are drawn, that of the tick boxes first."""
        return [Column(_("Pick"), "pick"), *self.columns] if self.picks else self.columns

    def drawn(self) -> list[list[tuple[Column, Cell]]]:
        """Every cell beside its column, plain values wrapped; what the template walks."""
        rows = (
            [[pick, *row] for pick, row in zip(self.picks, self.rows, strict=True)]
            if self.picks
            else self.rows
        )
        return [
            [
                (column, value if isinstance(value, Cell) else Cell(value))
                for column, value in zip(self.heads, row, strict=True)
            ]
            for row in rows
        ]


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a filter."""

    value: str
    title: StrOrPromise
    stage: str = ""


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter that lives in the URL under ``name``; ``chosen`` is "" when it is off."""

    name: str
    title: StrOrPromise
    choices: Sequence[Choice]
    chosen: str = ""

    @property
    def chosen_title(self) -> StrOrPromise:
        """The words of the choice in force."""
        return next((c.title for c in self.choices if c.value == self.chosen), self.chosen)


@dataclass(frozen=True, slots=True)
class Ask:
    """A field of a form whose answers live in the URL, for what chips cannot ask: days, names, pairs."""

    name: str
    title: StrOrPromise
    value: str = ""
    kind: Literal["text", "date", "number", "select"] = "text"
    choices: Sequence[Choice] = ()
    hint: StrOrPromise = ""


@dataclass(frozen=True, slots=True)
class AskForm:
    """Such a form; ``kept`` are the other parts of the URL that stay as they are."""

    title: StrOrPromise
    asks: Sequence[Ask]
    submit: StrOrPromise
    kept: Sequence[tuple[str, str]] = ()
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """Long work: what, how far, and since when, to tell rate and time left. ``total`` None: not known yet."""

    title: StrOrPromise
    done: int
    total: int | None
    started_at: datetime | None
    now: datetime
    step: StrOrPromise = ""
    cancel: Action | None = None

    @property
    def share(self) -> float | None:
        """Part done, 0 to 1."""
        return min(1.0, self.done / self.total) if self.total else None

    @property
    def rate(self) -> float | None:
        """Units a second since the start."""
        seconds = (self.now - self.started_at).total_seconds() if self.started_at else 0
        return self.done / seconds if seconds > 0 and self.done else None

    @property
    def left(self) -> timedelta | None:
        """Time left at the rate so far."""
        if self.rate is None or self.total is None:
            return None
        return timedelta(seconds=max(0.0, (self.total - self.done) / self.rate))


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a definition list: a word and what it is here."""

    title: StrOrPromise
    cell: Cell

    @property
    def column(self) -> Column:
        """The column that the cell would stand in."""
        return Column(self.title, self.cell.kind or "text")
