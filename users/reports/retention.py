"""Retention: of those who began together, how many were active so much later (definitions.md, Retention)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from users.reports import cohorts, stored
from users.reports.cohorts import Grain, Start, Whom
from users.reports.periods import Period, read_period
from users.reports.sql import statement

MOST_COHORTS = 100
MOST_SLOTS = 32
LAST_AGE = 1830
Counts = dict[int, dict[int | None, int]]


class Mode(TextChoices):
    """Which activity counts as having stayed."""

    ON = "on", gettext_lazy("Active on day N")
    AFTER = "after", gettext_lazy("Active on day N or after")
    BRACKET = "bracket", gettext_lazy("Active in days a to b")


@dataclass(frozen=True, slots=True)
class Slot:
    """A column: ages ``first`` to ``last`` in a unit; ``last`` None: or later."""

    first: int
    last: int | None

    @property
    def text(self) -> str:
        """As an operator writes it: 7, 7+ or 1-7."""
        if self.last is None:
            return f"{self.first}+"
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the operator asks for. ``problem`` says what of the address could not be understood."""

    start: Start
    grain: Grain
    mode: Mode
    unit: Grain
    slots: tuple[Slot, ...]
    period: Period
    whom: Whom
    shows_lost: bool = False
    problem: str = ""

    @property
    def cohorts(self) -> range:
        """The cohorts, oldest first."""
        return cohorts.cohorts_of(self.period, self.grain, MOST_COHORTS)

    def ages(self, cohort: int, slot: Slot) -> tuple[date, date]:
        """The first and the last calendar day on which ``slot`` falls for somebody of the cohort."""
        last = slot.first if slot.last is None else slot.last
        return cohorts.days_at(self.grain, cohort, self.unit, slot.first, last)


@dataclass(frozen=True, slots=True)
class Stay:
    """One cell: of ``size`` customers ``kept`` were active; kept None: nobody's time has come yet.

    ``is_over``: everybody's time has passed.
    """

    size: int
    kept: int | None
    is_over: bool

    @property
    def share(self) -> float | None:
        """The part that stayed."""
        return None if self.kept is None or not self.size else self.kept / self.size


@dataclass(frozen=True, slots=True)
class Row:
    """A cohort (its ordinal) with its cells."""

    cohort: int
    size: int
    stays: Sequence[Stay]


@dataclass(frozen=True, slots=True)
class Mean:
    """A column's mean over cohorts whose time has passed, weighted by size: the pooled share."""

    size: int
    kept: int
    cohorts: Sequence[int]

    @property
    def share(self) -> float | None:
        """None where no cohort's time has passed."""
        return self.kept / self.size if self.size else None


@dataclass(frozen=True, slots=True)
class Split:
    """The means of the customers with one value of a dimension."""

    value: str | None
    size: int
    means: Sequence[Mean]


@dataclass(frozen=True, slots=True)
class Retention:
    """The table: rows oldest first, the means, and the largest values of the dimension asked for."""

    asked: Asked
    rows: Sequence[Row]
    means: Sequence[Mean]
    splits: Sequence[Split]
    as_of: datetime


USUAL: dict[tuple[Mode, Grain], str] = {
    (Mode.ON, Grain.DAY): "1,2,3,4,5,6,7,14,21,30,60,90",
    (Mode.AFTER, Grain.DAY): "1,2,3,4,5,6,7,14,21,30,60,90",
    (Mode.BRACKET, Grain.DAY): "1-7,8-14,15-30,31-60,61-90,91-180",
    **{(mode, Grain.WEEK): "1,2,3,4,5,6,7,8,9,10,11,12" for mode in (Mode.ON, Mode.AFTER)},
    **{(mode, Grain.MONTH): "1,2,3,4,5,6,7,8,9,10,11,12" for mode in (Mode.ON, Mode.AFTER)},
}
DEFAULT_DAYS = {Grain.DAY: 30, Grain.WEEK: 90, Grain.MONTH: 365}


def read(asked: Mapping[str, str], now: datetime) -> Asked:
    """What a URL asks for. What makes no sense is replaced by the usual, and said in ``problem``."""
    start = Start(_one_of(asked.get("start"), Start.values, Start.ACTIVITY))
    grain = Grain(_one_of(asked.get("grain"), Grain.values, Grain.WEEK))
    mode = Mode(_one_of(asked.get("mode"), Mode.values, Mode.ON))
    unit = Grain.DAY if mode == Mode.BRACKET or asked.get("unit") == Grain.DAY else grain
    text, problem = asked.get("ages", "").strip()[:400], ""
    try:
        slots = read_slots(text or USUAL[mode, unit], mode)
    except ValueError:
        slots = read_slots(USUAL[mode, unit], mode)
        example = "1-7, 8-30" if mode == Mode.BRACKET else "1, 7, 30"
        problem = _(
            "“%(text)s” cannot be read as columns; write ascending numbers up to %(last)s such as %(example)s,"
            " at most %(most)s of them. Shown are the usual ones."
        ) % {"text": text, "last": LAST_AGE, "example": example, "most": MOST_SLOTS}
    period = read_period(asked, now, default=DEFAULT_DAYS[grain])
    lost = asked.get("show") == "lost"
    return Asked(start, grain, mode, unit, slots, period, cohorts.read_whom(asked), lost, problem)


def read_slots(text: str, mode: Mode) -> tuple[Slot, ...]:
    """Columns from "1, 7, 30", or "1-7, 8-30" for brackets. Raises ValueError."""
    slots: list[Slot] = []
    for part in text.replace("，", ",").replace("–", "-").split(","):
        first, mark, last = part.strip().partition("-")
        if bool(mark) != (mode == Mode.BRACKET) or not all(
            n.isascii() and n.isdigit() for n in (first, last or "0")
        ):
            raise ValueError(part)
        slot = Slot(int(first), int(last) if mark else None if mode == Mode.AFTER else int(first))
        if not _reach(slots) < slot.first <= (slot.last or slot.first) <= LAST_AGE:
            raise ValueError(part)
        slots.append(slot)
    if len(slots) > MOST_SLOTS:
        raise ValueError(text)
    return tuple(slots)


def _reach(slots: Sequence[Slot]) -> int:
    if not slots:
        return -1
    return slots[-1].first if slots[-1].last is None else slots[-1].last


def _one_of(value: str | None, values: Sequence[str], default: str) -> str:
    return value if value and value in values else default


def compute(asked: Asked, now: datetime) -> Retention:
    """The whole table in one statement (and a second one for the values to split by)."""
    counted, as_of = _count(asked, now)
    rows = [_row(asked, cohort, _added(counted, cohort), now) for cohort in asked.cohorts]
    splits = (
        [_split(asked, value, counts, now) for value, counts in counted.items()] if asked.whom.split else []
    )
    splits.sort(key=lambda split: (split.value == cohorts.OTHER, -split.size, split.value or ""))
    return Retention(asked, rows, _means(rows), splits, as_of)


def _count(asked: Asked, now: datetime) -> tuple[dict[str | None, Counts], datetime]:
    """value → cohort → slot's number → customers (None as number: all), and the instant it stands for."""
    told = stored.answer(question(asked), now, keeps=asked.whom.has_plain_values)
    if asked.mode == Mode.AFTER:
        return _from_last_ages(told.rows, asked), told.as_of
    found: dict[str | None, Counts] = defaultdict(dict)
    for value, cohort, size, *kept in told.rows:
        found[value][cohort] = {None: size, **dict(enumerate(kept, start=1))}
    return found, told.as_of


def question(asked: Asked) -> stored.Question:
    """The statement behind the table; one row per value of the split, cohort and, of the last ages, age."""
    days = cohorts.span(asked.cohorts, asked.grain)
    text, values = cohorts.members(asked.start, asked.whom, days, grain=asked.grain, unit=asked.unit)
    if asked.mode == Mode.AFTER:
        return stored.Question(statement("retention_after").format(members=text), values, sums=1)
    slot_of = [0] * (max(slot.last or slot.first for slot in asked.slots) + 1)
    for number, slot in enumerate(asked.slots, start=1):
        for at in range(slot.first, (slot.last or slot.first) + 1):
            slot_of[at] = number
    numbers = range(1, len(asked.slots) + 1)
    query = statement("retention_on").format(
        members=text,
        age=f"({asked.unit.sql('day.day')} - {asked.unit.sql('member.start_day')})",
        counts=", ".join(f"count(*) FILTER (WHERE slots & {1 << number} > 0)" for number in numbers),
    )
    values |= {"slot_of": slot_of, "first_day": days.first}
    return stored.Question(query, values, sums=1 + len(asked.slots), parts=stored.parts_of(days.days))


def _from_last_ages(rows: Sequence[Sequence[Any]], asked: Asked) -> dict[str | None, Counts]:
    """From customers by the age of their last activity: who reached a slot's first age."""
    found: dict[str | None, Counts] = defaultdict(lambda: defaultdict(lambda: defaultdict(int)))
    for value, cohort, last_age, customers in rows:
        found[value][cohort][None] += customers
        for number, slot in enumerate(asked.slots, start=1):
            if last_age is not None and last_age >= slot.first:
                found[value][cohort][number] += customers
    return found


def _added(counted: Mapping[str | None, Counts], cohort: int) -> dict[int | None, int]:
    total: dict[int | None, int] = defaultdict(int)
    for counts in counted.values():
        for number, customers in counts.get(cohort, {}).items():
            total[number] += customers
    return total


def _row(asked: Asked, cohort: int, counts: Mapping[int | None, int], now: datetime) -> Row:
    size = counts.get(None, 0)
    stays = []
    for number, slot in enumerate(asked.slots, start=1):
        first, last = asked.ages(cohort, slot)
        has_begun = cohorts.is_over(first - timedelta(days=1), now)
        kept = counts.get(number, 0) if has_begun else None
        stays.append(Stay(size, kept, cohorts.is_over(last, now)))
    return Row(cohort, size, stays)


def _means(rows: Sequence[Row]) -> list[Mean]:
    means = []
    for column in zip(*(row.stays for row in rows), strict=True):
        over = [(row.cohort, stay) for row, stay in zip(rows, column, strict=True) if stay.is_over]
        size, kept = (sum(getattr(stay, name) or 0 for _c, stay in over) for name in ("size", "kept"))
        means.append(Mean(size, kept, [cohort for cohort, _stay in over]))
    return means


def _split(asked: Asked, value: str | None, counts: Counts, now: datetime) -> Split:
    rows = [_row(asked, cohort, counts.get(cohort, {}), now) for cohort in asked.cohorts]
    return Split(value, sum(row.size for row in rows), _means(rows))


def only(asked: Asked, value: str | None) -> Asked:
    """The same question about the customers with one value of the dimension."""
    return replace(asked, whom=asked.whom.with_value(value))
