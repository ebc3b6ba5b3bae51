"""What rules may ask about check-ins: the last, streaks, and each of them."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import lru_cache, partial
from typing import Any

from django.db.models import (
    Case,
    Count,
    DateField,
    Exists,
    F,
    IntegerField,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.db.models.lookups import GreaterThanOrEqual, LessThan
from django.utils.translation import gettext_lazy as _

from config.kit.zones import shop_zone, zone_names, zone_of
from growth.models import CheckIn
from segments.registry import Field, Live, Rows, Source, register
from segments.rules.as_of import AsOf
from segments.rules.kinds import INSTANT, NUMBER
from segments.rules.operators import Value as X
from users.models import Customer
from users.topics import TouchTopic

CHECK_INS = _("Check-ins")
DAY = timedelta(days=1)

check_in = partial(Field, group=CHECK_INS, topic=TouchTopic.POINTS)


def _last_check_ins() -> Rows:
    """The last check-in of each customer."""
    later = CheckIn.objects.filter(customer=OuterRef("customer"), local_date__gt=OuterRef("local_date"))
    return CheckIn.objects.filter(~Exists(later))


def _all_check_ins() -> Rows:
    return CheckIn.objects.values("customer_id").annotate(days=Count("*"), longest=Max("streak"))


def _check_ins(as_of: AsOf, name: str | None) -> Rows:
    return CheckIn.objects.all()


@lru_cache(maxsize=8)
def _dates(now: datetime) -> tuple[date, dict[date, list[str]]]:
    """The shop's date, and the zones where it is another one: three dates at most are "today" somewhere."""
    here = now.astimezone(shop_zone()).date()
    elsewhere: dict[date, list[str]] = {}
    for name in sorted(zone_names()):
        there = now.astimezone(zone_of(name)).date()
        if there != here:
            elsewhere.setdefault(there, []).append(name)
    return here, elsewhere


def _yesterday(as_of: AsOf) -> Case:
    """The date before today in the zone of the customer whose check-in it is."""
    here, elsewhere = _dates(as_of.now)
    return Case(
        *(
            When(customer__time_zone__in=zones, then=Value(there - DAY, output_field=DateField()))
            for there, zones in elsewhere.items()
        ),
        default=Value(here - DAY, output_field=DateField()),
        output_field=DateField(),
    )


def _streak(as_of: AsOf) -> Case:
    """The streak of the last check-in, as long as neither yesterday nor today was missed for good."""
    alive = Q(GreaterThanOrEqual(F("local_date"), _yesterday(as_of)))
    return Case(When(alive, then=F("streak")), default=Value(0), output_field=IntegerField())


def _broken(then: AsOf, now: AsOf) -> Q | None:
    """Last check-ins whose streak broke between two instants, because a day ended in the customer's zone."""
    if _dates(then.now) == _dates(now.now):
        return None
    earliest = min(_dates(then.now)[0], *_dates(then.now)[1]) - DAY
    latest = max(_dates(now.now)[0], *_dates(now.now)[1]) - DAY
    in_question = Q(local_date__gte=earliest, local_date__lt=latest)
    was_alive = Q(GreaterThanOrEqual(F("local_date"), _yesterday(then)))
    return in_question & was_alive & Q(LessThan(F("local_date"), _yesterday(now)))


def _before(as_of: AsOf) -> "QuerySet[CheckIn]":
    """The customer's check-ins before the instant, the last first."""
    return CheckIn.objects.filter(customer=OuterRef("pk"), at__lt=as_of.now).order_by("-local_date")


def _then(figure: Any, absent: int | None = 0) -> Callable[[AsOf], X]:
    """A figure of the last check-in before the instant."""

    def then(as_of: AsOf) -> X:
        found = Subquery(_before(as_of).annotate(told=figure(as_of)).values("told")[:1])
        return found if absent is None else Coalesce(found, absent)

    return then


def _counted(figure: Any) -> Callable[[AsOf], X]:
    """A figure over all check-ins before the instant."""

    def then(as_of: AsOf) -> X:
        found = _before(as_of).order_by().values("customer_id").annotate(told=figure).values("told")
        return Coalesce(Subquery(found), 0)

    return then


def _breaks(customer_id: int, as_of: AsOf) -> list[datetime]:
    """When the customer's streak will have been broken, if nothing is done."""
    last = CheckIn.objects.filter(customer=customer_id).order_by("-local_date").first()
    if last is None:
        return []
    zone = zone_of(Customer.objects.values_list("time_zone", flat=True).get(pk=customer_id))
    begins = datetime.combine(last.local_date + 2 * DAY, datetime.min.time(), zone)
    return [begins]


register(
    check_in(
        "last_check_in",
        _("last check-in"),
        kind=INSTANT,
        value="at",
        rows=_last_check_ins,
        past=_then(lambda as_of: F("at"), None),
    ),
    check_in(
        "check_in_streak",
        _("check-ins in a row at the last one"),
        kind=NUMBER,
        value="streak",
        rows=_last_check_ins,
        absent=0,
        past=_then(lambda as_of: F("streak")),
    ),
    check_in(
        "current_streak",
        _("check-ins in a row up to now"),
        kind=NUMBER,
        rows=_last_check_ins,
        absent=0,
        live=Live(_streak, _broken, _breaks),
        past=_then(_streak),
    ),
    check_in(
        "longest_streak",
        _("longest streak of check-ins"),
        kind=NUMBER,
        value=F("longest"),
        rows=_all_check_ins,
        absent=0,
        past=_counted(Max("streak")),
    ),
    check_in(
        "check_in_days",
        _("days checked in"),
        kind=NUMBER,
        value=F("days"),
        rows=_all_check_ins,
        absent=0,
        past=_counted(Count("*")),
    ),
    Source(
        "check_ins",
        _("check-ins"),
        CHECK_INS,
        TouchTopic.POINTS,
        rows=_check_ins,
        time="at",
        did=_("checked in"),
        did_not=_("did not check in"),
        noun=_("the check-ins"),
        properties={
            "streak": check_in("streak", _("days in a row"), kind=NUMBER),
            "points": check_in("points", _("points"), kind=NUMBER),
        },
    ),
)
