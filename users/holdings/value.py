"""What the figures of the day hold about people (``users/privacy.py``)."""

from django.utils.translation import gettext_lazy as _

from users.models import CustomerValue, CutPoint, ModelFit, ValueDay
from users.privacy import Erase, Holding, holds, impersonal

holds(
    Holding(
        CustomerValue,
        _("Figures of the day"),
        45,
        Erase.DELETE,
        {
            "rfm_group": _("RFM group"),
            "r": _("RFM recency score"),
            "f": _("RFM frequency score"),
            "m": _("RFM money score"),
            "is_core": _("Core customer"),
            "revenue_year": _("Revenue of a year"),
            "order_band": _("Orders in half a year"),
            "expected_orders": _("Expected orders"),
            "predicted_ltv": _("Predicted value"),
            "p_alive": _("Probability of still being a customer"),
            "churn_risk": _("Churn risk"),
            "churn_reasons": _("Why"),
            "favourite_category": _("Favourite category"),
            "best_hour": _("Best hour"),
            "fan": _("Fan"),
            "leader_score": _("Opinion leader score"),
            "leader_parts": _("Evidence"),
        },
        money=("revenue_year", "predicted_ltv"),
    )
)
impersonal(ValueDay, "figures", why="sums over everybody")
impersonal(ModelFit, "calibration", why="sums over everybody")
impersonal(CutPoint, "figure", why="names of figures")
