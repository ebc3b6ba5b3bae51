"""Historic value by cohort: net revenue per customer since the first order, cumulated by age in months."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from users.reports import cohorts, stored
from users.reports.cohorts import OTHER, Grain, Start, Whom
from users.reports.periods import Period, read_period
from users.reports.sql import statement

GRAINS = (Grain.MONTH, Grain.WEEK)
SPANS = (6, 12, 24)
MOST_COHORTS = 60
DEFAULT_DAYS = {Grain.MONTH: 365, Grain.WEEK: 90}


@dataclass(frozen=True, slots=True)
class Asked:
    """Cohorts of first order by week or month, and how many months to follow them."""

    grain: Grain
    months: int
    period: Period
    whom: Whom

    @property
    def cohorts(self) -> range:
        """The cohorts, oldest first."""
        return cohorts.cohorts_of(self.period, self.grain, MOST_COHORTS)


@dataclass(slots=True)
class Takings:
    """What a cohort (or several) brought: minor units and buyers by age in months; ``standing`` is the check."""

    size: int = 0
    standing: int = 0
    net: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    buyers: dict[int, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def total(self) -> int:
        """All net revenue so far."""
        return sum(self.net.values())

    def until(self, age: int) -> int:
        """Net revenue up to and including an age."""
        return sum(amount for at, amount in self.net.items() if at <= age)

    def add(self, other: "Takings") -> None:
        """Take in another cohort."""
        self.size += other.size
        self.standing += other.standing
        for age, amount in other.net.items():
            self.net[age] += amount
        for age, customers in other.buyers.items():
            self.buyers[age] += customers


@dataclass(frozen=True, slots=True)
class Worth:
    """One cell: ``net`` of ``size`` customers up to an age, ``buyers`` at that age. None: not begun."""

    size: int
    net: int | None
    buyers: int
    is_over: bool

    @property
    def each(self) -> float | None:
        """Minor units per customer."""
        return None if self.net is None or not self.size else self.net / self.size


@dataclass(frozen=True, slots=True)
class Row:
    """A cohort, or the customers with one value, with cells by age; ``total`` to date."""

    cohort: int
    value: str | None
    size: int
    total: int
    cells: Sequence[Worth]


@dataclass(frozen=True, slots=True)
class Value:
    """The table, the pooled means by age, the rows by dimension, and both totals of the check."""

    asked: Asked
    rows: Sequence[Row]
    means: Sequence[Worth]
    splits: Sequence[Row]
    total: int
    standing: int
    as_of: datetime


def read(asked: Mapping[str, str], now: datetime) -> Asked:
    """What a URL asks for; nonsense is replaced by the usual."""
    grain = Grain.WEEK if asked.get("grain") == Grain.WEEK else Grain.MONTH
    wanted = asked.get("months", "")
    months = int(wanted) if wanted in map(str, SPANS) else 12
    return Asked(
        grain, months, read_period(asked, now, default=DEFAULT_DAYS[grain]), cohorts.read_whom(asked)
    )


def compute(asked: Asked, now: datetime) -> Value:
    """The whole table in one statement (and a second one for the values to split by)."""
    found, as_of = _takings(asked, now)
    by_cohort: dict[int, Takings] = defaultdict(Takings)
    for (_value, cohort), takings in found.items():
        by_cohort[cohort].add(takings)
    rows = [
        Row(
            cohort,
            None,
            by_cohort[cohort].size,
            by_cohort[cohort].total,
            _cells(asked, cohort, by_cohort[cohort], now),
        )
        for cohort in asked.cohorts
    ]
    splits = [_split(asked, value, found, now) for value in {value for value, _cohort in found}]
    splits.sort(key=lambda row: (row.value == OTHER, -row.size, row.value or ""))
    return Value(
        asked,
        rows,
        _means(asked, by_cohort, now),
        splits if asked.whom.split else [],
        sum(takings.total for takings in by_cohort.values()),
        sum(takings.standing for takings in by_cohort.values()),
        as_of,
    )


def _takings(asked: Asked, now: datetime) -> tuple[dict[tuple[str | None, int], Takings], datetime]:
    found: dict[tuple[str | None, int], Takings] = defaultdict(Takings)
    told = stored.answer(question(asked), now, keeps=asked.whom.has_plain_values)
    for value, cohort, months, customers, net in told.rows:
        takings = found[value, cohort]
        if months is None:
            takings.size, takings.standing = customers, int(net)
        else:
            takings.net[months], takings.buyers[months] = int(net), customers
    return found, told.as_of


def question(asked: Asked) -> stored.Question:
    """The statement behind the table."""
    days = cohorts.span(asked.cohorts, asked.grain)
    members, values = cohorts.members(Start.ORDER, asked.whom, days, grain=asked.grain, unit=Grain.MONTH)
    ordered = "(placed.ordered_at AT TIME ZONE %(zone)s)::date"
    began = "member.cohort" if asked.grain == Grain.MONTH else Grain.MONTH.sql("member.start_day")
    age = f"{Grain.MONTH.sql(ordered)} - {began}"
    query = statement("ltv").format(members=members, age=age)
    return stored.Question(query, values, sums=2, parts=stored.parts_of(days.days))


def _cells(asked: Asked, cohort: int, takings: Takings, now: datetime) -> list[Worth]:
    cells = []
    for age in range(asked.months + 1):
        first, last = cohorts.days_at(asked.grain, cohort, Grain.MONTH, age, age)
        begun = cohorts.is_over(first - timedelta(days=1), now)
        net = takings.until(age) if begun else None
        cells.append(Worth(takings.size, net, takings.buyers[age], cohorts.is_over(last, now)))
    return cells


def _means(asked: Asked, by_cohort: Mapping[int, Takings], now: datetime) -> list[Worth]:
    """Pooled over the cohorts whose month has passed."""
    drawn = [_cells(asked, cohort, by_cohort.get(cohort) or Takings(), now) for cohort in asked.cohorts]
    means = []
    for age in range(asked.months + 1):
        cells = [row[age] for row in drawn if row[age].is_over]
        sums = (sum(cell.size for cell in cells), sum(cell.net or 0 for cell in cells))
        means.append(Worth(*sums, sum(cell.buyers for cell in cells), bool(cells)))
    return means


def _split(
    asked: Asked, value: str | None, found: Mapping[tuple[str | None, int], Takings], now: datetime
) -> Row:
    own = {cohort: takings for (told, cohort), takings in found.items() if told == value}
    size, total = (sum(getattr(one, name) for one in own.values()) for name in ("size", "total"))
    return Row(0, value, size, total, _means(asked, own, now))
