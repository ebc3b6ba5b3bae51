"""Heat maps as values: a grid whose cells print their figures, shaded by how large they are."""

from collections.abc import Sequence
from dataclasses import dataclass

from django_stubs_ext import StrOrPromise

STEPS = 10
"""Shades of the stylesheet (``r-heat-0`` … ``r-heat-10``)."""


@dataclass(frozen=True, slots=True)
class HeatCell:
    """One figure: ``text`` is printed, ``share`` (0 to 1 of the darkest) shades; None prints a dash, unshaded.

    ``url`` opens the people behind it; ``unfinished`` hatches a period that is not over yet.
    """

    text: str
    share: float | None = None
    url: str = ""
    hint: StrOrPromise = ""
    unfinished: bool = False

    @property
    def step(self) -> int:
        """The shade."""
        return 0 if self.share is None else max(0, min(STEPS, round(self.share * STEPS)))


@dataclass(frozen=True, slots=True)
class HeatRow:
    """A line of the grid: its head, plain figures before the shaded ones (the size), the cells."""

    title: StrOrPromise
    cells: Sequence[HeatCell]
    before: Sequence[str] = ()
    url: str = ""


@dataclass(frozen=True, slots=True)
class Heat:
    """A grid. ``corner`` names the rows; ``before`` the plain columns; ``columns`` the shaded ones."""

    caption: StrOrPromise
    corner: StrOrPromise
    columns: Sequence[StrOrPromise]
    rows: Sequence[HeatRow]
    before: Sequence[StrOrPromise] = ()
    legend: StrOrPromise = ""
    csv_url: str = ""
