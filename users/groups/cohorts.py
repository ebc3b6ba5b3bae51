"""The customers behind retention and value by cohort: who began in some days, and who of them stayed or left."""

from datetime import datetime

from django.utils.translation import gettext as _

from config.kit import words
from users.groups import Group, Parameters, group, read_group
from users.models import Customer
from users.reports import cohorts, funnel
from users.reports.cohorts import Grain, Start, Whom
from users.reports.periods import Period
from users.reports.portrait import LISTS
from users.reports.retention import LAST_AGE, Slot

_FROM = (
    "SELECT customer.id FROM users_customer customer"
    " JOIN users_standing standing ON standing.customer_id = customer.id"
)


@group("cohort")
def cohort(asked: Parameters, now: datetime) -> Group:
    """Those who began in the days ``from`` … ``to``; how, says ``start``."""
    start, days, whom = _read(asked)
    return Group(_began(start, days, whom), cohorts.select(*_members(start, days, whom)))


@group("retention")
def retention(asked: Parameters, now: datetime) -> Group:
    """Those of a cohort who were active in a slot (``first``, ``last``, none: or later), or with ``kept=0`` not."""
    start, days, whom = _read(asked)
    unit, kept = Grain(asked["unit"]), asked["kept"] == "1"
    slot = Slot(_age(asked["first"]), _age(asked["last"]) if asked.get("last") else None)
    statement, values = _members(start, days, whom)
    day = cohorts.start_day(start)
    begin = unit.sql_begin(day, "%(first)s")
    if slot.last is None:
        stayed = f"(standing.last_activity_at AT TIME ZONE %(zone)s)::date >= {begin}"
        stayed = f"coalesce({stayed}, false)"
    else:
        stayed = (
            "EXISTS (SELECT 1 FROM users_customerday day WHERE day.customer_id = customer.id"
            f" AND day.day >= {begin} AND day.day < {unit.sql_begin(day, '%(after)s')} AND day.day >= {day})"
        )
    found = cohorts.select(
        f"{statement} AND {'' if kept else 'NOT '}{stayed}",
        {**values, "first": slot.first, "after": (slot.last or 0) + 1},
    )
    told = {"began": _began(start, days, whom), "when": when(unit, slot)}
    sentence = _("%(began)s: active %(when)s") if kept else _("%(began)s: not active %(when)s")
    return Group(sentence % told, found)


@group("buyers")
def buyers(asked: Parameters, now: datetime) -> Group:
    """Those who first ordered in the days ``from`` … ``to`` and ordered ``age`` calendar months after that."""
    days, whom, age = cohorts.read_days(asked), cohorts.read_whom(asked), _age(asked["age"])
    statement, values = _members(Start.ORDER, days, whom)
    day = cohorts.start_day(Start.ORDER)
    ordered = "(placed.ordered_at AT TIME ZONE %(zone)s)::date"
    found = cohorts.select(
        f"{statement} AND EXISTS (SELECT 1 FROM users_order placed WHERE placed.customer_id = customer.id"
        f" AND placed.counts AND {Grain.MONTH.sql(ordered)} - {Grain.MONTH.sql(day)} = %(age)s)",
        {**values, "age": age},
    )
    told = {"began": _began(Start.ORDER, days, whom), "age": words.number(age)}
    return Group(_("%(began)s: ordered in month %(age)s after it") % told, found)


@group("funnel")
def funnel_step(asked: Parameters, now: datetime) -> Group:
    """Those who reached ``step`` of a funnel, or with ``stopped=1`` went no further than that."""
    wanted, step = funnel.read_group(asked), int(asked["step"])
    if not 1 <= step <= len(wanted.steps):
        raise ValueError("step")
    statement, values = funnel.reached(wanted)
    is_stopped = asked.get("stopped") == "1"
    found = cohorts.select(
        f"SELECT id FROM ({statement}) AS reached WHERE depth {'=' if is_stopped else '>='} %(step)s",
        {**values, "step": step},
    )
    told = {"step": step, "of": len(wanted.steps), "period": wanted.period.sentence}
    sentence = (
        _("Reached step %(step)s of %(of)s of a funnel and went no further; first step %(period)s")
        if is_stopped
        else _("Reached step %(step)s of %(of)s of a funnel; first step %(period)s")
    ) % told
    return Group(words.aside(sentence, wanted.whom.sentence), found)


@group("portrait")
def side_of_portrait(asked: Parameters, now: datetime) -> Group:
    """Those of a group (``of``) or outside it (``without``) who may be profiled, with one value of a dimension."""
    inner = read_group(asked.get("of") or asked["without"], now)
    people = Customer.objects.living().filter(no_profiling=False)
    if "of" in asked:
        people, sentence = people.filter(pk__in=inner.customers), str(inner.sentence)
    else:
        people = people.filter(identified=True).exclude(pk__in=inner.customers)
        sentence = _("Not: %(group)s") % {"group": inner.sentence}
    whom = cohorts.read_whom({**asked, "visitors": "1"}, own=LISTS)
    if "by" in asked and not whom.is_filtered:
        raise ValueError("by")
    if whom.by:
        with_value = cohorts.select(f"{_FROM} WHERE {whom.condition}", whom.values)
        people = people.filter(pk__in=with_value)
        sentence = f"{sentence} · {words.named(whom.by.title, whom.by.label(whom.value))}"
    return Group(sentence, people.values("pk"))


def when(unit: Grain, slot: Slot) -> str:
    """A slot in words."""
    told = {"first": words.number(slot.first), "last": words.number(slot.last or 0)}
    if slot.last is None:
        sentence = {
            Grain.DAY: _("on day %(first)s or later"),
            Grain.WEEK: _("in week %(first)s or later"),
            Grain.MONTH: _("in month %(first)s or later"),
        }
    elif slot.first == slot.last:
        sentence = {
            Grain.DAY: _("on day %(first)s"),
            Grain.WEEK: _("in week %(first)s"),
            Grain.MONTH: _("in month %(first)s"),
        }
    else:
        sentence = {
            Grain.DAY: _("in days %(first)s to %(last)s"),
            Grain.WEEK: _("in weeks %(first)s to %(last)s"),
            Grain.MONTH: _("in months %(first)s to %(last)s"),
        }
    return sentence[unit] % told


def _read(asked: Parameters) -> tuple[Start, Period, Whom]:
    return Start(asked["start"]), cohorts.read_days(asked), cohorts.read_whom(asked)


def _age(text: str) -> int:
    age = int(text)
    if not 0 <= age <= LAST_AGE:
        raise ValueError(text)
    return age


def _members(start: Start, days: Period, whom: Whom) -> tuple[str, dict[str, object]]:
    statement = f"{_FROM} WHERE {whom.condition} AND {start.at} >= %(begin)s AND {start.at} < %(end)s"
    return statement, {"begin": days.begin, "end": days.end, **whom.values}


def _began(start: Start, days: Period, whom: Whom) -> str:
    sentence = {
        Start.ACTIVITY: _("First active %(first)s to %(last)s"),
        Start.REGISTRATION: _("Registered %(first)s to %(last)s"),
        Start.ORDER: _("First ordered %(first)s to %(last)s"),
    }[start] % {"first": words.day(days.first), "last": words.day(days.last)}
    return words.aside(sentence, whom.sentence)
