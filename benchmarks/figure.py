"""One measured figure: what was measured, against what, and whether it met its goal."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """``value`` and ``yardstick`` in ``unit``; ``ratio`` as its workload defines it, with its goal in words.

    ``met`` is None where no goal applies (a figure that only informs, or no yardstick at this size).
    """

    id: str
    name: str
    value: float
    unit: str = "s"
    yardstick: float | None = None
    ratio: float | None = None
    goal: str = ""
    met: bool | None = None

    def line(self) -> str:
        """The one line that is printed."""
        parts = [f"{self.id:<6} {self.name}: {self.value:.4g} {self.unit}"]
        if self.yardstick is not None:
            parts.append(f"yardstick {self.yardstick:.4g} {self.unit}")
        if self.ratio is not None:
            parts.append(f"ratio {self.ratio:.3g}")
        if self.goal:
            parts.append(f"goal {self.goal}{_verdict(self.met)}")
        return " · ".join(parts)

    def row(self) -> dict[str, Any]:
        """The figure as JSON."""
        return asdict(self)


FLOOR = 0.03
"""Seconds below which a yardstick counts as this: a ratio between two shorter times says nothing."""


def at_most(
    id: str, name: str, *, value: float, yardstick: float, limit: float, unit: str = "s", floor: float = 0.0
) -> Figure:
    """A figure that may be at most ``limit`` times its yardstick (times, memory), or times ``floor``."""
    ratio = value / max(yardstick, floor)
    return Figure(id, name, value, unit, yardstick, ratio, f"≤ {limit:g}×", ratio <= limit)


def at_least(id: str, name: str, *, value: float, yardstick: float, limit: float, unit: str = "/s") -> Figure:
    """A figure that should be at least ``limit`` times its yardstick (rates)."""
    ratio = value / yardstick
    return Figure(id, name, value, unit, yardstick, ratio, f"≥ {limit:g}×", ratio >= limit)


def _verdict(met: bool | None) -> str:
    return "" if met is None else (" met" if met else " MISSED")
