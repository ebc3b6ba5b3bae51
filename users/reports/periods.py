"""The window of a report: calendar days of the shop, chosen in the URL (``period``, or ``from`` and ``to``)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from config.kit import words
from config.kit.parts import Choice, Filter
from users.reports.figures import today_in_shop

DAYS = (7, 30, 90, 180, 365)
LONGEST = 5 * 366
EARLIEST, LATEST = 1970, 2200


@dataclass(frozen=True, slots=True)
class Period:
    """Calendar days of the shop's zone, both ends included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days."""
        return (self.last - self.first).days + 1

    @property
    def begin(self) -> datetime:
        """The instant at which the first day begins."""
        return midnight(self.first)

    @property
    def end(self) -> datetime:
        """The instant at which the last day is over."""
        return midnight(self.last + timedelta(days=1))

    @property
    def before(self) -> "Period":
        """The period of the same length just before."""
        return Period(self.first - timedelta(days=self.days), self.first - timedelta(days=1))

    @property
    def sentence(self) -> str:
        """The period in words."""
        return _("%(first)s to %(last)s, shop time") % {
            "first": words.day(self.first),
            "last": words.day(self.last),
        }


def read_period(asked: Mapping[str, str], now: datetime, *, default: int = 30) -> Period:
    """The period of a URL: ``from`` and ``to``, else the last ``period`` days up to yesterday, else default.

    The two ends in either order. What makes no sense is passed over, so that a link never fails.
    """
    ends = _ends(asked)
    if ends and (ends[1] - ends[0]).days < LONGEST:
        return Period(*ends)
    wanted = asked.get("period", "")
    days = int(wanted) if wanted in map(str, DAYS) else default
    yesterday = today_in_shop(now) - timedelta(days=1)
    return Period(yesterday - timedelta(days=days - 1), yesterday)


def period_filters(asked: Mapping[str, str]) -> list[Filter]:
    """The chips that choose the period; one made by hand stands as chips that can be taken away."""
    if ends := _ends(asked):
        titles = (("from", _("From day")), ("to", _("To day")))
        return [
            Filter(name, title, [Choice(asked[name], words.day(day))], asked[name])
            for (name, title), day in zip(titles, ends, strict=True)
        ]
    choices = [Choice(str(days), _("last %(n)s days") % {"n": days}) for days in DAYS]
    wanted = asked.get("period", "")
    return [Filter("period", _("Period"), choices, wanted if wanted in map(str, DAYS) else "")]


def _ends(asked: Mapping[str, str]) -> tuple[date, date] | None:
    """The two days asked for, the earlier first; None unless both are days."""
    first, last = day_of(asked.get("from", "")), day_of(asked.get("to", ""))
    return (min(first, last), max(first, last)) if first and last else None


def day_of(text: str) -> date | None:
    """The calendar day of a text from a URL; None for none, and for one that no shop has seen or will see."""
    try:
        day = parse_date(text)
    except ValueError:
        return None
    return day if day and EARLIEST <= day.year <= LATEST else None


def midnight(day: date) -> datetime:
    """The instant at which a calendar day of the shop begins."""
    return datetime.combine(day, time(), tzinfo=words.shop_zone())
