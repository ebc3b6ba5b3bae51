"""Which thresholds the shop's own silences suggest (definitions.md, Lifecycle). Pure, no database.

A *silence* is the time between the last activity of one active day and the first of the next; the last one of
every customer is still open. ``users/services/sql/silences.sql`` counts them for many customers at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

FOLLOWED = 365  # days a silence must have been followed to count for the suggestion, and its greatest length
CAME_BACK_WITHIN = 180
DORMANT_PERCENT, CHURNED_PERCENT = 80, 95
FEWEST = 100  # closed silences below which nothing is suggested

Counts = Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Returned:
    """Of the silences that lasted so long and were followed 180 days on: how many ended within those."""

    days: int
    back: int
    of: int

    @property
    def share(self) -> float | None:
        """The share, None where none was followed."""
        return self.back / self.of if self.of else None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Thresholds in days; ``gaps``: on how many closed silences they rest."""

    new_for: int
    dormant_after: int
    churned_after: int
    returning_for: int
    gaps: int


@dataclass(frozen=True, slots=True)
class Silences:
    """Silences counted by whole days.

    ``closed``: those that began at least 365 days ago and ended within 365, by rounded length. ``reached``: by
    the greatest number of days that the silence lasted and after which it was still followed 180 days.
    ``stayed``: the same, less 180, of those that lasted longer: up to there nobody came back in time.
    """

    closed: Counts = field(default_factory=dict)
    reached: Counts = field(default_factory=dict)
    stayed: Counts = field(default_factory=dict)

    @property
    def gaps(self) -> int:
        """How many closed silences there are to judge by."""
        return sum(self.closed.values())

    def percentile(self, percent: int) -> int:
        """The least whole number of days within which at least so many percent of the closed silences ended."""
        so_far = 0
        for days in sorted(self.closed):
            so_far += self.closed[days]
            if so_far * 100 >= percent * self.gaps:
                return days
        return 0

    def ended_within(self, days: int) -> float | None:
        """The share of closed silences of at most so many days."""
        within = sum(count for length, count in self.closed.items() if length <= days)
        return within / self.gaps if self.gaps else None

    def came_back(self, days: int) -> Returned:
        """How many came back within 180 days after a silence of so many days."""
        of = sum(count for most, count in self.reached.items() if most >= days)
        stayed = sum(count for most, count in self.stayed.items() if most >= days)
        return Returned(days, of - stayed, of)

    def suggest(self, *, new_for: int, returning_for: int) -> Suggestion | None:
        """Dormant after the 80th percentile, churned after the 95th; None while there are too few silences.

        New lasts as long as now, at most until dormant begins; returning stays as it is.
        """
        if self.gaps < FEWEST:
            return None
        dormant_after = max(2, self.percentile(DORMANT_PERCENT))
        churned_after = max(dormant_after + 1, self.percentile(CHURNED_PERCENT))
        return Suggestion(min(new_for, dormant_after), dormant_after, churned_after, returning_for, self.gaps)
