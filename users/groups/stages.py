"""Groups of customers behind the reports on stages: who stood where on a day, who moved, who came back."""

from datetime import date, datetime, timedelta

from django.utils.translation import gettext as _

from config.kit import words
from users.groups import Group, Parameters, group, group_url, selected
from users.models import Stage
from users.reports.periods import Period, day_of

# Identified customers with the stage each stood in at an instant: where the first move after it began, else
# where each stands now. Bound: the instant.
_STOOD = """
    LEFT JOIN LATERAL (
        SELECT (array_agg(move.from_stage ORDER BY move.at))[1] AS stage FROM users_stagemove move
        WHERE move.customer_id = standing.customer_id AND move.superseded_at IS NULL AND move.at >= %s
          AND move.at <= %s
    ) AS {name} ON true
"""
_EVERYBODY = """
    SELECT standing.customer_id
    FROM users_standing standing JOIN users_customer customer ON customer.id = standing.customer_id
"""
_KNOWN = "least(customer.first_seen_at, standing.first_activity_at)"
_IDENTIFIED = " WHERE customer.identified AND customer.erased_at IS NULL"
_MOVED = """
    SELECT move.customer_id FROM users_stagemove move JOIN users_customer customer ON customer.id = move.customer_id
    WHERE move.superseded_at IS NULL AND customer.identified AND customer.erased_at IS NULL
      AND move.at >= %s AND move.at < %s AND move.at <= %s AND move.to_stage = %s
"""


@group("stage_on")
def stage_on(asked: Parameters, now: datetime) -> Group:
    """Who stood in a stage at the end of a day of the shop."""
    stage, day = Stage(asked["stage"]), read_day(asked["day"])
    end = Period(day, day).end
    found = selected(
        _EVERYBODY
        + _STOOD.format(name="later")
        + _IDENTIFIED
        + f" AND {_KNOWN} < %s AND coalesce(later.stage, standing.stage) = %s",
        (end, now, end, stage.value),
    )
    return Group(
        _("Customers who were in the stage “%(stage)s” at the end of %(day)s")
        % {"stage": stage.label, "day": words.day(day)},
        found,
    )


@group("stage_flow")
def stage_flow(asked: Parameters, now: datetime) -> Group:
    """Who stood in one stage when a period began ("" : was not known) and in another when it ended."""
    start, finish = asked["start"], Stage(asked["finish"])
    period = read_span(asked)
    before = Stage(start).label if start else _("not known yet")
    began = f"{_KNOWN} < %s AND coalesce(first.stage, standing.stage) = %s" if start else f"{_KNOWN} >= %s"
    found = selected(
        _EVERYBODY
        + _STOOD.format(name="first")
        + _STOOD.format(name="later")
        + _IDENTIFIED
        + f" AND {began} AND {_KNOWN} < %s AND coalesce(later.stage, standing.stage) = %s",
        (
            *(period.begin, now, period.end, now),
            *((period.begin, start) if start else (period.begin,)),
            *(period.end, finish.value),
        ),
    )
    return Group(
        _("Customers “%(start)s” when %(period)s began and “%(finish)s” when it ended")
        % {"start": before, "finish": finish.label, "period": period.sentence},
        found,
    )


@group("stage_moved")
def stage_moved(asked: Parameters, now: datetime) -> Group:
    """Who moved into a stage in a period; ``start``: from that stage only."""
    start, finish, period = asked.get("start", ""), Stage(asked["finish"]), read_span(asked)
    values: tuple[object, ...] = (period.begin, period.end, now, finish.value)
    if start:
        sentence = _("Customers who went from “%(start)s” to “%(finish)s”, %(period)s") % {
            "start": Stage(start).label,
            "finish": finish.label,
            "period": period.sentence,
        }
        return Group(sentence, selected(f"{_MOVED} AND move.from_stage = %s", (*values, start)))
    sentence = _("Customers who became “%(finish)s”, %(period)s") % {
        "finish": finish.label,
        "period": period.sentence,
    }
    return Group(sentence, selected(_MOVED, values))


@group("stage_returned")
def stage_returned(asked: Parameters, now: datetime) -> Group:
    """Who became dormant or churned in a period and came back within so many days."""
    stage, period, days = Stage(asked["stage"]), read_span(asked), int(asked["days"])
    within = timedelta(days=days)
    found = selected(
        f"""
        SELECT fallen.customer_id
        FROM (
            SELECT DISTINCT ON (customer_id) customer_id, at
            FROM users_stagemove move
            WHERE customer_id IN ({_MOVED}) AND superseded_at IS NULL AND to_stage = %s AND at >= %s AND at < %s
            ORDER BY customer_id, at
        ) AS fallen
        WHERE fallen.at + %s <= %s AND EXISTS (
            SELECT FROM users_stagemove back
            WHERE back.customer_id = fallen.customer_id AND back.superseded_at IS NULL
              AND back.to_stage = 'returning' AND back.at > fallen.at AND back.at < fallen.at + %s
        )
        """,
        (
            *(period.begin, period.end, now, stage.value, stage.value, period.begin, period.end),
            *(within, now, within),
        ),
    )
    sentence = _("Customers who became “%(stage)s”, %(period)s, and came back within %(days)d days") % {
        "stage": stage.label,
        "period": period.sentence,
        "days": days,
    }
    return Group(sentence, found)


@group("silent")
def silent(asked: Parameters, now: datetime) -> Group:
    """Who fell silent for so many days at some instant between two; ``back``: was active again afterwards."""
    days, back = int(asked["days"]), asked.get("back") == "yes"
    begin, end = read_instant(asked["begin"]), read_instant(asked["end"])
    silence = timedelta(days=days)
    came = (
        "EXISTS (SELECT FROM users_customerday later"
        " WHERE later.customer_id = day.customer_id AND later.first_at > day.last_at + %s"
        " AND later.first_at < %s)"
    )
    found = selected(
        f"""
        SELECT customer.id FROM users_customer customer
        WHERE customer.identified AND customer.erased_at IS NULL AND EXISTS (
            SELECT FROM users_customerday day
            WHERE day.customer_id = customer.id AND day.last_at + %s >= %s AND day.last_at + %s < %s
              AND NOT EXISTS (
                  SELECT FROM users_customerday soon
                  WHERE soon.customer_id = day.customer_id AND soon.day > day.day
                    AND soon.first_at <= day.last_at + %s
              ) {f"AND {came}" if back else ""}
        )
        """,
        (silence, begin, silence, end, silence, *((silence, end) if back else ())),
    )
    told = {"days": days, "begin": words.day(begin), "end": words.day(end)}
    if back:
        sentence = _("Customers who fell silent for %(days)d days, %(begin)s to %(end)s, and came back later")
    else:
        sentence = _("Customers who fell silent for %(days)d days, %(begin)s to %(end)s")
    return Group(sentence % told, found)


def span_url(kind: str, period: Period, **parameters: object) -> str:
    """The address of a group that has a period."""
    return group_url(kind, **{"from": period.first, "to": period.last}, **parameters)


def read_day(text: str) -> date:
    """A day of a link. Raises ValueError."""
    day = day_of(text)
    if day is None:
        raise ValueError(text)
    return day


def read_instant(text: str) -> datetime:
    """An instant of a link, with its zone. Raises ValueError."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(text)
    return instant


def read_span(asked: Parameters) -> Period:
    """The period of a link. Raises ValueError or KeyError."""
    first, last = read_day(asked["from"]), read_day(asked["to"])
    if last < first:
        raise ValueError(f"{first} to {last}")
    return Period(first, last)
