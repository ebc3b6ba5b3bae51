"""The shop's settings of points, levels and check-ins."""

from django.utils.translation import gettext_lazy as _

from users.shop import declare

POINTS = _("Points and levels")

return_days = declare(
    "return_days", 7, _("Points of an order stay pending for this many days after payment"), section=POINTS
)
points_valid_days = declare(
    "points_valid_days", 365, _("Points expire this many days after they became active"), section=POINTS
)
level_period_days = declare(
    "level_period_days",
    365,
    _("A level is kept for this many days before it is judged again"),
    section=POINTS,
)
check_in_points = declare("check_in_points", 1, _("Points for a daily check-in"), section=POINTS)
check_in_bonus_every = declare(
    "check_in_bonus_every",
    7,
    _("Every so many days of a check-in streak bring the bonus (0: never)"),
    section=POINTS,
)
check_in_bonus_points = declare(
    "check_in_bonus_points", 5, _("Bonus points for a check-in streak"), section=POINTS
)
