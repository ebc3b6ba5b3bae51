"""Operators over calendar days of the shop zone: anniversaries and ages. Feb 29 → Feb 28 in other years."""

from abc import abstractmethod
from calendar import isleap
from collections.abc import Iterable
from datetime import MAXYEAR, MINYEAR, date, datetime, timedelta
from typing import Any

from django.db.models import Q, Value
from django.db.models.functions import ExtractDay, ExtractMonth
from django.db.models.lookups import GreaterThan, In, LessThanOrEqual
from django.utils.dates import MONTHS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from segments.rules.arguments import About, Argument, Nothing, Whole
from segments.rules.as_of import AsOf
from segments.rules.operators import Moved, Operator
from segments.rules.operators import Value as Asked
from segments.rules.reading import Reader
from segments.rules.windows import day_start
from segments.rules.words import Words

OLDEST = 130
FARTHEST = 90


def month_day(day: date) -> int:
    """A day of the year as a number: 1 March is 301."""
    return day.month * 100 + day.day


def kept_on(days: Iterable[date]) -> set[int]:
    """The month-days whose anniversary is kept on one of ``days``."""
    kept = set()
    for day in days:
        kept.add(month_day(day))
        if (day.month, day.day) == (2, 28) and not isleap(day.year):
            kept.add(229)
    return kept


def latest_birthday(today: date, age: int) -> date:
    """The latest birthday of those who are ``age`` years old on ``today``."""
    year = today.year - age
    if (today.month, today.day) == (2, 29) and not isleap(year):
        return date(year, 2, 28)
    if (today.month, today.day) == (2, 28) and isleap(year) and not isleap(today.year):
        return date(year, 2, 29)
    return today.replace(year=year)


class Anniversary(Operator):
    """The day's anniversary is kept on one of some days around today."""

    @abstractmethod
    def days(self, value: Any, today: date) -> list[date]:
        """The days on which an anniversary counts."""

    def where(self, x: Asked, value: Any, as_of: AsOf) -> Q:
        return _is_on(x, kept_on(self.days(value, as_of.today)))

    def crossed(self, x: Asked, value: Any, then: AsOf, now: AsOf) -> list[Moved]:
        changed = kept_on(self.days(value, then.today)) ^ kept_on(self.days(value, now.today))
        return [(_is_on(x, changed), None)] if changed else []

    def turns(self, actual: Any, value: Any, as_of: AsOf) -> list[datetime]:
        return next_turn(actual, as_of, lambda today: month_day(actual) in kept_on(self.days(value, today)))


class AnniversaryIn(Anniversary):
    name = "anniversary_in_days"
    label = gettext_lazy("is in exactly (days)")
    argument = Whole(0, FARTHEST)

    def days(self, value: Any, today: date) -> list[date]:
        return [today + timedelta(days=value)]

    def phrase(self, field: str, texts: list[str]) -> str:
        n = int(texts[0])
        if n == 0:
            return _("%(field)s is today") % {"field": field}
        return ngettext("%(field)s is tomorrow", "%(field)s is in %(n)d days", n) % {"field": field, "n": n}


class AnniversaryWithin(Anniversary):
    name = "anniversary_within_days"
    label = gettext_lazy("is within the next (days)")
    argument = Whole(0, FARTHEST)

    def days(self, value: Any, today: date) -> list[date]:
        return [today + timedelta(days=ahead) for ahead in range(value + 1)]

    def phrase(self, field: str, texts: list[str]) -> str:
        n = int(texts[0])
        return ngettext(
            "%(field)s is today or tomorrow", "%(field)s is within the next %(n)d days, today included", n
        ) % {"field": field, "n": n}


class AnniversaryThisMonth(Anniversary):
    name = "anniversary_this_month"
    label = gettext_lazy("is this month")
    argument = Nothing()

    def days(self, value: Any, today: date) -> list[date]:
        first = today.replace(day=1)
        month = (first + timedelta(days=ahead) for ahead in range(31))
        return [day for day in month if day.month == today.month]

    def phrase(self, field: str, texts: list[str]) -> str:
        return _("%(field)s is this month") % {"field": field}


class InMonth(Operator):
    name = "in_month"
    label = gettext_lazy("is in the month")

    class Month(Argument):
        input = "month"

        def read(self, reader: Reader, about: About) -> int:
            return reader.whole(1, 12)

        def words(self, value: Any, about: About, words: Words) -> list[str]:
            return [str(MONTHS[value])]

        def schema(self, about: About) -> dict[str, Any]:
            return {"type": "integer", "minimum": 1, "maximum": 12}

    argument = Month()

    def where(self, x: Asked, value: Any, as_of: AsOf) -> Q:
        return Q(In(ExtractMonth(x), [value]))

    def phrase(self, field: str, texts: list[str]) -> str:
        return _("%(field)s is in %(month)s") % {"field": field, "month": texts[0]}


class AgeAtLeast(Operator):
    name = "age_at_least"
    label = gettext_lazy("makes the age at least")
    argument = Whole(0, OLDEST)

    def where(self, x: Asked, value: Any, as_of: AsOf) -> Q:
        return Q(LessThanOrEqual(x, latest_birthday(as_of.today, value)))

    def crossed(self, x: Asked, value: Any, then: AsOf, now: AsOf) -> list[Moved]:
        early, late = latest_birthday(then.today, value), latest_birthday(now.today, value)
        return [(Q(GreaterThan(x, early)) & Q(LessThanOrEqual(x, late)), None)] if early < late else []

    def turns(self, actual: Any, value: Any, as_of: AsOf) -> list[datetime]:
        if not isinstance(actual, date) or not MINYEAR < actual.year + value < MAXYEAR:
            return []
        year = date(actual.year + value, 1, 1)
        days = (year + timedelta(days=n) for n in range(367))
        comes = next((day for day in days if actual <= latest_birthday(day, value)), as_of.today)
        return [day_start(comes, as_of)] if comes > as_of.today else []

    def phrase(self, field: str, texts: list[str]) -> str:
        n = int(texts[0])
        return ngettext("age (by %(field)s) is at least %(n)d", "age (by %(field)s) is at least %(n)d", n) % {
            "field": field,
            "n": n,
        }


class AgeAtMost(AgeAtLeast):
    """Younger than one year more: the negation of the next age, for those whose birthday is known."""

    name = "age_at_most"
    label = gettext_lazy("makes the age at most")

    def where(self, x: Asked, value: Any, as_of: AsOf) -> Q:
        return Q(GreaterThan(x, latest_birthday(as_of.today, value + 1)))

    def crossed(self, x: Asked, value: Any, then: AsOf, now: AsOf) -> list[Moved]:
        return super().crossed(x, value + 1, then, now)

    def turns(self, actual: Any, value: Any, as_of: AsOf) -> list[datetime]:
        return super().turns(actual, value + 1, as_of)

    def phrase(self, field: str, texts: list[str]) -> str:
        n = int(texts[0])
        return ngettext("age (by %(field)s) is at most %(n)d", "age (by %(field)s) is at most %(n)d", n) % {
            "field": field,
            "n": n,
        }


def _is_on(x: Asked, month_days: set[int]) -> Q:
    """Served by the index on the same expression (``customer_birthday_day``)."""
    return Q(In(ExtractMonth(x) * Value(100) + ExtractDay(x), sorted(month_days)))


def next_turn(actual: Any, as_of: AsOf, holds: Any) -> list[datetime]:
    """The next midnight within a year at which ``holds(day)`` is another than today."""
    if not isinstance(actual, date):
        return []
    today = as_of.today
    for ahead in range(1, 367):
        if holds(today + timedelta(days=ahead)) != holds(today):
            return [day_start(today + timedelta(days=ahead), as_of)]
    return []
