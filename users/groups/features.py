"""Groups of customers behind the report on features: who used one in a period, who visited for how long."""

from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from config.kit import words
from users.groups import Group, Parameters, group, selected
from users.groups.activity import crowd
from users.groups.stages import read_span
from users.models import EventType
from users.reports import features, stored
from users.reports.cohorts import select
from users.reports.rollups import sql
from users.sentences import event_title

_USED = """
    SELECT customer.id FROM users_customer customer
    WHERE customer.erased_at IS NULL AND customer.id IN (
        SELECT customer_id FROM users_event WHERE type_id = %s AND occurred_at >= %s AND occurred_at < %s
          AND occurred_at <= %s
    )
"""
_VISITED = """
    SELECT customer.id FROM users_customer customer
    WHERE customer.erased_at IS NULL AND customer.id IN (
        SELECT customer_id FROM visit
        WHERE ended + %(pause)s <= least(%(now)s, %(upto)s) AND ended - began >= %(low)s AND ended - began < %(high)s
    )
"""
LONGEST = timedelta(days=3650)


@group("feature")
def feature(asked: Parameters, now: datetime) -> Group:
    """Who used a feature (an event type that counts as activity) in a period."""
    kind, period = EventType.objects.filter(pk=int(asked["type"])).first(), read_span(asked)
    if kind is None:
        raise KeyError("type")
    where, values, told = crowd(asked)
    found = selected(_USED + where, (kind.pk, period.begin, period.end, now, *values))
    sentence = _("Customers with “%(event)s”, %(period)s") % {
        "event": event_title(kind.name),
        "period": period.sentence,
    }
    return Group(words.aside(sentence, told), found)


@group("visits")
def visits(asked: Parameters, now: datetime) -> Group:
    """Who had a visit of at least ``low`` and less than ``high`` seconds (without it: however long) in a period."""
    period, low = read_span(asked), int(asked["low"])
    high = timedelta(seconds=int(asked["high"])) if "high" in asked else LONGEST
    where, values, told = crowd(asked)
    bound = features.visit_values(period) | {"now": now, **stored.EVERYBODY, "pause": features.PAUSE}
    visited = select(sql("visits") + _VISITED, bound | {"low": timedelta(seconds=low), "high": high})
    found = selected(visited.sql + where, (*visited.params, *values))
    if "high" in asked:
        sentence = _("Customers with a visit of %(low)d seconds up to less than %(high)d, %(period)s")
    elif low:
        sentence = _("Customers with a visit of at least %(low)d seconds, %(period)s")
    else:
        sentence = _("Customers with a visit that is over, %(period)s")
    facts = {"low": low, "high": high.total_seconds(), "period": period.sentence}
    return Group(words.aside(sentence % facts, told), found)
