"""How long things last when some of them are still going on (Kaplan and Meier, 1958). Pure, in whole days.

Who is still there when watching ends is *censored*: counted among those who could have ended up to that day and
not after it. On one day, endings come before the end of watching.
"""

from collections.abc import Mapping
from dataclasses import dataclass

Counts = Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Lasting:
    """Lengths in whole days: how many ``ended`` after so many days, how many were watched so long and go on."""

    ended: Counts
    going_on: Counts

    @property
    def n(self) -> int:
        """How many in all."""
        return sum(self.ended.values()) + sum(self.going_on.values())

    @property
    def unfinished(self) -> int:
        """How many go on, or were watched no longer."""
        return sum(self.going_on.values())

    def curve(self) -> list[tuple[int, float]]:
        """The share still there after each day on which something ended, oldest first."""
        at_risk, share, found = self.n, 1.0, []
        for days in sorted({*self.ended, *self.going_on}):
            ends = self.ended.get(days, 0)
            if ends:
                share *= 1 - ends / at_risk
                found.append((days, share))
            at_risk -= ends + self.going_on.get(days, 0)
        return found

    def quantile(self, part: float) -> int | None:
        """The days after which that part has ended; None where so many have not ended yet."""
        return next((days for days, share in self.curve() if 1 - share >= part - 1e-9), None)

    def ended_before(self, days: int) -> float | None:
        """The part that had ended before so many days had passed; None for nobody."""
        if not self.n:
            return None
        left = [share for day, share in self.curve() if day < days]
        return 1 - left[-1] if left else 0.0

    def watched(self, days: int) -> int:
        """How many ended before, or were watched for at least, so many days."""
        done = sum(count for day, count in self.ended.items() if day < days)
        longer = sum(count for day, count in (*self.ended.items(), *self.going_on.items()) if day >= days)
        return done + longer
