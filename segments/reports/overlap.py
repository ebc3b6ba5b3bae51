"""Two or three segments beside each other: every region of the picture, counted exactly, in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass

from config.kit.batches import fetch

MOST_SEGMENTS = 3

# One pass over the members of the few segments; a region is the set of segments somebody is in, as bits.
_REGIONS = """
SELECT region, count(*) FROM (
    SELECT customer_id, sum(1 << (array_position(%(segments)s::bigint[], segment_id) - 1)) AS region
    FROM segments_membership WHERE segment_id = ANY(%(segments)s) GROUP BY customer_id
) AS placed GROUP BY region
"""


@dataclass(frozen=True, slots=True)
class Region:
    """Customers in exactly these of the segments. ``bits``: the segments as bits, the first one lowest."""

    bits: int
    customers: int

    def has(self, position: int) -> bool:
        """Whether the segment at that position is one of them."""
        return bool(self.bits >> position & 1)


def regions(segments: Sequence[int]) -> list[Region]:
    """Every region, those in the most segments first, empty ones too."""
    found = {int(bits): n for bits, n in fetch(_REGIONS, {"segments": list(segments)})}
    every = sorted(range(1, 1 << len(segments)), key=lambda bits: (-bits.bit_count(), bits))
    return [Region(bits, found.get(bits, 0)) for bits in every]


def conditions(segments: Sequence[int], bits: int) -> list[dict[str, object]]:
    """A region as the conditions of a rule: in these and not in those."""
    return [
        {"segment": pk, "op": "in" if bits >> position & 1 else "not_in"}
        for position, pk in enumerate(segments)
    ]
