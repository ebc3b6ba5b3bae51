"""Charts as values: what is drawn, its description for screen readers, and the same as a table.

``option`` is plain Apache ECharts JSON without colours of the page; ``static/regulars.js`` adds those of the
theme, draws when the chart scrolls into view, and redraws when light turns to dark.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from config.kit import words
from config.kit.parts import Cell, Column, Empty, Kind, Table

# Okabe and Ito's colours, told apart by every common kind of colour vision; at most five are used.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00")
MOST_SERIES = 5


@dataclass(frozen=True, slots=True)
class Series:
    """One line or set of bars. ``values`` are plain numbers (money in minor units), None for a gap.

    ``urls`` open what is behind each value, in the table twin.
    """

    name: StrOrPromise
    values: Sequence[float | int | None]
    color: str = ""
    kind: Literal["", "line", "bar"] = ""
    urls: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart over categories. ``unfinished``: how many of the last categories are not over yet (hatched).

    ``id`` is unique on the page. ``summary`` says in a sentence what the chart shows.
    """

    id: str
    title: StrOrPromise
    categories: Sequence[StrOrPromise]
    series: Sequence[Series]
    kind: Literal["line", "bar"] = "line"
    unit: Literal["number", "money", "percent"] = "number"
    currency: str = ""
    category_title: StrOrPromise = ""
    summary: StrOrPromise = ""
    stacked: bool = False
    horizontal: bool = False
    unfinished: int = 0
    height: int = 240

    def __post_init__(self) -> None:
        if len(self.series) > MOST_SERIES:
            raise ValueError(f"{self.id}: a chart shows at most {MOST_SERIES} series")

    @property
    def payload(self) -> dict[str, Any]:
        """What the script draws: the option, and how to write the numbers."""
        return {
            "option": self.option(),
            "unit": self.unit,
            "currency": self.currency,
            "locale": str(words.locale()).replace("_", "-"),
            "unfinished": self.unfinished,
            "unfinishedText": _("not over yet"),
            "horizontal": self.horizontal,
        }

    def option(self) -> dict[str, Any]:
        """The ECharts option."""
        category: dict[str, Any] = {"type": "category", "data": [str(c) for c in self.categories]}
        value: dict[str, Any] = {"type": "value", "min": 0 if self._bars() else None}
        if self.horizontal:
            category["inverse"] = True
        return {
            "xAxis": value if self.horizontal else category,
            "yAxis": category if self.horizontal else value,
            "series": [self._drawn(i, s) for i, s in enumerate(self.series)],
        }

    def table(self) -> Table:
        """The table twin."""
        kind: Kind = self.unit
        return Table(
            columns=[
                Column(self.category_title),
                *(Column(s.name, kind) for s in self.series),
            ],
            rows=[
                [
                    category,
                    *(
                        Cell(s.values[i], url=s.urls[i] if s.urls else "", currency=self.currency)
                        for s in self.series
                    ),
                ]
                for i, category in enumerate(self.categories)
            ],
            empty=Empty(_("Nothing to show yet")),
            caption=self.title,
        )

    @property
    def description(self) -> str:
        """What a screen reader says instead of the picture."""
        return " ".join(str(part) for part in (self.title, self.summary) if part)

    @property
    def is_empty(self) -> bool:
        """Nothing but zeroes and gaps."""
        return not any(any(s.values) for s in self.series)

    def _bars(self) -> bool:
        return any((s.kind or self.kind) == "bar" for s in self.series)

    def _drawn(self, position: int, series: Series) -> dict[str, Any]:
        kind = series.kind or self.kind
        drawn: dict[str, Any] = {
            "name": str(series.name),
            "type": kind,
            "data": list(series.values),
            "color": series.color or PALETTE[position],
        }
        if self.stacked:
            drawn["stack"] = "all"
        return drawn
