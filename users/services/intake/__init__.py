"""What happens behind the front door: accepted bodies become customers, events, orders and figures."""

from users.services.intake.apply import MOST_BODIES, apply_waiting
from users.services.intake.counts import Applied

__all__ = ["MOST_BODIES", "Applied", "apply_waiting"]
