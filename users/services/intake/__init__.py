"""What happens behind the front door: accepted bodies become customers, events, orders and figures."""

from users.services.intake.apply import apply_waiting
from users.services.intake.counts import Applied

__all__ = ["Applied", "apply_waiting"]
