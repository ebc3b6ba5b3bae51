"""Funnels: who went through some events in order within a time, and where the others stopped.

A customer goes step by step, each strictly later than the one before, and the last at most ``within`` after the first,
which falls into the period. Of all ways through the events of a customer the one that reaches furthest counts.

Times between steps are counted by bands of one percent, so that the counts of parts of the customers add up; a median
is the middle of its band, at most half a percent off.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from users.devices import DeviceKind
from users.dimensions import Dimension
from users.models import Event, EventType
from users.reports import cohorts, stored
from users.reports.cohorts import MOST_VALUES, OTHER, Whom
from users.reports.periods import Period, read_period
from users.reports.sql import statement

MOST_STEPS = 8
FEWEST_STEPS = 2
REGISTERED = "r"
LONGEST_CATEGORY = 100
UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
LONGEST = timedelta(days=366)
USUAL = timedelta(days=7)
SHOPPING = ("Product Viewed", "Product Added", "Checkout Started", "Order Completed")
EVENTS_TO_DAYS, DEVICES_TO_DAYS = 5, 12
"""To read the events of a period, and to look up devices with them, takes as long as summing up so many of days."""
BAND = 1.01
"""How much longer the times of a band are than those of the band below."""
PRESETS: dict[str, tuple[str, ...]] = {"registration": (REGISTERED, *SHOPPING), "shopping": SHOPPING}

# A device belongs to an event, not to a customer, so only a funnel can be split by it.
DEVICE = Dimension(
    "device",
    gettext_lazy("Device"),
    "used.device",
    labels=lambda: dict(DeviceKind.choices),
    order=tuple(DeviceKind.values),
)
OWN = {DEVICE.name: DEVICE}


IN_PART = "{id} BETWEEN %(from_id)s AND %(to_id)s"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: an event type's id or ``REGISTERED``, and the category it must be about ("": any)."""

    event: str
    category: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A funnel; ``problem`` says what of the address could not be understood."""

    steps: tuple[Step, ...]
    within: timedelta
    period: Period
    whom: Whom
    problem: str = ""

    @property
    def parameters(self) -> dict[str, str]:
        """As the link of a group carries it."""
        told = {
            "steps": ",".join(step.event for step in self.steps),
            "within": str(round(self.within.total_seconds())),
        }
        told |= {f"c{n}": step.category for n, step in enumerate(self.steps, start=1) if step.category}
        days = {"from": self.period.first.isoformat(), "to": self.period.last.isoformat()}
        return told | days | self.whom.parameters


@dataclass(frozen=True, slots=True)
class Way:
    """Some customers' way: how many reached each step; ``hours``: median from the step before."""

    value: str | None
    reached: Sequence[int]
    hours: Sequence[float | None] = ()

    @property
    def entered(self) -> int:
        """Who took the first step."""
        return self.reached[0]

    def lost(self, step: int) -> int:
        """Who reached a step (from 0) and not the next."""
        return self.reached[step] - (self.reached[step + 1] if step + 1 < len(self.reached) else 0)


@dataclass(frozen=True, slots=True)
class Funnel:
    """Everybody's way and the ways by dimension, the largest first."""

    asked: Asked
    all: Way
    ways: Sequence[Way]
    as_of: datetime


def event_types() -> list[EventType]:
    """The types of which there are events."""
    used = Exists(Event.objects.filter(type=OuterRef("pk")))
    return list(EventType.objects.filter(used).order_by("is_internal", "name"))


def names(steps: Sequence[Step]) -> dict[int, str]:
    """The names of the steps' event types."""
    numbers = [int(step.event) for step in steps if step.event != REGISTERED]
    return dict(EventType.objects.filter(pk__in=numbers).values_list("pk", "name"))


def preset(name: str) -> tuple[Step, ...]:
    """The steps of a preset; types that the shop does not know are left out."""
    names = PRESETS.get(name) or PRESETS["registration"]
    known = dict(EventType.objects.filter(name__in=names).values_list("name", "pk"))
    return tuple(
        Step(one if one == REGISTERED else str(known[one]))
        for one in names
        if one == REGISTERED or one in known
    )


def read(asked: Mapping[str, str], now: datetime) -> Asked:
    """What a URL asks for: ``s1`` … ``s8`` with ``c1`` … ``c8``, else a preset."""
    told = [Step(asked.get(f"s{n}", ""), asked.get(f"c{n}", "").strip()) for n in range(1, MOST_STEPS + 1)]
    steps, problem = tuple(step for step in told if step.event), ""
    try:
        if steps:
            check_steps(steps)
    except ValueError:
        problem = _("A funnel needs 2 to 8 steps, each an event that the shop knows. Shown is the usual one.")
        steps = ()
    within = USUAL
    try:
        within = read_within(asked)
    except ValueError:
        problem = _("The time limit must be a number above 0, and at most 366 days. Shown is the usual one.")
    period = read_period(asked, now)
    return Asked(
        steps or preset(asked.get("preset", "")), within, period, cohorts.read_whom(asked, own=OWN), problem
    )


def read_within(asked: Mapping[str, str]) -> timedelta:
    """The time limit ``within`` in ``unit``. Raises ValueError."""
    text = asked.get("within", "").strip()
    if not text:
        return USUAL
    if not (text.isascii() and text.isdigit()) or len(text) > 9:
        raise ValueError(text)
    within = int(text) * UNITS.get(asked.get("unit", "day"), UNITS["day"])
    if not timedelta(0) < within <= LONGEST:
        raise ValueError(text)
    return within


def read_group(asked: Mapping[str, str]) -> Asked:
    """The funnel of a group's link. Raises ValueError or KeyError."""
    events = asked["steps"].split(",")
    steps = tuple(Step(event, asked.get(f"c{n}", "")) for n, event in enumerate(events, start=1))
    check_steps(steps)
    seconds = int(asked["within"])
    if not 0 < seconds <= LONGEST.total_seconds():
        raise ValueError("within")
    return Asked(
        steps, timedelta(seconds=seconds), cohorts.read_days(asked), cohorts.read_whom(asked, own=OWN)
    )


def check_steps(steps: Sequence[Step]) -> None:
    """Raises ValueError for too few or many steps, or events that do not exist."""
    numbers = {step.event for step in steps} - {REGISTERED}
    if not FEWEST_STEPS <= len(steps) <= MOST_STEPS:
        raise ValueError("steps")
    if not all(number.isascii() and number.isdigit() and len(number) < 6 for number in numbers):
        raise ValueError("event")
    if any(len(step.category) > LONGEST_CATEGORY for step in steps):
        raise ValueError("category")
    small = [int(number) for number in numbers if int(number) <= 32767]
    if EventType.objects.filter(pk__in=small).count() != len({int(number) for number in numbers}):
        raise ValueError("event")


def compute(asked: Asked, now: datetime, *, within: int | None = None) -> Funnel:
    """Counts by value and step, and the medians. Raises Refusal when that takes too long, or longer than ``within``."""
    many = len(asked.steps)
    told = stored.answer(question(asked), now, keeps=asked.whom.has_plain_values, within=within)
    depths: dict[str | None, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    total: dict[int, int] = defaultdict(int)
    bands: dict[int, dict[int, int]] = defaultdict(dict)
    for value, depth, step, band, customers in told.rows:
        if depth is None:
            bands[step][band] = customers
        else:
            depths[value][depth] += customers
            total[depth] += customers
    ways = (
        [Way(value, _cumulated(counts, many)) for value, counts in depths.items()] if asked.whom.split else []
    )
    ways.sort(key=lambda way: (-way.entered, way.value or ""))
    hours = [None, *(_median_hours(bands[step]) for step in range(2, many + 1))]
    return Funnel(asked, Way(None, _cumulated(total, many), hours), _largest(ways, many), told.as_of)


def question(asked: Asked) -> stored.Question:
    """The statement behind the counts, which add up over parts of the customers."""
    query, values = reached(asked, in_parts=True)
    gaps = ", ".join(f"({n}, gap_{n})" for n in range(2, len(asked.steps) + 1))
    query = statement("funnel").format(reached=query, gaps=gaps)
    days = (asked.period.days + asked.within.days) * (
        DEVICES_TO_DAYS if asked.whom.by is DEVICE else EVENTS_TO_DAYS
    )
    return stored.Question(query, values | {"band": BAND}, sums=1, parts=stored.parts_of(days))


def _median_hours(bands: Mapping[int, int]) -> float | None:
    """The median of times counted by band: halfway between the two in the middle."""
    n, so_far, middle = sum(bands.values()), 0, []
    for band in sorted(bands):
        before, so_far = so_far, so_far + bands[band]
        middle += [band for place in ((n - 1) // 2, n // 2) if before <= place < so_far]
    return sum(math.pow(BAND, band) for band in middle) / 2 / 3600 if middle else None


def _largest(ways: list[Way], many: int) -> list[Way]:
    """The largest values; the others together."""
    rest = ways[MOST_VALUES:]
    if not rest:
        return ways
    together = Way(OTHER, [sum(way.reached[n] for way in rest) for n in range(many)])
    return [*ways[:MOST_VALUES], together]


def _cumulated(counts: Mapping[int, int], many: int) -> list[int]:
    return [sum(customers for depth, customers in counts.items() if depth > step) for step in range(many)]


def reached(asked: Asked, *, in_parts: bool = False) -> tuple[str, dict[str, object]]:
    """The statement of everybody who took the first step: id, value, depth, seconds between steps; its values.

    ``in_parts``: of those customers only whose ids are in the part (``stored.Question``).
    """
    values: dict[str, object] = {
        "begin": asked.period.begin,
        "end": asked.period.end,
        "within": asked.within,
        **asked.whom.values,
    }
    first, second, every = _events(asked, values, IN_PART if in_parts else "true")
    levels = f"SELECT * FROM ({every}) AS told WHERE id IN (SELECT id FROM onward)"
    for number in range(1, len(asked.steps) + 1):
        levels = _level(levels, number)
    many = range(1, len(asked.steps) + 1)
    whens = " ".join(f"WHEN bool_or(from_{n} IS NOT NULL) THEN {n}" for n in reversed(many))
    gaps = "".join(
        f", (min(ARRAY[extract(epoch FROM at), gap_{n}]) FILTER (WHERE from_{n} IS NOT NULL))[2] AS gap_{n}"
        for n in many[1:]
    )
    text = statement("funnel_reached").format(
        first=first,
        second=second,
        no_gaps=", NULL::numeric" * len(many[1:]),
        levels=levels,
        depth=f"CASE {whens} END",
        gaps=gaps,
        gap_names="".join(f", walked.gap_{n}" for n in many[1:]),
        value=f"({cohorts.named(asked.whom.split)})::text",
        whom=asked.whom.condition,
    )
    # A million standings are joined only where something of them is asked for.
    standing = "JOIN users_standing standing ON standing.customer_id = walked.id"
    text = text.replace("/* standing */", standing if "standing." in text else "")
    return text.replace("/* device */", _devices(asked) if asked.whom.by is DEVICE else ""), values


def _devices(asked: Asked) -> str:
    """Joins the device of everybody's first step: of the earliest event in the period that tells one.

    A registration has none; there the earliest event among the other steps speaks for it. Looked up one by one: no
    index holds devices, and all events of a period are more than those of the customers asked about.
    """
    steps = asked.steps[:1] if asked.steps[0].event != REGISTERED else asked.steps[1:]
    end = "%(end)s" if asked.steps[0].event != REGISTERED else "%(end)s + %(within)s"
    fits = " OR ".join(
        f"type_id = %(type_{number})s AND {_fits(step, number)}"
        for number, step in enumerate(asked.steps)
        if step in steps and step.event != REGISTERED
    )
    return (
        "LEFT JOIN LATERAL (SELECT device FROM users_event WHERE customer_id = walked.id"
        f" AND ({fits or 'false'}) AND occurred_at >= %(begin)s AND occurred_at < {end} AND device IS NOT NULL"
        " ORDER BY occurred_at, message_id LIMIT 1) AS used ON true"
    )


def _level(below: str, number: int) -> str:
    """Adds to each event, if it can be step ``number``: the latest start of a way that leads to it in time."""
    bit = 1 << (number - 1)
    if number == 1:
        start = f"CASE WHEN mask & {bit} > 0 AND at >= %(begin)s AND at < %(end)s THEN at END"
        return f"SELECT *, {start} AS from_1 FROM ({below}) AS told"
    before = number - 1
    return (
        f"SELECT *, CASE WHEN mask & {bit} > 0 AND at - led_from <= %(within)s THEN led_from END AS from_{number},"
        f" extract(epoch FROM at - led_at) AS gap_{number}"
        f" FROM (SELECT {_kept(number)}, max(from_{before}) OVER earlier AS led_from,"
        f" max(CASE WHEN from_{before} IS NOT NULL THEN at END) OVER earlier AS led_at FROM ({below}) AS level_{before}"
        " WINDOW earlier AS (PARTITION BY id ORDER BY at GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)"
        f") AS step_{number}"
    )


def _kept(number: int) -> str:
    """The columns that a level hands on."""
    columns = ["id", "at", "mask", "from_1"]
    for n in range(2, number):
        columns += [f"from_{n}", f"gap_{n}"]
    return ", ".join(columns)


def _events(asked: Asked, values: dict[str, object], part: str) -> tuple[str, str, str]:
    """Selects of the events that may be the first step, the second, and any step; of the latter each event once.

    ``mask`` has a bit for each step that an event may be; ``part``: a condition on ``id``.
    """
    by_event: dict[str, list[int]] = defaultdict(list)
    for number, step in enumerate(asked.steps):
        by_event[step.event].append(number)
        values[f"category_{number}"] = step.category
        if step.event != REGISTERED:
            values[f"type_{number}"] = int(step.event)
    every = " UNION ALL ".join(_select(asked, numbers, part) for numbers in by_event.values())
    return _select(asked, [0], part), _select(asked, [1], part), every


def _select(asked: Asked, numbers: Sequence[int], part: str) -> str:
    """The events that may be one of some steps, which are all of one type."""
    end = "%(end)s" if list(numbers) == [0] else "%(end)s + %(within)s"
    if asked.steps[numbers[0]].event == REGISTERED:
        bits = sum(1 << number for number in numbers)
        return (
            f"SELECT id, registered_at AS at, {bits} AS mask FROM users_customer"
            f" WHERE registered_at >= %(begin)s AND registered_at < {end} AND {part.format(id='id')}"
        )
    mask = " | ".join(_bit(asked.steps[number], number) for number in numbers)
    fits = " OR ".join(_fits(asked.steps[number], number) for number in numbers)
    return (
        f"SELECT customer_id AS id, occurred_at AS at, {mask} AS mask FROM users_event"
        f" WHERE type_id = %(type_{numbers[0]})s AND occurred_at >= %(begin)s AND occurred_at < {end} AND ({fits})"
        f" AND {part.format(id='customer_id')}"
    )


def _fits(step: Step, number: int) -> str:
    return f"category = %(category_{number})s" if step.category else "true"


def _bit(step: Step, number: int) -> str:
    return f"CASE WHEN {_fits(step, number)} THEN {1 << number} ELSE 0 END"
