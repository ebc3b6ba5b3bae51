"""The customers behind the figures of channels and source codes."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from config.kit import words
from config.kit.given_names import as_read
from users.groups import Group, Parameters, group, selected
from users.models import AcquisitionChannel, OwnerKind, SourceCode
from users.reports.figures import today_in_shop
from users.reports.periods import Period

UNKNOWN = "-"
_JOINED = (
    "SELECT customer.id FROM users_customer customer"
    " JOIN users_standing standing ON standing.customer_id = customer.id"
    " WHERE customer.identified AND customer.erased_at IS NULL"
    " AND customer.registered_at >= %s AND customer.registered_at < %s"
)
_DAY_OF_JOINING = "(customer.registered_at AT TIME ZONE %s)::date"
_LAST_DAY = "(standing.last_activity_at AT TIME ZONE %s)::date"
_BOUGHT = (
    "SELECT customer.id FROM users_customer customer"
    " JOIN users_standing standing ON standing.customer_id = customer.id"
    " WHERE standing.first_order_at >= %s AND standing.first_order_at < %s"
)
_CAME = (
    "SELECT customer.id FROM users_firsttouch first"
    " JOIN users_sourcecode source ON source.id = first.source_id"
    " JOIN users_customer customer ON customer.id = first.customer_id"
    " JOIN users_standing standing ON standing.customer_id = customer.id"
    " WHERE customer.identified AND customer.erased_at IS NULL AND first.at >= %s AND first.at < %s"
)
_DAY_OF_TOUCH = "(first.at AT TIME ZONE %s)::date"


@group("acquired")
def acquired(asked: Parameters, now: datetime) -> Group:
    """Customers who came through a channel in a period: ``what`` is joined, matured, stayed or bought.

    ``channel`` left out: any; ``-``: not known; with ``own`` without its lower channels.
    """
    period = _period(asked)
    what = asked["what"]
    condition, parameters, name = _of_channel(asked)
    if what == "bought":
        statement, values = _BOUGHT, [period.begin, period.end]
    else:
        statement, values = _since(_JOINED, _DAY_OF_JOINING, what, period, now)
    title = {
        "joined": _("%(channel)s: registered %(period)s"),
        "matured": _("%(channel)s: registered %(period)s, at least 30 days ago"),
        "stayed": _("%(channel)s: registered %(period)s and active on day 30 or later"),
        "bought": _("%(channel)s: first order %(period)s"),
    }[what]
    sentence = title % {"channel": name, "period": period.sentence}
    return Group(sentence, selected(statement + condition, (*values, *parameters)))


@group("source")
def of_source(asked: Parameters, now: datetime) -> Group:
    """Customers whose first touch was a code (``code``) or any of an owner's (``owner_kind``, ``owner``).

    ``what``: came, bought, matured or stayed, with the touch in the period.
    """
    period = _period(asked)
    what = asked["what"]
    condition, parameters, name = _of_source(asked)
    if what == "bought":
        statement, values = f"{_CAME} AND standing.orders > 0", [period.begin, period.end]
    else:
        statement, values = _since(_CAME, _DAY_OF_TOUCH, what, period, now)
    title = {
        "came": _("%(source)s: first touch %(period)s"),
        "bought": _("%(source)s: first touch %(period)s, bought since"),
        "matured": _("%(source)s: first touch %(period)s, at least 30 days ago"),
        "stayed": _("%(source)s: first touch %(period)s and active on day 30 or later"),
    }[what]
    sentence = title % {"source": name, "period": period.sentence}
    return Group(sentence, selected(statement + condition, (*values, *parameters)))


def _since(statement: str, day: str, what: str, period: Period, now: datetime) -> tuple[str, list[Any]]:
    """The statement with the condition on day 30, and its values so far."""
    values: list[Any] = [period.begin, period.end]
    zone = settings.SHOP_TIME_ZONE
    if what in ("matured", "stayed"):
        statement += f" AND {day} + 30 <= %s"
        values += [zone, today_in_shop(now)]
    if what == "stayed":
        statement += f" AND {_LAST_DAY} >= {day} + 30"
        values += [zone, zone]
    return statement, values


def _of_channel(asked: Mapping[str, str]) -> tuple[str, list[Any], str]:
    slug = asked.get("channel")
    if slug is None:
        return "", [], _("All channels")
    if slug == UNKNOWN:
        return " AND customer.channel_id IS NULL", [], _("Channel not known")
    channel = AcquisitionChannel.objects.filter(slug=slug).first()
    if channel is None:
        raise KeyError(slug)
    ids = [channel.pk]
    if "own" not in asked:
        ids += channel.children.values_list("pk", flat=True)
    return " AND customer.channel_id = ANY(%s)", [ids], channel.title


def _of_source(asked: Mapping[str, str]) -> tuple[str, list[Any], str]:
    if "code" in asked:
        source = SourceCode.objects.filter(code=asked["code"]).first()
        if source is None:
            raise KeyError("code")
        return " AND source.id = %s", [source.pk], as_read(source.name)
    kind = OwnerKind(asked["owner_kind"])
    return " AND source.owner_kind = %s AND source.owner = %s", [kind.value, asked["owner"]], asked["owner"]


def _period(asked: Mapping[str, str]) -> Period:
    period = Period(date.fromisoformat(asked["first"]), date.fromisoformat(asked["last"]))
    if period.first > period.last or not 1990 <= period.first.year <= period.last.year <= 2200:
        raise ValueError(words.day(period.first))
    return period
