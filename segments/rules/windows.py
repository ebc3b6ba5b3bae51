"""Windows of time: from when to when, as a function of the instant asked about.

A window is half-open, ``from ≤ x < to``. Except for the one that looks ahead (warranties), none reaches beyond the
instant asked about: what a fast clock dates a few minutes ahead counts when its time has come. Because both
bounds only ever move forward, what time alone moves over an edge between two instants lies in
``[from(t0), from(t1))`` or ``[to(t0), to(t1))``: that is all a refresh has to look at.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.kit import words as kit
from segments.rules.as_of import AsOf
from segments.rules.reading import Reader

LONGEST_DAYS = 3650


def day_start(day: date, as_of: AsOf) -> datetime:
    """The first instant of a calendar day of the shop zone."""
    return datetime.combine(day, time(), as_of.zone)


class Stretch(NamedTuple):
    """Some time, ``early ≤ x < late``, that went over an edge of a window: into it (``entered``) or out of it."""

    early: datetime
    late: datetime
    entered: bool


class Window(ABC):
    """Some stretch of time, relative to the instant asked about or fixed."""

    name: ClassVar[str]

    @classmethod
    @abstractmethod
    def read(cls, reader: Reader) -> "Window":
        """The window from its JSON value. Raises Refusal."""

    @abstractmethod
    def value(self) -> Any:
        """The JSON value that reads back as this window."""

    @abstractmethod
    def begins(self, as_of: AsOf) -> datetime | None:
        """The first instant inside; None: since ever."""

    def ends(self, as_of: AsOf) -> datetime:
        """The first instant after it; later than the instant asked about only where a window looks ahead."""
        return as_of.now

    @abstractmethod
    def phrase(self) -> str:
        """As part of a sentence: "in the last 30 days"."""

    def turns(self, instant: datetime, as_of: AsOf) -> list[datetime]:
        """The instants at which time carries ``instant`` into this window or out of it."""
        return []

    @classmethod
    @abstractmethod
    def schema(cls) -> dict[str, Any]:
        """JSON Schema of the value."""


@dataclass(frozen=True)
class Ever(Window):
    """All the time up to the instant asked about."""

    name = "ever"

    @classmethod
    def read(cls, reader: Reader) -> "Ever":
        reader.exactly(True)
        return cls()

    def value(self) -> bool:
        return True

    def begins(self, as_of: AsOf) -> None:
        return None

    def phrase(self) -> str:
        return _("at any time")

    def turns(self, instant: datetime, as_of: AsOf) -> list[datetime]:
        return [instant]

    @classmethod
    def schema(cls) -> dict[str, Any]:
        return {"const": True}


@dataclass(frozen=True)
class _Days(Window):
    """A window given by a number of days."""

    days: int

    @classmethod
    def read(cls, reader: Reader) -> "_Days":
        return cls(reader.whole(1, LONGEST_DAYS))

    def value(self) -> int:
        return self.days

    @classmethod
    def schema(cls) -> dict[str, Any]:
        return {"type": "integer", "minimum": 1, "maximum": LONGEST_DAYS}


class LastDays(_Days):
    """Rolling: ``now − N × 24 h ≤ x < now``."""

    name = "in_last_days"

    def begins(self, as_of: AsOf) -> datetime:
        return as_of.now - timedelta(days=self.days)

    def phrase(self) -> str:
        return ngettext("in the last %(n)d day", "in the last %(n)d days", self.days) % {"n": self.days}

    def turns(self, instant: datetime, as_of: AsOf) -> list[datetime]:
        return [instant, instant + timedelta(days=self.days)]


class LastCalendarDays(_Days):
    """Today and the N − 1 days before it, by the shop's calendar."""

    name = "in_last_calendar_days"

    def begins(self, as_of: AsOf) -> datetime:
        return day_start(as_of.today - timedelta(days=self.days - 1), as_of)

    def phrase(self) -> str:
        return ngettext(
            "today (shop's calendar)", "in the last %(n)d calendar days, today included", self.days
        ) % {"n": self.days}

    def turns(self, instant: datetime, as_of: AsOf) -> list[datetime]:
        day = instant.astimezone(as_of.zone).date()
        return [instant, day_start(day + timedelta(days=self.days), as_of)]


class MoreThanDaysAgo(_Days):
    """``x < now − N × 24 h``."""

    name = "more_than_days_ago"

    def begins(self, as_of: AsOf) -> None:
        return None

    def ends(self, as_of: AsOf) -> datetime:
        return as_of.now - timedelta(days=self.days)

    def phrase(self) -> str:
        return ngettext("more than %(n)d day ago", "more than %(n)d days ago", self.days) % {"n": self.days}

    def turns(self, instant: datetime, as_of: AsOf) -> list[datetime]:
        return [instant + timedelta(days=self.days)]


class NextDays(_Days):
    """Rolling, ahead: ``now ≤ x < now + N × 24 h``, for what has its instant in the future."""

    name = "in_next_days"

    def begins(self, as_of: AsOf) -> datetime:
        return as_of.now

    def ends(self, as_of: AsOf) -> datetime:
        return as_of.now + timedelta(days=self.days)

    def phrase(self) -> str:
        return ngettext("in the next %(n)d day", "in the next %(n)d days", self.days) % {"n": self.days}

    def turns(self, instant: datetime, as_of: AsOf) -> list[datetime]:
        return [instant - timedelta(days=self.days), instant]


@dataclass(frozen=True)
class InCurrent(Window):
    """The current day, week (from Monday), month or year of the shop's calendar, so far."""

    name = "in_current"
    PERIODS: ClassVar = ("day", "week", "month", "year")

    period: str

    @classmethod
    def read(cls, reader: Reader) -> "InCurrent":
        return cls(reader.one_of(cls.PERIODS))

    def value(self) -> str:
        return self.period

    def begins(self, as_of: AsOf) -> datetime:
        return day_start(self._first_day(as_of.today), as_of)

    def phrase(self) -> str:
        return {
            "day": _("today (shop's calendar)"),
            "week": _("this week"),
            "month": _("this month"),
            "year": _("this year"),
        }[self.period]

    def turns(self, instant: datetime, as_of: AsOf) -> list[datetime]:
        return [instant, day_start(self._day_after(instant.astimezone(as_of.zone).date()), as_of)]

    def _first_day(self, today: date) -> date:
        if self.period == "week":
            return today - timedelta(days=today.weekday())
        first = today if self.period == "day" else today.replace(day=1)
        return first.replace(month=1) if self.period == "year" else first

    def _day_after(self, day: date) -> date:
        """The first day after the period that holds ``day``."""
        longest = {"day": 1, "week": 7, "month": 31, "year": 366}[self.period]
        return self._first_day(self._first_day(day) + timedelta(days=longest))

    @classmethod
    def schema(cls) -> dict[str, Any]:
        return {"enum": list(cls.PERIODS)}


@dataclass(frozen=True)
class Between(Window):
    """From the beginning of one calendar day to the end of another, shop zone."""

    name = "between"

    first: date
    last: date

    @classmethod
    def read(cls, reader: Reader) -> "Between":
        first, last = (item.day() for item in reader.items(2, 2))
        if last < first:
            raise reader.refusal("bad_window", _("the last day must not be before the first"))
        return cls(first, last)

    def value(self) -> list[str]:
        return [self.first.isoformat(), self.last.isoformat()]

    def begins(self, as_of: AsOf) -> datetime:
        return day_start(self.first, as_of)

    def ends(self, as_of: AsOf) -> datetime:
        return min(day_start(self.last + timedelta(days=1), as_of), as_of.now)

    def phrase(self) -> str:
        return _("from %(first)s to %(last)s") % {"first": _date(self.first), "last": _date(self.last)}

    def turns(self, instant: datetime, as_of: AsOf) -> list[datetime]:
        return [instant]

    @classmethod
    def schema(cls) -> dict[str, Any]:
        day = {"type": "string", "format": "date"}
        return {"type": "array", "items": day, "minItems": 2, "maxItems": 2}


@dataclass(frozen=True)
class _OfDay(Window):
    """A window given by one calendar day."""

    day: date

    @classmethod
    def read(cls, reader: Reader) -> "_OfDay":
        return cls(reader.day())

    def value(self) -> str:
        return self.day.isoformat()

    def turns(self, instant: datetime, as_of: AsOf) -> list[datetime]:
        return [instant]

    @classmethod
    def schema(cls) -> dict[str, Any]:
        return {"type": "string", "format": "date"}


class Before(_OfDay):
    """Before a calendar day begins."""

    name = "before"

    def begins(self, as_of: AsOf) -> None:
        return None

    def ends(self, as_of: AsOf) -> datetime:
        return min(day_start(self.day, as_of), as_of.now)

    def phrase(self) -> str:
        return _("before %(day)s") % {"day": _date(self.day)}


class OnOrAfter(_OfDay):
    """Since a calendar day began."""

    name = "on_or_after"

    def begins(self, as_of: AsOf) -> datetime:
        return day_start(self.day, as_of)

    def phrase(self) -> str:
        return _("on or after %(day)s") % {"day": _date(self.day)}


WINDOWS: dict[str, type[Window]] = {
    window.name: window
    for window in (
        LastDays,
        LastCalendarDays,
        MoreThanDaysAgo,
        NextDays,
        InCurrent,
        Between,
        Before,
        OnOrAfter,
    )
}


def read_window(reader: Reader) -> Window:
    """The one window whose key stands among an object's keys; none means ever. Raises Refusal."""
    named = [name for name in WINDOWS if name in reader.mapping()]
    if len(named) > 1:
        raise reader.refusal(
            "two_windows", _("can have one window only, not %(names)s") % {"names": ", ".join(named)}
        )
    return WINDOWS[named[0]].read(reader.at(named[0])) if named else Ever()


def read_past_window(reader: Reader) -> Window:
    """The same, where looking ahead makes no sense. Raises Refusal."""
    window = read_window(reader)
    if isinstance(window, NextDays):
        raise reader.at(window.name).refusal("bad_window", _("cannot lie ahead here"))
    return window


def window_json(window: Window) -> dict[str, Any]:
    """The key and value that read back as this window."""
    return {} if isinstance(window, Ever) else {window.name: window.value()}


def longest(window: Window) -> timedelta | None:
    """How far back it ever reaches, at most; None: without an end. A day may have 25 hours."""
    hour = timedelta(hours=1)
    if isinstance(window, LastDays):
        return timedelta(days=window.days)
    if isinstance(window, LastCalendarDays):
        return timedelta(days=window.days) + hour
    if isinstance(window, InCurrent):
        return timedelta(days={"day": 1, "week": 7, "month": 31, "year": 366}[window.period]) + hour
    return None


def is_empty(window: Window, as_of: AsOf) -> bool:
    """Whether no instant lies in it: its first day has not begun."""
    begins = window.begins(as_of)
    return begins is not None and begins >= window.ends(as_of)


def crossed(window: Window, then: AsOf, now: AsOf) -> list[Stretch]:
    """The stretches of time whose contents moved over an edge of the window between two instants.

    What is inside now and was not before lies in the one that entered, what was inside and is not any more in the
    other: both bounds only move forward.
    """
    stretches = [Stretch(window.ends(then), window.ends(now), entered=True)]
    first, second = window.begins(then), window.begins(now)
    if first is not None and second is not None:
        stretches.append(Stretch(first, second, entered=False))
    return [one for one in stretches if one.early < one.late]


def _date(day: date) -> str:
    return kit.day(day)
