"""The slow, obvious second opinion: rules evaluated in Python over plain data, customer by customer.

Deliberately shares nothing with the compiler but the JSON of a rule: no operator class, no window class, no
SQL. Where the two disagree one of them is wrong, and this one is short enough to be read.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Any
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
UNUSABLE = {"bouncing", "blocked"}


@dataclass
class Happening:
    """An event or an order of a person."""

    name: str
    at: datetime
    properties: dict[str, Any] = field(default_factory=dict)


@dataclass
class Shop:
    """What some conditions ask of everybody: all people, and the cuts kept so far, oldest first."""

    people: dict[int, "Person"] = field(default_factory=dict)
    cuts: dict[tuple[str, int], list[tuple[datetime, Any]]] = field(default_factory=dict)


@dataclass
class Person:
    """Everything a rule may ask about one customer."""

    pk: int
    values: dict[str, Any]
    attributes: dict[str, Any] = field(default_factory=dict)
    sets: dict[str, set[str]] = field(default_factory=dict)
    happenings: list[Happening] = field(default_factory=list)
    contacts: list[tuple[str, str, bool]] = field(default_factory=list)  # channel, state, confirmed
    consents: dict[tuple[str, str], bool] = field(default_factory=dict)  # (channel, topic) → granted
    segments: dict[int, datetime] = field(default_factory=dict)  # segment → entered at
    log: dict[int, list[tuple[datetime, bool]]] = field(default_factory=dict)  # segment → (at, entered)…
    moves: list[tuple[datetime, str]] = field(default_factory=list)  # (at, to stage), oldest first
    shop: Shop = field(default_factory=Shop, repr=False)


def selects(rule: dict[str, Any], person: Person, now: datetime) -> bool:
    """Whether the rule is true of the person at that instant."""
    return holds(rule["root"], person, now)


def holds(node: dict[str, Any], person: Person, now: datetime) -> bool:
    if "all" in node:
        return all(holds(part, person, now) for part in node["all"])
    if "any" in node:
        return any(holds(part, person, now) for part in node["any"])
    if "none" in node:
        return not any(holds(part, person, now) for part in node["none"])
    return next(ask for key, ask in ASKED.items() if key in node)(node, person, now)


# --- One value ----------------------------------------------------------------------------------------------


def compare(x: Any, op: str, value: Any, now: datetime) -> bool:
    """Missing values answer no to every positive question, and therefore yes to its opposite."""
    opposites = {
        "not_equals": "equals",
        "is_none_of": "is_any_of",
        "not_contains": "contains",
        "is_unknown": "is_known",
    }
    if op in opposites:
        return not compare(x, opposites[op], value, now)
    if x is None or x == "":
        return False
    if op == "is_known":
        return True
    if isinstance(x, datetime) and op.startswith("anniversary"):
        return of_anniversary(x.astimezone(ZONE).date(), op, value, now.astimezone(ZONE).date())
    if isinstance(x, datetime):
        return in_window(x, op, value, now)
    if isinstance(x, date):
        return of_birthday(x, op, value, now.astimezone(ZONE).date())
    return of_scalar(x, op, value)


def of_scalar(x: Any, op: str, value: Any) -> bool:
    if op == "equals":
        return bool(x == exact(value))
    if op == "is_any_of":
        return x in value
    if op == "contains":
        return value in x
    if op == "starts_with":
        return bool(x.startswith(value))
    if op == "in_range":
        return bool(exact(value[0]) <= x <= exact(value[1]))
    return bool(
        {
            "at_least": x >= exact(value),
            "at_most": x <= exact(value),
            "more_than": x > exact(value),
            "less_than": x < exact(value),
        }[op]
    )


def exact(value: Any) -> Any:
    return Decimal(str(value)) if isinstance(value, float) else value


def of_birthday(x: date, op: str, value: Any, today: date) -> bool:
    if op == "in_month":
        return bool(x.month == value)
    if op == "age_at_least":
        return bool(age(x, today) >= value)
    if op == "age_at_most":
        return bool(age(x, today) <= value)
    if op == "anniversary_this_month":
        return kept(x, today.year).month == today.month
    ahead = range(value, value + 1) if op == "anniversary_in_days" else range(value + 1)
    days = [today + timedelta(days=n) for n in ahead]
    return any(kept(x, day.year) == day for day in days)


def of_anniversary(x: date, op: str, value: Any, today: date) -> bool:
    """As a birthday, but not in the year in which it began."""
    if op == "anniversary_this_month":
        return x.year < today.year and kept(x, today.year).month == today.month
    ahead = range(value, value + 1) if op == "anniversary_in_days" else range(value + 1)
    days = [today + timedelta(days=n) for n in ahead]
    return any(x.year < day.year and kept(x, day.year) == day for day in days)


def kept(x: date, year: int) -> date:
    """The day on which the anniversary is kept in a year."""
    try:
        return x.replace(year=year)
    except ValueError:
        return date(year, 2, 28)


def age(x: date, today: date) -> int:
    return today.year - x.year - (today < kept(x, today.year))


def compare_open(x: Any, op: str, value: Any, now: datetime) -> bool:
    """A value out of JSON counts only when it is of the type that it is compared with."""
    if op in {"not_equals", "is_none_of", "not_contains", "is_unknown"}:
        positive = {
            "not_equals": "equals",
            "is_none_of": "is_any_of",
            "not_contains": "contains",
            "is_unknown": "is_known",
        }[op]
        return not compare_open(x, positive, value, now)
    if x is None:
        return False
    if op == "is_known":
        return True
    sample = value[0] if isinstance(value, list) else value
    if kind_of(x) != kind_of(sample):
        return False
    return of_scalar(exact(x), op, value)


def kind_of(x: Any) -> str:
    if isinstance(x, bool):
        return "flag"
    if isinstance(x, int | float | Decimal):
        return "number"
    return "text" if isinstance(x, str) else "other"


def inside(data: Any, path: Any) -> Any:
    for name in path if isinstance(path, list) else [path]:
        if isinstance(data, list) and name.lstrip("-").isdigit() and -len(data) <= int(name) < len(data):
            data = data[int(name)]
        elif isinstance(data, dict):
            data = data.get(name)
        else:
            return None
    return data


# --- Several values -----------------------------------------------------------------------------------------


def has(values: set[str], op: str, wanted: set[str]) -> bool:
    if op == "has_all_of":
        return wanted <= values
    return bool(wanted & values) == (op == "has_any_of")


def may_receive(person: Person, channel: str, topic: str) -> bool:
    usable = any(
        confirmed and state not in UNUSABLE for on, state, confirmed in person.contacts if on == channel
    )
    return usable and (topic == "service" or person.consents.get((channel, topic), False))


def in_segment(node: dict[str, Any], person: Person, now: datetime) -> bool:
    since = person.segments.get(node["segment"])
    if node["op"] == "not_in":
        return since is None
    return since is not None and now - since >= timedelta(days=node.get("for_days", 0))


# --- What happened ------------------------------------------------------------------------------------------

WINDOWS = (
    "in_last_days", "in_last_calendar_days", "more_than_days_ago", "in_current", "between", "before",
    "on_or_after",
)  # fmt: skip


def past_of(what: dict[str, Any], person: Person, now: datetime) -> list[Happening]:
    """What happened of that name before now and passes the filters, oldest first."""
    name = what.get("event") or what["happened"]
    found = (
        one
        for one in person.happenings
        if one.name == name and one.at < now and passes(one, what.get("where", []), now)
    )
    return sorted(found, key=lambda one: one.at)


def is_within(at: datetime, node: dict[str, Any], now: datetime) -> bool:
    """Whether an instant lies in the window that the node names, if it names one."""
    window = next((key for key in WINDOWS if key in node), None)
    return window is None or in_window(at, window, node[window], now)


def happened(node: dict[str, Any], person: Person, now: datetime) -> bool:
    past = past_of(node, person, now)
    within = [one for one in past if is_within(one.at, node, now)]
    op = node.get("op", "did")
    if op == "did_not":
        return not within
    if op == "first":
        return bool(past) and past[0] in within
    if op == "last":
        return bool(past) and past[-1] in within
    figure = measured(op, within, node.get("of"))
    least, most = node.get("at_least"), node.get("at_most")
    if op == "did" and least is None and most is None:
        least = 1
    return (
        figure is not None
        and (least is None or figure >= exact(least))
        and (most is None or figure <= exact(most))
    )


def measured(op: str, within: list[Happening], of: Any) -> Any:
    if op == "did":
        return len(within)
    if op == "days":
        return len({one.at.astimezone(ZONE).date() for one in within})
    if op == "distinct":
        return len({x for one in within if isinstance(x := inside(one.properties, of), str) and x})
    figures = [exact(x) for one in within if kind_of(x := inside(one.properties, of)) == "number"]
    if op == "total":
        return sum(figures)
    if not figures:
        return None
    if op == "average":
        return Average(sum(figures), len(figures))
    return max(figures) if op == "highest" else min(figures)


def parts(net: int, lines: list[tuple[str, str, int]]) -> list[int]:
    """What each line has of its order's net: its fraction rounded down, cents left over to those who lost most."""
    whole = sum(amount for _product, _category, amount in lines)
    exact = [Fraction(net * amount, whole) for _product, _category, amount in lines]
    given = [floor(one) for one in exact]
    while lines and sum(given) < net:
        lost = [one - part for one, part in zip(exact, given, strict=True)]
        given[lost.index(max(lost))] += 1
    return given


@dataclass
class Average:
    """Compared without division, so that no rounding decides."""

    total: Any
    count: int

    def __ge__(self, bound: Any) -> bool:
        return bool(self.total >= bound * self.count)

    def __le__(self, bound: Any) -> bool:
        return bool(self.total <= bound * self.count)


def passes(one: Happening, filters: list[dict[str, Any]], now: datetime) -> bool:
    return all(
        of_property(inside(one.properties, each["property"]), each["op"], each.get("value"), now)
        for each in filters
    )


def of_property(x: Any, op: str, value: Any, now: datetime) -> bool:
    """A set stands for a property of which an order has several (its lines' categories)."""
    if not isinstance(x, set | frozenset):
        return compare_open(x, op, value, now)
    opposites = {
        "not_equals": "equals",
        "is_none_of": "is_any_of",
        "not_contains": "contains",
        "is_unknown": "is_known",
    }
    if op in opposites:
        return not of_property(x, opposites[op], value, now)
    return any(compare(each, op, value, now) for each in x)


# --- Time ---------------------------------------------------------------------------------------------------


def in_window(x: datetime, name: str, value: Any, now: datetime) -> bool:
    """Nothing that lies ahead of the instant asked about counts."""
    if x >= now:
        return False
    day, today = x.astimezone(ZONE).date(), now.astimezone(ZONE).date()
    if name == "in_last_days":
        return now - timedelta(days=value) <= x
    if name == "more_than_days_ago":
        return x < now - timedelta(days=value)
    if name == "in_last_calendar_days":
        return bool((today - day).days < value)
    if name == "in_current":
        return {
            "day": day == today,
            "week": day.isocalendar()[:2] == today.isocalendar()[:2],
            "month": (day.year, day.month) == (today.year, today.month),
            "year": day.year == today.year,
        }[value]
    if name == "between":
        return date.fromisoformat(value[0]) <= day <= date.fromisoformat(value[1])
    edge = datetime.combine(date.fromisoformat(value), time(), ZONE)
    return x < edge if name == "before" else x >= edge


# --- Which key asks what ------------------------------------------------------------------------------------


def mailed(node: dict[str, Any], person: Person, now: datetime) -> bool:
    may = may_receive(person, node["may_receive"], node["topic"])
    return may if node.get("op", "may") == "may" else not may


# ``tests/oracle_time.py`` adds the conditions that are about time, order and everybody.
ASKED: dict[str, Callable[[dict[str, Any], Person, datetime], bool]] = {
    "field": lambda node, who, now: compare(
        who.values.get(node["field"]), node["op"], node.get("value"), now
    ),
    "attribute": lambda node, who, now: compare_open(
        inside(who.attributes, node["attribute"]), node["op"], node.get("value"), now
    ),
    "collection": lambda node, who, now: has(
        who.sets.get(node["collection"], set()), node["op"], set(node["value"])
    ),
    "may_receive": mailed,
    "segment": in_segment,
    "everyone": lambda node, who, now: True,
    "no_one": lambda node, who, now: False,
    "event": happened,
    "happened": happened,
}
