"""Business minutes: how long something waited, and when an answer is due, on an inbox's calendar. No tables.

Hours are local to the shop's zone; minutes are counted in real time, so a day on which the clocks change has
the length it has.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

Span = tuple[datetime, datetime]

_HORIZON_DAYS = 370  # a calendar that stays closed for longer never opens
_END_OF_DAY = "24:00"


@dataclass(frozen=True, slots=True)
class Hours:
    """When an inbox is staffed: per weekday (Monday 0) its spans, without the holidays."""

    zone: ZoneInfo
    spans: Mapping[int, Sequence[tuple[str, str]]]
    holidays: frozenset[date]

    def __post_init__(self) -> None:
        for spans in self.spans.values():
            _demand_in_order([edge for span in spans for edge in span])

    def open_spans(self, start: datetime) -> Iterator[Span]:
        """The spans (UTC) that end after ``start``, one by one, the first cut at ``start``."""
        first = start.astimezone(self.zone).date()
        for offset in range(_HORIZON_DAYS):
            for begin, end in self._spans_of(first + timedelta(days=offset)):
                if end > start:
                    yield max(begin, start), end

    def _spans_of(self, day: date) -> Iterator[Span]:
        if day not in self.holidays:
            for begin, end in self.spans.get(day.weekday(), ()):
                yield self._instant(day, begin), self._instant(day, end)

    def _instant(self, day: date, edge: str) -> datetime:
        if edge == _END_OF_DAY:
            day, edge = day + timedelta(days=1), "00:00"
        return datetime.combine(day, time.fromisoformat(edge), tzinfo=self.zone).astimezone(UTC)


def due_after(hours: Hours, start: datetime, minutes: int) -> datetime | None:
    """The instant (UTC) at which ``minutes`` of business time have passed; None if the inbox never opens."""
    left = timedelta(minutes=minutes)
    for begin, end in hours.open_spans(start):
        if begin + left <= end:
            return begin + left
        left -= end - begin
    return None


def business_minutes(hours: Hours, start: datetime, end: datetime) -> int:
    """Whole minutes of business time in [start, end); 0 when ``end`` is not after ``start``."""
    total = timedelta()
    for begin, until in hours.open_spans(start):
        if begin >= end:
            break
        total += min(until, end) - begin
    return int(total.total_seconds() // 60)


def _demand_in_order(edges: list[str]) -> None:
    """Raise ValueError unless the edges of a day are valid times, each later than the one before."""
    for edge in edges:
        if edge != _END_OF_DAY:
            time.fromisoformat(edge)
    if any(later <= earlier for earlier, later in pairwise(edges)):
        raise ValueError("spans must follow each other within the day")
