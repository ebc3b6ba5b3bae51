"""What a customer is worth: the figures of the day, and what follows from orders and activity at once.

Figures of the day change once a day, by the job that touches whoever changed (users/services/value); an absent
row means the defaults. Average order, paying and the relationship phase are live.
"""

from functools import partial

from django.db.models import BigIntegerField, BooleanField, Case, CharField, F, Func, Q, Value, When
from django.db.models.functions import Cast, TruncDate
from django.db.models.lookups import Exact, GreaterThan, GreaterThanOrEqual, IsNull
from django.utils.translation import gettext_lazy as _

from config.kit import words
from segments.registry import Field, register
from segments.rules.as_of import AsOf
from segments.rules.kinds import CHOICE, FLAG, MONEY, NUMBER, TEXT
from segments.rules.operators import Value as X
from segments.segment_fields import past
from segments.segment_fields.offers import categories
from users.bands import aov_band_labels
from users.models import CustomerValue, Fan, OrderBand
from users.phase import SETTLED_DAYS, Phase
from users.rfm import RfmGroup
from users.topics import TouchTopic

VALUE = _("Value of the customer")

daily = partial(Field, group=VALUE, topic=TouchTopic.VALUE, rows=CustomerValue.objects.all)
of_orders = partial(Field, group=VALUE, topic=TouchTopic.ORDERS)


def _average(revenue: X, orders: X) -> Cast:
    """Rounded half away from zero, as PostgreSQL rounds: whole minor units."""
    exact = Cast(revenue, BigIntegerField()) * Value(1.0) / Func(orders, Value(0), function="nullif")
    return Cast(Func(exact, function="round"), BigIntegerField())


def _paying(orders: X) -> Case:
    return Case(
        When(Q(GreaterThan(orders, 0)), then=Value(True)), default=Value(False), output_field=BooleanField()
    )


def _shop_day(instant: X) -> TruncDate:
    return TruncDate(instant, tzinfo=words.shop_zone())


def _phase(active_days: X, first_order: X, last_activity: X) -> Case:
    """As ``users.phase.phase``: the first rule that holds."""
    return Case(
        When(Q(Exact(active_days, 0)), then=Value(Phase.NONE.value)),
        When(Q(GreaterThanOrEqual(active_days, SETTLED_DAYS)), then=Value(Phase.SETTLED.value)),
        When(
            Q(IsNull(first_order, False))
            & Q(IsNull(last_activity, False))
            & Q(GreaterThan(_shop_day(last_activity), _shop_day(first_order))),
            then=Value(Phase.SETTLED.value),
        ),
        When(Q(Exact(active_days, 1)), then=Value(Phase.JUDGING.value)),
        default=Value(Phase.VERIFYING.value),
        output_field=CharField(),
    )


def _phase_then(as_of: AsOf) -> Case:
    return _phase(past.active_days_then(as_of), past.first_order_then(as_of), past.last_activity_then(as_of))


AVERAGE = _average(F("standing__revenue"), F("standing__orders"))
PAYING = _paying(F("standing__orders"))
PHASE = _phase(F("standing__active_days"), F("standing__first_order_at"), F("standing__last_activity_at"))

register(
    daily("rfm_r", _("RFM recency score"), kind=NUMBER, value="r"),
    daily("rfm_f", _("RFM frequency score"), kind=NUMBER, value="f"),
    daily("rfm_m", _("RFM money score"), kind=NUMBER, value="m"),
    daily("rfm_group", _("RFM group"), kind=CHOICE, choices=lambda: dict(RfmGroup.choices)),
    daily("is_core", _("core customer"), kind=FLAG, absent=False),
    daily("top_revenue", _("in the top … % by revenue of a year"), kind=NUMBER),
    daily("top_orders", _("in the top … % by orders"), kind=NUMBER),
    daily("top_ltv", _("in the top … % by predicted value"), kind=NUMBER),
    daily("predicted_ltv", _("predicted value"), kind=MONEY),
    daily("expected_orders", _("expected orders"), kind=NUMBER),
    daily("p_alive", _("probability of still being a customer (%)"), kind=NUMBER),
    daily("churn_risk", _("churn risk (%)"), kind=NUMBER),
    daily(
        "order_band",
        _("orders in half a year"),
        kind=CHOICE,
        choices=lambda: dict(OrderBand.choices),
        absent=OrderBand.NONE.value,
    ),
    daily("aov_band", _("band of the average order"), kind=CHOICE, choices=aov_band_labels),
    daily("favourite_category", _("favourite category"), kind=TEXT, suggest=categories),
    daily("fan", _("fan"), kind=CHOICE, choices=lambda: dict(Fan.choices)),
    daily("best_hour", _("best hour of the day"), kind=NUMBER),
    daily("revenue_year", _("money spent in a year"), kind=MONEY, absent=0),
    daily("orders_window", _("orders in the RFM window"), kind=NUMBER, absent=0),
    daily("repeat_days", _("days with an order after the first"), kind=NUMBER, absent=0),
    daily("leader_score", _("opinion leader score"), kind=NUMBER, absent=0),
    of_orders(
        "aov",
        _("average order"),
        kind=MONEY,
        value=AVERAGE,
        past=lambda as_of: _average(past.revenue_then(as_of), past.order_count_then(as_of)),
    ),
    of_orders(
        "paying",
        _("has ever paid"),
        kind=FLAG,
        value=PAYING,
        past=lambda as_of: _paying(past.order_count_then(as_of)),
    ),
    Field(
        "phase",
        _("relationship phase"),
        VALUE,
        CHOICE,
        TouchTopic.STAGE,
        value=PHASE,
        choices=lambda: dict(Phase.choices),
        also=(TouchTopic.EVENTS, TouchTopic.ORDERS),
        past=_phase_then,
    ),
)
