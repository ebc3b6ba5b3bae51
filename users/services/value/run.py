"""What every step of a computation of the figures of the day needs to know."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings

from config.kit import words
from users import rfm, shop
from users.bands import aov_edges, minor_per_major

TOPS = (1, 5, 10, 20, 25, 50)
HALF_YEAR = timedelta(days=180)
YEAR = timedelta(days=365)
QUARTER = timedelta(days=90)
STRETCH = timedelta(days=15)

Stretch = tuple[datetime, datetime]
"""From (included) and to (excluded)."""


@dataclass(frozen=True, slots=True)
class Run:
    """The instant that the figures stand for, and its calendar day of the shop."""

    as_of: datetime
    day: date

    @classmethod
    def of(cls, as_of: datetime) -> "Run":
        return cls(as_of, as_of.astimezone(words.shop_zone()).date())

    @property
    def values(self) -> dict[str, Any]:
        """What statements are given: the instant, the begins of its windows, the shop's zone."""
        return {
            "as_of": self.as_of,
            "day": self.day,
            "zone": settings.SHOP_TIME_ZONE,
            "half_year": self.as_of - HALF_YEAR,
            "year": self.as_of - YEAR,
            "tops": list(TOPS),
        }

    def stretches(self, length: timedelta) -> list[Stretch]:
        """The time of that length before the instant, in parts of 15 days."""
        begins = [self.as_of - length + number * STRETCH for number in range(length // STRETCH)]
        return [(begin, begin + STRETCH) for begin in begins]

    @property
    def scoring(self) -> dict[str, Any]:
        """What scores and bands are made with."""
        return self.values | {
            "window": self.as_of - timedelta(days=shop.rfm_window.get()),
            "enough": rfm.ENOUGH,
            "r_edges": list(rfm.read_edges(shop.rfm_r_bands.get())),
            "f_edges": list(rfm.read_edges(shop.rfm_f_bands.get())),
            "m_edges": [edge * minor_per_major() for edge in rfm.read_edges(shop.rfm_m_bands.get())],
            "aov_edges": aov_edges(),
            "groups": [group.value for r in rfm.SCORES for group in rfm.GROUPS[r]],
        }
