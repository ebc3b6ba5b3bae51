"""The records on the demo shop's shelves: invented titles by invented artists, in nine categories."""

from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any

CATEGORIES = (
    "Jazz",
    "Rock",
    "Classical",
    "Pop",
    "Folk",
    "Electronic",
    "Soul",
    "World",
    "Film",
)
PER_CATEGORY = 40

_MOODS = (
    "Blue", "Midnight", "Paper", "Golden", "Quiet", "Winter", "Electric", "Distant", "Velvet", "Open",
    "Northern", "Silver", "Slow", "Crimson", "Morning", "Hidden",
)  # fmt: skip
_THINGS = (
    "Harbour", "Garden", "Letters", "Avenue", "Horizon", "Lantern", "River", "Stations", "Orchard", "Mirror",
    "Postcards", "Rooftops", "Tides", "Windows", "Satellites", "Bridges",
)  # fmt: skip
ARTISTS = (
    "The Tin Sparrows", "Mara Lindqvist Trio", "Harbour Street Quartet", "Yunhe Ensemble", "Old Paper Kites",
    "Cassia & Co", "North Line Orchestra", "Elio Marchetti", "The Late Trams", "Bai Lu", "Copper Moon",
    "Saltwater Choir",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Record:
    """One record; ``price`` in US cents."""

    product_id: str
    title: str
    category: str
    price: int

    def properties(self) -> dict[str, Any]:
        """The product as e-commerce events carry it (money in dollars)."""
        return {
            "product_id": self.product_id,
            "name": self.title,
            "category": self.category,
            "price": self.price / 100,
        }


@cache
def records_of(category: str) -> tuple[Record, ...]:
    """The shelf of one category, the same in every demo shop."""
    random = Random(f"shelf {category}")
    return tuple(_record(category, number, random) for number in range(1, PER_CATEGORY + 1))


def _record(category: str, number: int, random: Random) -> Record:
    title = f"{random.choice(_MOODS)} {random.choice(_THINGS)} – {random.choice(ARTISTS)}"
    return Record(
        product_id=f"{category[:3].lower()}-{number:03d}",
        title=title,
        category=category,
        price=random.choice((899, 999, 1199, 1299, 1399, 1499, 1699, 1899)),
    )
