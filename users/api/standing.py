"""Where one customer stands, as the shop's back end sees it: stage and figures as of now, scores as of their day."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from rest_framework import serializers

from config.kit import words
from users import shop
from users.models import Customer, CustomerValue, Fan, MoveCause, OrderBand, Stage
from users.phase import Phase, phase
from users.reports import customer as reports
from users.reports import value as value_reports
from users.rfm import RfmGroup


class StretchSerializer(serializers.Serializer[Any]):
    """A time spent in one stage; ``ended`` null: it lasts."""

    stage = serializers.ChoiceField(choices=Stage.choices)
    began = serializers.DateTimeField()
    ended = serializers.DateTimeField(allow_null=True)
    cause = serializers.ChoiceField(choices=MoveCause.choices)


class ValueSerializer(serializers.ModelSerializer[CustomerValue]):
    """The figures of the day (definitions of the shop's reports). Money in minor units of the shop's currency.

    ``r``, ``f``, ``m``, ``rfm_group``: null and empty without a paid order in the window. ``predicted_ltv``,
    ``expected_orders``, ``p_alive``: null while the model is not known yet. ``p_alive``, ``churn_risk``: percent.
    """

    expected_orders = serializers.FloatField(allow_null=True)
    rfm_group = serializers.ChoiceField(choices=RfmGroup.choices, allow_blank=True)
    order_band = serializers.ChoiceField(choices=OrderBand.choices)
    fan = serializers.ChoiceField(choices=Fan.choices, allow_blank=True)
    churn_reasons = serializers.ListField(child=serializers.JSONField())

    class Meta:
        model = CustomerValue
        fields = (
            *(
                "r",
                "f",
                "m",
                "rfm_group",
                "is_core",
                "top_revenue",
                "top_orders",
                "top_ltv",
                "order_band",
                "aov_band",
            ),
            *(
                "orders_window",
                "net_window",
                "revenue_year",
                "expected_orders",
                "expected_value",
                "predicted_ltv",
            ),
            *(
                "p_alive",
                "churn_risk",
                "churn_reasons",
                "favourite_category",
                "best_hour",
                "leader_score",
                "fan",
            ),
        )
        read_only_fields = fields


class StandingSerializer(serializers.Serializer[Any]):
    """Where a customer stands. ``as_of``: of the running figures; ``value_as_of``: of the figures of the day.

    ``value`` null: no figures of the day yet. ``stages``: the last 60, the oldest first.
    """

    customer = serializers.IntegerField()
    as_of = serializers.DateTimeField()
    stage = serializers.ChoiceField(choices=Stage.choices)
    stage_since = serializers.DateTimeField(allow_null=True)
    phase = serializers.ChoiceField(choices=Phase.choices)
    stages = StretchSerializer(many=True)
    active_days = serializers.IntegerField()
    first_active_at = serializers.DateTimeField(allow_null=True)
    last_active_at = serializers.DateTimeField(allow_null=True)
    orders = serializers.IntegerField()
    revenue = serializers.IntegerField()
    currency = serializers.CharField()
    first_order_at = serializers.DateTimeField(allow_null=True)
    last_order_at = serializers.DateTimeField(allow_null=True)
    value_as_of = serializers.DateTimeField(allow_null=True)
    value = ValueSerializer(allow_null=True)


def standing_of(customer: Customer, now: datetime) -> dict[str, Any]:
    """What is known of a living customer at ``now``."""
    held, day = customer.standing, value_reports.latest()
    return {
        "customer": customer.pk,
        "as_of": now,
        "stage": held.stage,
        "stage_since": held.stage_at,
        "phase": phase(held.active_days, held.first_order_at, held.last_activity_at, words.shop_zone()),
        "stages": reports.stage_history(customer.pk)[0],
        "active_days": held.active_days,
        "first_active_at": held.first_activity_at,
        "last_active_at": held.last_activity_at,
        "orders": held.orders,
        "revenue": held.revenue,
        "currency": shop.currency.get(),
        "first_order_at": held.first_order_at,
        "last_order_at": held.last_order_at,
        "value_as_of": day.as_of if day else None,
        "value": _value(customer) if day else None,
    }


def _value(customer: Customer) -> CustomerValue | None:
    try:
        return customer.value
    except ObjectDoesNotExist:
        return None
