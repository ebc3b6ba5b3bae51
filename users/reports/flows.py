"""Stages over time: how many stood in each, who went where, how long they stayed, who came back.

All of it follows from the moves as believed now, over identified customers; a figure of a past day is what is
known of that day today.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Sum

from users.models import Stage, StageFlow
from users.pages import outreach
from users.reports import stored
from users.reports.periods import Period
from users.reports.rollups import sql
from users.survival import Lasting

HORIZONS = (30, 60, 90, 180)
MOVES_TO_DAYS = 3
"""Moves are looked at with what comes after the period, and beside everybody."""
NOBODY = "SELECT NULL::bigint AS customer_id, NULL::timestamptz AS at WHERE false"

StageCounts = dict[Stage, int]


@dataclass(frozen=True, slots=True)
class DayOfStages:
    """The customers of each stage at the end of a day of the shop (today: so far)."""

    day: date
    customers: StageCounts


@dataclass(frozen=True, slots=True)
class Transitions:
    """Customers by the stage when a period began ("" : not known yet) and the one when it ended."""

    customers: dict[tuple[str, str], int]
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Return:
    """Of customers who fell into a stage, those followed for ``days``: how many came back within them.

    ``unwritten``: the part that had come back by then if watching stops at the first message that was sent.
    """

    days: int
    back: int
    of: int
    unwritten: float | None


@dataclass(frozen=True, slots=True)
class Returns:
    """What became of the customers who fell into a stage in a period."""

    customers: int
    written_to: int
    within: tuple[Return, ...]


def stage_counts(days: Iterable[date], *, visitors: bool = False) -> list[DayOfStages]:
    """The customers of each stage at the end of each of the days, from the roll-up; days in order."""
    days = list(days)
    flows = StageFlow.objects.filter(day__lte=days[-1]) if days else StageFlow.objects.none()
    counted = flows.values_list("day", "from_stage", "to_stage", "customers", "visitors").order_by("day")
    standing: Counter[str] = Counter()
    found: list[DayOfStages] = []
    rows = list(counted)
    position = 0
    for day in days:
        while position < len(rows) and rows[position][0] <= day:
            _day, from_stage, to_stage, customers, more = rows[position]
            number = customers + (more if visitors else 0)
            standing[to_stage] += number
            standing[from_stage] -= number
            position += 1
        found.append(DayOfStages(day, {stage: standing[stage.value] for stage in Stage}))
    return found


def moves(period: Period) -> dict[tuple[str, str], int]:
    """How many moves there were from each stage to each in a period, from the roll-up."""
    rows = (
        StageFlow.objects.filter(day__gte=period.first, day__lte=period.last)
        .exclude(from_stage="")
        .values("from_stage", "to_stage")
        .annotate(moves=Sum("customers"))
    )
    return {(row["from_stage"], row["to_stage"]): row["moves"] for row in rows if row["moves"]}


def transitions(period: Period, now: datetime) -> Transitions:
    """How many customers stood in which stage when the period began and in which when it ended (or now).

    From "" came those who were not known when it began.
    """
    told = stored.answer(transitions_question(period), now)
    return Transitions({(start, finish): customers for start, finish, customers in told.rows}, told.as_of)


def dwell(period: Period, now: datetime) -> dict[Stage, Lasting]:
    """How long the stays that began in the period lasted, by stage; those that go on are censored."""
    ended: dict[str, Counter[int]] = {stage: Counter() for stage in Stage}
    going_on: dict[str, Counter[int]] = {stage: Counter() for stage in Stage}
    for stage, is_over, days, stays in stored.answer(dwell_question(period), now).rows:
        (ended if is_over else going_on)[stage][days] += stays
    return {stage: Lasting(ended[stage], going_on[stage]) for stage in Stage if stage is not Stage.PROSPECT}


def returns(period: Period, now: datetime, stage: Stage) -> Returns:
    """What became of those who fell into ``stage`` in the period."""
    return summed(stored.answer(returns_question(period, stage), now).rows)


def transitions_question(period: Period) -> stored.Question:
    """What ``transitions`` asks."""
    return _question(sql("stage_transitions"), period)


def dwell_question(period: Period) -> stored.Question:
    """What ``dwell`` asks."""
    return _question(sql("stage_dwell"), period)


def returns_question(period: Period, stage: Stage) -> stored.Question:
    """What ``returns`` asks."""
    statement = sql("stage_returns").replace("/* outreach */", _outreach())
    return _question(statement, period, stage=stage.value)


def summed(rows: Iterable[Sequence[Any]]) -> Returns:
    """Rows (days to the return, days to the first message, days watched, customers) as shares."""
    rows = list(rows)
    ended: Counter[int] = Counter()
    stopped: Counter[int] = Counter()
    for back, written, watched, customers in rows:
        if written is not None:
            stopped[written] += customers
        elif back is not None:
            ended[back] += customers
        else:
            stopped[watched] += customers
    unwritten = Lasting(ended, stopped)
    within = []
    for days in HORIZONS:
        of = sum(n for _back, _written, watched, n in rows if watched >= days)
        came = sum(n for back, _w, watched, n in rows if watched >= days and back is not None and back < days)
        within.append(Return(days, came, of, unwritten.ended_before(days) if of else None))
    return Returns(
        sum(n for *_rest, n in rows),
        sum(n for _back, written, _watched, n in rows if written is not None),
        tuple(within),
    )


def days_shown(period: Period, now_day: date, every: str) -> list[date]:
    """The days at whose end stages are shown: each day, or each Sunday and the last day."""
    last = min(period.last, now_day)
    days = [period.first + timedelta(days=n) for n in range((last - period.first).days + 1)]
    return days if every == "day" else [day for day in days if day.isoweekday() == 7 or day == last]


def _outreach() -> str:
    return " UNION ALL ".join(entry.statement for entry in outreach) or NOBODY


def _question(statement: str, period: Period, **more: str) -> stored.Question:
    """Rows whose last column counts customers or stays; nobody is in two parts."""
    values = {"begin": period.begin, "end": period.end, **more}
    return stored.Question(statement, values, sums=1, parts=stored.parts_of(MOVES_TO_DAYS * period.days))
