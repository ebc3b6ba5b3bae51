"""Anniversaries of an instant (registration, first order), by its day in the shop zone; from the first year on.

As birthdays (``calendar.py``), but the day itself is not yet an anniversary.
"""

from datetime import date, datetime
from typing import Any

from django.db.models import Q, Value
from django.db.models.functions import ExtractDay, ExtractMonth
from django.db.models.lookups import In, LessThan
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from segments.rules.as_of import AsOf
from segments.rules.calendar import (
    Anniversary,
    AnniversaryIn,
    AnniversaryThisMonth,
    AnniversaryWithin,
    kept_on,
    next_turn,
)
from segments.rules.operators import Moved
from segments.rules.operators import Value as Asked
from segments.rules.windows import day_start


class _OfInstant(Anniversary):
    """Mixed into an operator of birthdays; a day counts for those whose first was in an earlier year."""

    def where(self, x: Asked, value: Any, as_of: AsOf) -> Q:
        by_year: dict[int, list[date]] = {}
        for day in self.days(value, as_of.today):
            by_year.setdefault(day.year, []).append(day)
        asked = Q()
        for year, days in by_year.items():
            asked |= _falls_on(x, kept_on(days), as_of) & Q(LessThan(x, day_start(date(year, 1, 1), as_of)))
        return asked

    def crossed(self, x: Asked, value: Any, then: AsOf, now: AsOf) -> list[Moved]:
        before, after = set(self.days(value, then.today)), set(self.days(value, now.today))
        changed = kept_on(before - after) | kept_on(after - before)
        return [(_falls_on(x, changed, now), None)] if changed else []

    def turns(self, actual: Any, value: Any, as_of: AsOf) -> list[datetime]:
        if not isinstance(actual, datetime):
            return []
        first = actual.astimezone(as_of.zone).date()

        def holds(today: date) -> bool:
            return any(
                first.month * 100 + first.day in kept_on([day]) and first.year < day.year
                for day in self.days(value, today)
            )

        return next_turn(first, as_of, holds)


def _anniversary_of(field: str) -> str:
    """In a sentence: "registration is this month" would say that it happened this month."""
    return _("the anniversary of %(field)s") % {"field": field}


def _falls_on(x: Asked, month_days: set[int], as_of: AsOf) -> Q:
    month, day = ExtractMonth(x, tzinfo=as_of.zone), ExtractDay(x, tzinfo=as_of.zone)
    return Q(In(month * Value(100) + day, sorted(month_days)))


class AnniversaryOfInstantIn(_OfInstant, AnniversaryIn):
    """In exactly so many days."""

    label = gettext_lazy("has its anniversary in exactly (days)")

    def phrase(self, field: str, texts: list[str]) -> str:
        return super().phrase(_anniversary_of(field), texts)


class AnniversaryOfInstantWithin(_OfInstant, AnniversaryWithin):
    """Today or within so many days."""

    label = gettext_lazy("has its anniversary within the next (days)")

    def phrase(self, field: str, texts: list[str]) -> str:
        return super().phrase(_anniversary_of(field), texts)


class AnniversaryOfInstantThisMonth(_OfInstant, AnniversaryThisMonth):
    """In the current month."""

    label = gettext_lazy("has its anniversary this month")

    def phrase(self, field: str, texts: list[str]) -> str:
        return super().phrase(_anniversary_of(field), texts)
