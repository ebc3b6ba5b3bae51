"""Past forms: what fields held at an instant, from the history that the tables of users keep.

Happenings count when they are before the instant, states from their own instant on. Everything is as known
today: what arrived late, was joined, erased or forgotten since changes what the past is taken to have been.
Most customers did nothing since: where the figure kept today is older than the instant, it is the answer.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    Count,
    DateTimeField,
    F,
    Func,
    IntegerField,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    When,
)
from django.db.models import Value as Constant
from django.db.models.functions import Coalesce, Greatest
from django.db.models.lookups import Exact, GreaterThan

from segments.rules.as_of import AsOf
from segments.rules.operators import Value
from users.models import CustomerDay, Event, MoveCause, Order, Refund, Stage, StageMove

Past = Callable[[AsOf], Value]


def unchanging(path: str) -> Past:
    """A value that is told once and for all."""
    return lambda as_of: F(path)


def since_its_time(path: str) -> Past:
    """An instant that never changes, not known before it has come."""
    return lambda as_of: Case(When(**{f"{path}__lt": as_of.now}, then=F(path)), output_field=DateTimeField())


def stage_then(as_of: AsOf) -> Value:
    """The stage the customer was in."""
    then = Subquery(_moves(as_of).values("to_stage")[:1])
    return Case(
        When(standing__stage_at__lt=as_of.now, then=F("standing__stage")),
        default=Coalesce(then, Constant(Stage.PROSPECT.value)),
    )


def stage_since_then(as_of: AsOf) -> Value:
    """Since when the customer had been in that stage."""
    then = Subquery(_moves(as_of).values("at")[:1])
    return Case(When(standing__stage_at__lt=as_of.now, then=F("standing__stage_at")), default=then)


def _moves(as_of: AsOf) -> "QuerySet[StageMove]":
    """Moves up to the instant, the last first. What somebody did at the instant itself is not before it."""
    made = StageMove.objects.filter(customer=OuterRef("pk"), superseded_at=None, at__lte=as_of.now)
    return made.exclude(at=as_of.now, cause=MoveCause.EVENT).order_by("-at", "-noticed_at")


def last_activity_then(as_of: AsOf) -> Value:
    """The last activity before the instant: whole days say it, a day half over asks its events."""
    within = Event.objects.filter(
        customer=OuterRef("customer_id"),
        occurred_at__gte=OuterRef("first_at"),
        occurred_at__lt=as_of.now,
        type__is_activity=True,
    )
    last = within.order_by("-occurred_at").values("occurred_at")[:1]
    seen = Case(
        When(last_at__lt=as_of.now, then=F("last_at")), default=Greatest(F("first_at"), Subquery(last))
    )
    days = _days(as_of).order_by("-day").annotate(seen=seen).values("seen")[:1]
    return Case(
        When(standing__last_activity_at__lt=as_of.now, then=F("standing__last_activity_at")),
        default=Subquery(days),
    )


def active_days_then(as_of: AsOf) -> Value:
    """On how many days there had been activity."""
    counted = _days(as_of).order_by().values("customer_id").annotate(n=Count("*")).values("n")
    return Case(
        When(standing__last_activity_at__lt=as_of.now, then=F("standing__active_days")),
        default=Coalesce(Subquery(counted, output_field=IntegerField()), Constant(0)),
    )


def _days(as_of: AsOf) -> "QuerySet[CustomerDay]":
    return CustomerDay.objects.filter(customer=OuterRef("pk"), first_at__lt=as_of.now)


def orders_then(as_of: AsOf) -> "QuerySet[Order]":
    """The orders that counted: paid, not yet cancelled and not yet wholly refunded."""
    kept = Q(cancelled_at__isnull=True) | Q(cancelled_at__gte=as_of.now)
    partly = Q(refunded=0) | Q(refunded__lt=F("total") + _given_back_later("amount", as_of.now))
    return Order.objects.filter(kept, partly, confirmed=True, paid_at__lt=as_of.now)


def net_then(as_of: AsOf, net: str = "net") -> Value:
    """What an order had brought: what was given back since is put back. ``net``: the way to it from the row."""
    return F(net) + _given_back_later("net", as_of.now)


def line_share_then(as_of: AsOf) -> Value:
    """What a line had of its order's net: the share kept with it, unless money was given back since."""
    then = Func(
        F("customer_id"), F("source"), F("number"), F("line"), Constant(as_of.now),
        function="share_then", output_field=BigIntegerField(),
    )  # fmt: skip
    return Case(When(Exact(_given_back_later("net", as_of.now), 0), then=F("share")), default=then)


def partly_refunded_then(as_of: AsOf) -> Value:
    """Whether money of an order had been given back."""
    given = F("refunded") - _given_back_later("amount", as_of.now)
    return Case(When(GreaterThan(given, 0), then=Constant(True)), default=Constant(False))


def _given_back_later(column: str, instant: datetime) -> Coalesce:
    later = Refund.objects.filter(
        customer=OuterRef("customer_id"),
        source=OuterRef("source"),
        number=OuterRef("number"),
        confirmed=True,
        refunded_at__gte=instant,
    )
    summed = later.order_by().values("customer_id").annotate(given=Sum(column)).values("given")
    return Coalesce(Subquery(summed, output_field=BigIntegerField()), Constant(0))


def order_count_then(as_of: AsOf) -> Value:
    """How many orders counted."""
    return Coalesce(_of_orders(as_of, Count("*")), Constant(0), output_field=IntegerField())


def revenue_then(as_of: AsOf) -> Value:
    """What they had brought."""
    return Coalesce(_of_orders(as_of, Sum("brought")), Constant(0), output_field=BigIntegerField())


def first_order_then(as_of: AsOf) -> Value:
    """When the first of them was made."""
    return _of_orders(as_of, Min("ordered_at"))


def last_order_then(as_of: AsOf) -> Value:
    """When the last of them was made."""
    return _of_orders(as_of, Max("ordered_at"))


def _of_orders(as_of: AsOf, figure: Any) -> Subquery:
    mine = orders_then(as_of).filter(customer=OuterRef("pk"), ordered_at__lt=as_of.now).order_by()
    valued = mine.annotate(brought=net_then(as_of)).values("customer_id")
    return Subquery(valued.annotate(figure=figure).values("figure"))
