"""The relationship phase of many customers at once: a dimension of reports, as ``users/phase.py`` says it for one."""

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from users.dimensions import Dimension, lend
from users.phase import SETTLED_DAYS, Phase

PHASE = lend(
    Dimension(
        "phase",
        _("Relationship phase"),
        f"""CASE
            WHEN standing.active_days = 0 THEN 'none'
            WHEN standing.active_days >= {SETTLED_DAYS}
                 OR (standing.last_activity_at AT TIME ZONE %s)::date
                    > (standing.first_order_at AT TIME ZONE %s)::date THEN 'settled'
            WHEN standing.active_days = 1 THEN 'judging'
            ELSE 'verifying' END""",
        (settings.SHOP_TIME_ZONE, settings.SHOP_TIME_ZONE),
        labels=lambda: dict(Phase.choices),
    )
)
