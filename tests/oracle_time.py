"""The second opinion on order and time: sequences, habits, stages and segments in time, lots, festivals, the top N %.

As ``tests/oracle.py``: slow and obvious, and nothing of the compiler's.
"""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from hashlib import md5
from itertools import pairwise
from typing import Any

from tests import oracle
from tests.segments import moon

# --- Sequences and habits -----------------------------------------------------------------------------------


def sequence(node: dict[str, Any], person: oracle.Person, now: datetime) -> bool:
    """Try every first step in the window, and from it every next one."""
    further = node.get("and_then", [])
    steps = [node["then"], *(further if isinstance(further, list) else [further])]
    span = timedelta(**{node["unit"]: node["within"]})

    def goes_on(at: datetime, rest: list[dict[str, Any]]) -> bool:
        following = [one.at for one in oracle.past_of(rest[0], person, now) if at < one.at <= at + span]
        if len(rest) > 1:
            return any(goes_on(each, rest[1:]) for each in following)
        if node["op"] == "then":
            return bool(following)
        return now >= at + span and not following

    begun = oracle.past_of(node["sequence"], person, now)
    return any(oracle.is_within(one.at, node, now) and goes_on(one.at, steps) for one in begun)


def stopped(node: dict[str, Any], person: oracle.Person, now: datetime) -> bool:
    times = [one.at for one in oracle.past_of(node["stopped"], person, now)]
    return len(times) >= node.get("at_least", 1) and times[-1] < now - timedelta(days=node["gap_days"])


def restarted(node: dict[str, Any], person: oracle.Person, now: datetime) -> bool:
    times = sorted({one.at for one in oracle.past_of(node["restarted"], person, now)})
    return any(
        late - early >= timedelta(days=node["gap_days"]) and oracle.is_within(late, node, now)
        for early, late in pairwise(times)
    )


def regularly(node: dict[str, Any], person: oracle.Person, now: datetime) -> bool:
    def monday(at: datetime) -> date:
        day = at.astimezone(oracle.ZONE).date()
        return day - timedelta(days=day.weekday())

    weeks = {
        (monday(now) - monday(one.at)).days // 7 for one in oracle.past_of(node["regularly"], person, now)
    }
    return bool(len(weeks & set(range(1, node["of"] + 1))) >= node["weeks"])


def nth(node: dict[str, Any], person: oracle.Person, now: datetime) -> bool:
    past = oracle.past_of(node["nth"], person, now)
    return len(past) >= node["n"] and oracle.is_within(past[node["n"] - 1].at, node, now)


# --- Stages, segments and time ------------------------------------------------------------------------------


def in_stage(node: dict[str, Any], person: oracle.Person, now: datetime) -> bool:
    if node["op"] == "was":
        return was_inside(person.moves, node["in_stage"], node, now)
    since = person.values.get("stage_since")
    if person.values.get("stage") != node["in_stage"] or since is None:
        return False
    long_ago = now - timedelta(days=node["days"])
    return bool(since <= long_ago if node["op"] == "for_at_least" else since >= long_ago)


def was_inside(spells: list[tuple[datetime, Any]], wanted: Any, node: dict[str, Any], now: datetime) -> bool:
    """Whether some instant of the window, before now, fell into a spell of the wanted state."""
    ends: list[datetime | None] = [at for at, _state in spells[1:]]
    for (begin, state), end in zip(spells, [*ends, None], strict=False):
        if state != wanted or begin >= now:
            continue
        later = [edge for edge in edges(node, now) if begin < edge and (end is None or edge < end)]
        if any(oracle.is_within(at, node, now) for at in (begin, *later)):
            return True
    return False


def edges(node: dict[str, Any], now: datetime) -> list[datetime]:
    """The first instant of the window, where it has one."""
    today = now.astimezone(oracle.ZONE).date()
    if "in_last_days" in node:
        return [now - timedelta(days=node["in_last_days"])]
    if "in_last_calendar_days" in node:
        return [midnight(today - timedelta(days=node["in_last_calendar_days"] - 1))]
    if "in_current" in node:
        return [midnight({
            "day": today,
            "week": today - timedelta(days=today.weekday()),
            "month": today.replace(day=1),
            "year": today.replace(month=1, day=1),
        }[node["in_current"]])]  # fmt: skip
    if "between" in node:
        return [midnight(date.fromisoformat(node["between"][0]))]
    return [midnight(date.fromisoformat(node["on_or_after"]))] if "on_or_after" in node else []


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), oracle.ZONE)


def segment_time(node: dict[str, Any], person: oracle.Person, now: datetime) -> bool:
    pk = node["segment_time"]
    if node["op"] == "for_at_most":
        since = person.segments.get(pk)
        return since is not None and now - since <= timedelta(days=node["days"])
    log = person.log.get(pk, [])
    if node["op"] == "was_in":
        return was_inside(log, True, node, now)
    return any(
        entered == (node["op"] == "entered") and at < now and oracle.is_within(at, node, now)
        for at, entered in log
    )


# --- Everybody, lots and festivals --------------------------------------------------------------------------


def top(node: dict[str, Any], person: oracle.Person, now: datetime) -> bool:
    """By the cut kept last before now; while none is kept, by the people as they are."""
    kept = person.shop.cuts.get((node["by"], node["top"]), [])
    if kept:
        past = [value for at, value in kept if at <= now]
        cut = past[-1] if past else kept[0][1]
    else:
        cut = cut_of([who.values.get(node["by"]) for who in person.shop.people.values()], node["top"])
    x = person.values.get(node["by"])
    return cut is not None and x is not None and bool(x >= cut)


def cut_of(figures: list[Any], percent: int) -> Any:
    """The least figure of the top, of those above zero; whoever equals it is in as well."""
    above = sorted((x for x in figures if x is not None and x > 0), reverse=True)
    count = next((n for n in range(1, len(above) + 1) if 100 * n >= percent * len(above)), 0)
    return above[count - 1] if count else None


def bucket(node: dict[str, Any], person: oracle.Person, now: datetime) -> bool:
    digits = md5(f"{node['bucket']}:{person.pk}".encode(), usedforsecurity=False).hexdigest()[:8]
    return bool(node["from"] <= int(digits, 16) % 100 + 1 <= node["to"])


FEASTS: dict[str, Callable[[int], date]] = {
    "new_year": lambda year: date(year, 1, 1),
    "women": lambda year: date(year, 3, 8),
    "spring_festival": lambda year: moon.lunar(year, 1, 1),
    "new_years_eve": lambda year: moon.lunar(year, 1, 1) - timedelta(days=1),
    "mid_autumn": lambda year: moon.lunar(year, 8, 15),
    "qingming": lambda year: moon.term(year, 15),
}


def festival(node: dict[str, Any], person: oracle.Person, now: datetime) -> bool:
    today = now.astimezone(oracle.ZONE).date()
    ahead = {(FEASTS[node["festival"]](year) - today).days for year in (today.year, today.year + 1)}
    return any(0 <= n <= node["days"] if node["op"] == "within_days" else n == node["days"] for n in ahead)


ASKED: dict[str, Callable[[dict[str, Any], oracle.Person, datetime], bool]] = {
    "sequence": sequence,
    "stopped": stopped,
    "restarted": restarted,
    "regularly": regularly,
    "nth": nth,
    "in_stage": in_stage,
    "segment_time": segment_time,
    "top": top,
    "bucket": bucket,
    "festival": festival,
}
