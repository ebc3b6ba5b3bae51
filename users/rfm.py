"""RFM: scores of 1 to 5 for recency, frequency and money, and the named groups they fall into. Pure.

definitions.md, Value: score = 1 + floor(5 × share of the buyers who are strictly worse), so ties share a score;
under ``ENOUGH`` buyers the fixed bands of the settings are used instead.
"""

import itertools
from bisect import bisect_right
from collections.abc import Sequence

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

ENOUGH = 500
SCORES = (1, 2, 3, 4, 5)
EDGES = len(SCORES) - 1


class RfmGroup(TextChoices):
    """What a recency and a frequency say together."""

    CHAMPIONS = "champions", _("Champions")
    LOYAL = "loyal", _("Loyal")
    PROMISING = "promising", _("Promising")
    NEWCOMERS = "newcomers", _("Newcomers")
    ATTENTION = "attention", _("Need attention")
    SLEEPY = "sleepy", _("Falling asleep")
    AT_RISK = "at_risk", _("At risk")
    PRECIOUS = "precious", _("Not to be lost")
    LOST = "lost", _("Lost buyers")


_C, _L, _P, _N = RfmGroup.CHAMPIONS, RfmGroup.LOYAL, RfmGroup.PROMISING, RfmGroup.NEWCOMERS
_A, _S, _R, _V, _X = RfmGroup.ATTENTION, RfmGroup.SLEEPY, RfmGroup.AT_RISK, RfmGroup.PRECIOUS, RfmGroup.LOST

GROUPS: dict[int, tuple[RfmGroup, ...]] = {  # recency score → the group by frequency score 1 … 5
    5: (_N, _P, _L, _C, _C),
    4: (_P, _P, _L, _L, _C),
    3: (_A, _A, _A, _L, _L),
    2: (_S, _S, _R, _R, _V),
    1: (_X, _X, _R, _V, _V),
}


def score(worse: int, of: int) -> int:
    """The score of somebody than whom ``worse`` of ``of`` buyers are strictly worse."""
    return 1 + 5 * worse // of


def banded(value: float, edges: Sequence[float]) -> int:
    """The score by fixed bands: 1, and one more for each edge that the value reaches."""
    return 1 + bisect_right(edges, value)


def banded_recency(days: float, edges: Sequence[float]) -> int:
    """The score of days since the last order by fixed bands: 5 below the first edge, 1 from the last on."""
    return 6 - banded(days, edges)


def group_of(r: int, f: int) -> RfmGroup:
    """The named group of two scores."""
    return GROUPS[r][f - 1]


def cells_of(group: RfmGroup) -> list[tuple[int, int]]:
    """The cells (r, f) that a named group is made of."""
    return [(r, f) for r, row in GROUPS.items() for f, here in enumerate(row, start=1) if here == group]


def read_edges(text: str, count: int | None = EDGES) -> tuple[float, ...]:
    """Edges of bands from a setting ("30, 90, 180, 365"): rising, above zero, ``count`` of them (None: any up to 8).

    Raises ValueError.
    """
    edges = tuple(float(part) for part in text.replace("，", ",").split(","))
    in_order = all(low < high for low, high in itertools.pairwise(edges))
    right_count = len(edges) == count if count else 1 <= len(edges) <= 8
    if not right_count or not in_order or not edges[0] > 0 or not edges[-1] < 1e12:
        raise ValueError(text)
    return edges
