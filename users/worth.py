"""What customers are worth, as dimensions of reports: figures of the day, not known of whoever has no row yet."""

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from users.dimensions import Dimension, Labels, lend, scale
from users.models import Fan, OrderBand
from users.rfm import RfmGroup


def _figure(expression: str) -> str:
    """A figure of the day of one customer, NULL where there is none."""
    return f"(SELECT {expression} FROM users_customervalue value WHERE value.customer_id = customer.id)"


def _core() -> dict[str, StrOrPromise]:
    return {"true": _("Core customer"), "false": _("Other customer")}


_RISK, _RISKS = scale("value.churn_risk", 0, 20, 40, 60, 80)


def _risks() -> dict[str, StrOrPromise]:
    return {name: f"{name}%" for name in _RISKS}


_GIVEN: tuple[tuple[str, StrOrPromise, str, Labels, tuple[str, ...]], ...] = (
    ("rfm_group", _("RFM group"), "nullif(value.rfm_group, '')", lambda: dict(RfmGroup.choices), ()),
    (
        "order_band",
        _("Orders in half a year"),
        "value.order_band",
        lambda: dict(OrderBand.choices),
        tuple(OrderBand.values),
    ),
    ("core", _("Core customers"), "value.is_core::text", _core, ()),
    ("churn_risk", _("Churn risk"), _RISK, _risks, _RISKS),
    ("fan", _("Fans"), "nullif(value.fan, '')", lambda: dict(Fan.choices), ()),
    ("favourite_category", _("Favourite category"), "nullif(value.favourite_category, '')", dict, ()),
)
for _name, _title, _expression, _labels, _order in _GIVEN:
    lend(Dimension(_name, _title, _figure(_expression), labels=_labels, order=_order))
