"""What a customer is worth: the figures of the day, and what follows from orders and activity at once.

Figures of the day change once a day, by the job that touches whoever changed (users/services/value); an absent
row means the defaults. Average order, paying and the relationship phase are live.
"""

from functools import partial

from django.db.models import BigIntegerField, BooleanField, Case, CharField, F, Func, Q, Value, When
from django.db.models.functions import Cast, TruncDate
from django.db.models.lookups import GreaterThan
from django.utils.translation import gettext_lazy as _

from config.kit import words
from segments.registry import Field, register
from segments.rules.kinds import CHOICE, FLAG, MONEY, NUMBER, TEXT
from segments.segment_fields.offers import categories
from users.bands import aov_band_labels
from users.models import CustomerValue, Fan, OrderBand
from users.phase import SETTLED_DAYS, Phase
from users.rfm import RfmGroup
from users.topics import TouchTopic

VALUE = _("Value of the customer")

daily = partial(Field, group=VALUE, topic=TouchTopic.VALUE, rows=CustomerValue.objects.all)
of_orders = partial(Field, group=VALUE, topic=TouchTopic.ORDERS)

# Rounded half away from zero, as PostgreSQL rounds: whole minor units.
AVERAGE = Cast(
    Func(
        Cast(F("standing__revenue"), BigIntegerField())
        * Value(1.0)
        / Func(F("standing__orders"), Value(0), function="nullif"),
        function="round",
    ),
    BigIntegerField(),
)
PAYING = Case(
    When(standing__orders__gt=0, then=Value(True)), default=Value(False), output_field=BooleanField()
)


def _shop_day(path: str) -> TruncDate:
    return TruncDate(path, tzinfo=words.shop_zone())


# As ``users.phase.phase``: the first rule that holds.
PHASE = Case(
    When(standing__active_days=0, then=Value(Phase.NONE.value)),
    When(standing__active_days__gte=SETTLED_DAYS, then=Value(Phase.SETTLED.value)),
    When(
        Q(standing__first_order_at__isnull=False)
        & Q(standing__last_activity_at__isnull=False)
        & Q(GreaterThan(_shop_day("standing__last_activity_at"), _shop_day("standing__first_order_at"))),
        then=Value(Phase.SETTLED.value),
    ),
    When(standing__active_days=1, then=Value(Phase.JUDGING.value)),
    default=Value(Phase.VERIFYING.value),
    output_field=CharField(),
)

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
    of_orders("aov", _("average order"), kind=MONEY, value=AVERAGE),
    of_orders("paying", _("has ever paid"), kind=FLAG, value=PAYING),
    Field(
        "phase",
        _("relationship phase"),
        VALUE,
        CHOICE,
        TouchTopic.STAGE,
        value=PHASE,
        choices=lambda: dict(Phase.choices),
        also=(TouchTopic.EVENTS, TouchTopic.ORDERS),
    ),
)
