"""How often a key may have something computed; for ordinary calls ``users.api.limits`` counts."""

from users.api.limits import PerKey
from users.services.rate_limit import RateLimit

LOOKS = RateLimit(60)
"""Previews and explanations of one key in ten seconds: each reads much."""


class PerKeyLooking(PerKey):
    """Calls that compute something."""

    limit = LOOKS
    name = "segments-look"
