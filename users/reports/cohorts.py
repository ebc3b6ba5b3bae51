"""Cohorts: customers who began in the same day, week or month, and the calendar periods that follow.

A period is known by its ordinal: days, Monday weeks or months since the year 1. The distance of two ordinals is
an age, so that the same arithmetic holds in Python and in the statements.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import TextChoices
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.kit import words
from config.kit.batches import fetch
from users.dimensions import Dimension, dimension
from users.groups import selected
from users.reports.periods import Period
from users.reports.sql import statement

LONGEST_VALUE = 250
MOST_VALUES = 12
PLAIN = frozenset({"stage", "channel", "subchannel", "gender", "platform", "country", "language"})
OTHER = "\x01"
"""Stands for all values of a dimension beyond the largest ones; no text from outside holds it alone."""
LARGEST = "CASE WHEN value IS NULL OR value = ANY(%(top)s::text[]) THEN value ELSE chr(1) END"
_NAMED = re.compile(r"%\((\w+)\)s")


class Start(TextChoices):
    """What makes a customer's day 0."""

    ACTIVITY = "activity", gettext_lazy("First activity")
    REGISTRATION = "registration", gettext_lazy("Registration")
    ORDER = "order", gettext_lazy("First order")

    @property
    def at(self) -> str:
        """The instant, in SQL."""
        return STARTS[self]


STARTS: dict[str, str] = {
    Start.ACTIVITY: "standing.first_activity_at",
    Start.REGISTRATION: "customer.registered_at",
    Start.ORDER: "standing.first_order_at",
}


class Grain(TextChoices):
    """The calendar period of a cohort; weeks begin on Monday."""

    DAY = "day", gettext_lazy("Day")
    WEEK = "week", gettext_lazy("Week")
    MONTH = "month", gettext_lazy("Month")

    def ordinal(self, day: date) -> int:
        """The period of a calendar day."""
        if self == Grain.MONTH:
            return day.year * 12 + day.month - 1
        return (day.toordinal() - 1) // (7 if self == Grain.WEEK else 1)

    def begin(self, ordinal: int) -> date:
        """The first day of a period."""
        if self == Grain.MONTH:
            return date(ordinal // 12, ordinal % 12 + 1, 1)
        return date.fromordinal(ordinal * (7 if self == Grain.WEEK else 1) + 1)

    def end(self, ordinal: int) -> date:
        """The last day of a period."""
        return self.begin(ordinal + 1) - timedelta(days=1)

    def sql(self, day: str) -> str:
        """``ordinal`` of a date expression, in SQL."""
        if self == Grain.MONTH:
            return f"(date_part('year', {day})::int * 12 + date_part('month', {day})::int - 1)"
        days = f"({day} - date '0001-01-01')"
        return f"({days} / 7)" if self == Grain.WEEK else days

    def sql_begin(self, day: str, later: str) -> str:
        """The first day of the period ``later`` (an SQL integer) periods after the one of a day, in SQL."""
        if self == Grain.DAY:
            return f"({day} + {later})"
        if self == Grain.WEEK:
            return f"({day} - ({day} - date '0001-01-01') %% 7 + 7 * {later})"
        return f"((date_trunc('month', {day}::timestamp) + {later} * interval '1 month')::date)"

    def name_of(self, ordinal: int) -> str:
        """A period in the reader's language."""
        begin = self.begin(ordinal)
        if self == Grain.MONTH:
            return words.month(begin)
        if self == Grain.WEEK:
            return _("week of %(day)s") % {"day": words.day(begin)}
        return words.day(begin)


@dataclass(frozen=True, slots=True)
class Whom:
    """Which customers a report looks at: known ones or visitors too, all or those with one value of a dimension."""

    visitors: bool = False
    by: Dimension | None = None
    value: str | None = None
    is_filtered: bool = False

    @property
    def split(self) -> Dimension | None:
        """The dimension to split by, where no value of it is chosen."""
        return None if self.is_filtered else self.by

    @property
    def has_plain_values(self) -> bool:
        """Whether rows by this split hold values of fixed lists only, nothing that traffic says of people."""
        return self.split is None or bool(self.split.order) or self.split.name in PLAIN

    @property
    def parameters(self) -> dict[str, str]:
        """As a link carries it."""
        told = {"visitors": "1"} if self.visitors else {}
        if self.by and self.is_filtered:
            told |= {
                "by": self.by.name,
                **({"unknown": "1"} if self.value is None else {"value": self.value}),
            }
        return told

    @property
    def condition(self) -> str:
        """In SQL over ``customer`` and ``standing``; its values are ``values``."""
        parts = ["customer.erased_at IS NULL"]
        if not self.visitors:
            parts.append("customer.identified")
        if self.by and self.is_filtered:
            has_it = "IS NOT DISTINCT FROM %(value)s::text"
            if self.by.many:
                has_it = "IS NULL" if self.value is None else "::jsonb ? %(value)s"
            parts.append(f"({named(self.by)}) {has_it}")
        return " AND ".join(parts)

    @property
    def values(self) -> dict[str, Any]:
        """The values bound in ``condition`` and in ``named(by)``."""
        return {"value": self.value, "zone": settings.SHOP_TIME_ZONE, **bound(self.by)}

    def with_value(self, value: str | None) -> "Whom":
        """Only those with one value of the dimension."""
        return Whom(self.visitors, self.by, value, True)

    @property
    def sentence(self) -> str:
        """In words, as the end of a sentence; "" for all known customers."""
        parts = [_("visitors included")] if self.visitors else []
        if self.by and self.is_filtered:
            parts.append(f"{self.by.title}: {self.by.label(self.value)}")
        return "; ".join(parts)


def read_whom(
    asked: Mapping[str, str], default: str = "", *, own: Mapping[str, Dimension] | None = None
) -> Whom:
    """The customers that a URL asks for: ``visitors``, ``by`` and ``value`` (or ``unknown``).

    ``own``: dimensions that only this report has.
    """
    name = asked.get("by", default)
    by = (own or {}).get(name) or dimension(name)
    value = asked.get("value", "").replace("\0", "")[:LONGEST_VALUE]
    unknown = asked.get("unknown", "") == "1"
    is_filtered = by is not None and (unknown or bool(value))
    return Whom(asked.get("visitors", "") == "1", by, None if unknown else value or None, is_filtered)


def named(by: Dimension | None) -> str:
    """The expression of a dimension with named parameters; NULL for none."""
    if by is None:
        return "NULL::text"
    expression = by.expression
    for position in range(len(by.parameters)):
        expression = expression.replace("%s", f"%(dimension_{position})s", 1)
    return expression


def bound(by: Dimension | None) -> dict[str, Any]:
    """The values of ``named``."""
    return {f"dimension_{position}": value for position, value in enumerate(by.parameters if by else ())}


def members(
    start: Start, whom: Whom, days: Period, *, grain: Grain, unit: Grain
) -> tuple[str, dict[str, Any]]:
    """Who began in some days, with cohort, value and age of the last activity: a statement and its values."""
    values = {"begin": days.begin, "end": days.end, **whom.values}
    text = statement("cohort_members").format(
        cohort=grain.sql("start_day"),
        value="value" if whom.has_plain_values else LARGEST,
        last_age=f"{unit.sql('last_day')} - {unit.sql('start_day')}",
        raw=named(whom.split),
        whom=whom.condition,
        at=start.at,
    )
    if not whom.has_plain_values:
        values |= {"top": largest_values(whom, start, values)}
    return text, values


def largest_values(whom: Whom, start: Start, values: Mapping[str, Any]) -> list[str]:
    """The values of the dimension to split by that most of those hold who began in ``begin`` … ``end``."""
    if whom.split is None:
        return []
    return [
        value
        for value, _customers in fetch(
            f"SELECT ({named(whom.split)})::text AS value, count(*) FROM users_customer customer"
            " JOIN users_standing standing ON standing.customer_id = customer.id"
            f" WHERE {whom.condition} AND {start.at} >= %(begin)s AND {start.at} < %(end)s"
            " GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %(most)s",
            {**values, "most": MOST_VALUES + 1},
        )
        if value is not None
    ][:MOST_VALUES]


def value_title(by: Dimension, value: str | None) -> str:
    """A value of a split in the reader's language."""
    return _("other values") if value == OTHER else by.label(value)


def select(statement: str, values: Mapping[str, Any]) -> RawSQL:
    """A SELECT of customer ids with named parameters, as a group's query."""
    used = tuple(values[match.group(1)] for match in _NAMED.finditer(statement))
    return selected(_NAMED.sub("%s", statement), used)


def start_day(start: Start) -> str:
    """The calendar day, in the shop's zone, of a start, in SQL."""
    return f"({start.at} AT TIME ZONE %(zone)s)::date"


def cohorts_of(period: Period, grain: Grain, most: int) -> range:
    """The cohorts that a period touches, whole ones, the newest ``most`` of them."""
    last = grain.ordinal(period.last)
    return range(max(grain.ordinal(period.first), last - most + 1), last + 1)


def span(cohorts: range, grain: Grain) -> Period:
    """The days of consecutive cohorts."""
    return Period(grain.begin(cohorts[0]), grain.end(cohorts[-1]))


def days_at(grain: Grain, cohort: int, unit: Grain, first: int, last: int) -> tuple[date, date]:
    """The first and last calendar day on which ages ``first`` … ``last`` fall for somebody of a cohort."""
    begin, end = (unit.ordinal(day) for day in (grain.begin(cohort), grain.end(cohort)))
    return unit.begin(begin + first), unit.end(end + last)


def read_days(asked: Mapping[str, str]) -> Period:
    """The days ``from`` … ``to`` of a group's link. Raises ValueError."""
    first, last = date.fromisoformat(asked["from"]), date.fromisoformat(asked["to"])
    if first > last or not 1900 < first.year < last.year + 1 < 2999:
        raise ValueError("days")
    return Period(first, last)


def is_over(last: date, now: datetime) -> bool:
    """Whether a calendar day of the shop has ended."""
    return last < now.astimezone(words.shop_zone()).date()
