"""Groups of customers behind the report on activity: who was active when, and how often."""

from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from config.kit import words
from users.dimensions import dimension
from users.groups import Group, Parameters, group, group_url, selected
from users.groups.stages import read_day
from users.models import AcquisitionChannel

_ACTIVE = """
    SELECT customer.id FROM users_customer customer
    WHERE customer.erased_at IS NULL AND customer.id IN (
        SELECT customer_id FROM users_customerday WHERE day BETWEEN %s AND %s
    )
"""
_SPREAD = """
    SELECT customer.id FROM users_customer customer
    WHERE customer.erased_at IS NULL AND customer.id IN (
        SELECT customer_id FROM users_customerday WHERE day BETWEEN %s AND %s
        GROUP BY customer_id HAVING count(*) = %s
    )
"""


def crowd(asked: Parameters) -> tuple[str, tuple[object, ...], str]:
    """SQL over ``customer``, its values, and words for the channel and the visitors that a link asks for."""
    sql = ""
    values: list[object] = []
    told: list[str] = []
    if asked.get("visitors") != "yes":
        sql = " AND customer.identified"
    else:
        told.append(_("with visitors"))
    if "channel" in asked:
        by_channel = dimension("channel")
        assert by_channel is not None
        sql += f" AND coalesce({by_channel.expression}, '') = %s"
        values.append(asked["channel"])
        told.append(by_channel.label(asked["channel"] or None))
    return sql, tuple(values), words.listed(told)


@group("active")
def active(asked: Parameters, now: datetime) -> Group:
    """Who was active in so many days ending with a day of the shop."""
    day, days = read_day(asked["day"]), int(asked["days"])
    if not 1 <= days <= 366:
        raise ValueError(days)
    where, values, told = crowd(asked)
    found = selected(_ACTIVE + where, (day - timedelta(days=days - 1), day, *values))
    if days == 1:
        sentence = _("Customers active on %(day)s") % {"day": words.day(day)}
    else:
        sentence = _("Customers active in the %(n)d days ending with %(day)s") % {
            "n": days,
            "day": words.day(day),
        }
    return Group(words.aside(sentence, told), found)


@group("active_days")
def active_days(asked: Parameters, now: datetime) -> Group:
    """Who was active on exactly so many of the 28 days ending with a day."""
    day, days = read_day(asked["day"]), int(asked["days"])
    where, values, told = crowd(asked)
    found = selected(_SPREAD + where, (day - timedelta(days=27), day, days, *values))
    sentence = _("Customers active on %(n)d of the 28 days ending with %(day)s") % {
        "n": days,
        "day": words.day(day),
    }
    return Group(words.aside(sentence, told), found)


def crowd_url(kind: str, channel: str | None, visitors: bool, **parameters: object) -> str:
    """The address of a group of one channel (None: of all), with or without visitors."""
    more = {} if channel is None else {"channel": channel}
    if visitors:
        more["visitors"] = "yes"
    return group_url(kind, **parameters, **more)


def channel_choices() -> dict[str, str]:
    """Upper-level channels by short name, in the reader's language."""
    upper = AcquisitionChannel.objects.filter(parent__isnull=True).order_by("name")
    return {channel.slug: channel.title for channel in upper}
