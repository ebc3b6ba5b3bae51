"""Another segment together with time, read from the log of comings and goings.

``{"segment_time": 7, "op": "entered", "in_last_days": 3}``; ``left`` likewise. ``was_in``: a member at some instant of
the window, which may be one day (``"between": ["2026-05-01", "2026-05-01"]``). ``for_at_most`` takes ``days``. Being in
it for *at least* so many days is asked with ``segment`` and ``for_days``.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, Subquery
from django.db.models.lookups import GreaterThanOrEqual, IsNull
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from segments.models import Membership, MembershipChange, Run, Segment
from segments.registry import Rows
from segments.rules.arguments import Choices
from segments.rules.as_of import AsOf
from segments.rules.conditions.base import Condition, Shown
from segments.rules.conditions.in_segment import entered_by, read_segment
from segments.rules.conditions.occurrence import some
from segments.rules.edges import Edge
from segments.rules.forms import Form, Input
from segments.rules.reading import Reader
from segments.rules.schema_parts import DAYS, Schema, one_of, shape, windows
from segments.rules.windows import (
    LONGEST_DAYS,
    WINDOWS,
    Ever,
    Stretch,
    Window,
    crossed,
    is_empty,
    read_past_window,
    window_json,
)
from segments.rules.words import Words, instant

LOGGED = ("entered", "left", "was_in")
EVER = Ever()
A_MOMENT = timedelta(microseconds=1)
MOST_TURNS = 100


@dataclass(frozen=True)
class SegmentTime(Condition):
    """``days`` go with for_at_most, the window with the others."""

    segment: int
    op: str
    days: int = 0
    window: Window = EVER

    @classmethod
    def read(cls, reader: Reader) -> "SegmentTime":
        reader.only(required=("segment_time", "op"), optional=("days", *WINDOWS))
        op = reader.at("op").one_of((*LOGGED, "for_at_most"))
        pk = read_segment(reader.at("segment_time"))
        if op == "for_at_most":
            reader.only(required=("segment_time", "op", "days"))
            return cls(pk, op, reader.at("days").whole(1, LONGEST_DAYS))
        reader.only(required=("segment_time", "op"), optional=WINDOWS)
        return cls(pk, op, window=read_past_window(reader))

    def write(self) -> dict[str, Any]:
        written = {"segment_time": self.segment, "op": self.op}
        return {**written, **(window_json(self.window) if self.op in LOGGED else {"days": self.days})}

    @classmethod
    def form(cls) -> Form | None:
        first = Segment.objects.order_by("name").first()
        if first is None:
            return None
        return Form(
            "segment_time",
            gettext_lazy("Another segment and its time"),
            gettext_lazy("Segments"),
            (
                Input("segment_time", "segment", gettext_lazy("segment")),
                Input("op", "choice", gettext_lazy("how"), choices=_ways),
                Input("window", "window", gettext_lazy("when"), optional=True, only_if=("op", *LOGGED)),
                Input(
                    "days",
                    "whole",
                    gettext_lazy("days"),
                    least=1,
                    most=LONGEST_DAYS,
                    only_if=("op", "for_at_most"),
                ),
            ),
            lambda: {"segment_time": first.pk, "op": "entered", "in_last_days": 7},
        )

    @classmethod
    def schema(cls) -> list[Schema]:
        begin = {"segment_time": {"type": "integer", "minimum": 1}}
        return [
            shape({**begin, "op": one_of(*LOGGED)}, windows()),
            shape({**begin, "op": one_of("for_at_most"), "days": DAYS}),
        ]

    def segments(self) -> frozenset[int]:
        return frozenset({self.segment})

    def expression(self, as_of: AsOf) -> Q:
        if self.op in LOGGED:
            return some(self._logged(as_of))
        edge = as_of.now - timedelta(days=self.days)
        if as_of.past:
            since = entered_by(self.segment, as_of)
            return Q(IsNull(since, False)) & Q(GreaterThanOrEqual(since, edge))
        return some(Membership.objects.filter(segment=self.segment, entered_at__gte=edge))

    def _changes(self) -> Rows:
        return MembershipChange.objects.filter(segment=self.segment)

    def _logged(self, as_of: AsOf) -> Rows:
        begins, ends = self.window.begins(as_of), self.window.ends(as_of)
        changes = self._changes().filter(entered=self.op != "left", at__lt=ends)
        if begins is None:
            return changes
        if self.op != "was_in":
            return changes.filter(at__gte=begins)
        if is_empty(self.window, as_of):
            return changes.none()
        gone = self._changes().filter(
            customer_id=OuterRef("customer_id"), entered=False, run_id__gt=OuterRef("run_id"), at__lte=begins
        )
        return changes.filter(~Exists(gone))

    def crossing(self, then: AsOf, now: AsOf) -> list[Edge]:
        """Comings and goings over an edge, found by their runs; what this run changes is news of the child."""
        if self.op in LOGGED:
            stretches = crossed(self.window, then, now)
        else:
            back = timedelta(days=self.days)
            stretches = [Stretch(then.now - back, now.now - back, entered=False)]
        found: list[Edge] = []
        if self.op == "was_in" and is_empty(self.window, then) != is_empty(self.window, now):
            found += [Edge(self._logged(at).values("customer_id")) for at in (then, now)]
        for early, late, entered in stretches:
            runs = Run.objects.filter(now__gte=early, now__lt=late + A_MOMENT)
            found.append(Edge(self._changes().filter(run__in=runs).values("customer_id"), entered))
        return found

    def of_today(self, words: Words) -> list[str]:
        """The log says it all."""
        return []

    def actual(self, as_of: AsOf) -> Shown:
        if self.op in LOGGED:
            mine = self._logged(as_of).filter(customer=OuterRef("pk"))
            return Subquery(mine.order_by("-run_id").values("at")[:1])
        if as_of.past:
            return entered_by(self.segment, as_of)
        members = Membership.objects.filter(customer=OuterRef("pk"), segment=self.segment)
        return Subquery(members.values("entered_at"))

    def show(self, actual: Any, words: Words) -> str:
        if actual is None:
            return _("not in it") if self.op == "for_at_most" else _("not so far")
        when = {"when": instant(actual)}
        return _("left %(when)s") % when if self.op == "left" else _("entered %(when)s") % when

    def turns(self, customer_id: int, actual: Any, as_of: AsOf) -> list[datetime]:
        if self.op == "for_at_most":
            return [actual + timedelta(days=self.days)] if actual is not None else []
        mine = self._changes().filter(customer=customer_id).order_by("-run_id")
        times = mine.values_list("at", flat=True)[:MOST_TURNS]
        return [turn for time in times for turn in (time, *self.window.turns(time, as_of))]

    def sentence(self, words: Words) -> str:
        name = {"segment": words.segment(self.segment), "window": self.window.phrase(), "n": self.days}
        if self.op == "entered":
            return _("entered the segment %(segment)s %(window)s") % name
        if self.op == "left":
            return _("left the segment %(segment)s %(window)s") % name
        if self.op == "was_in":
            return _("was in the segment %(segment)s %(window)s") % name
        return (
            ngettext(
                "has been in the segment %(segment)s for at most %(n)d day",
                "has been in the segment %(segment)s for at most %(n)d days",
                self.days,
            )
            % name
        )


def _ways() -> Choices:
    return {
        "entered": gettext_lazy("entered it"),
        "left": gettext_lazy("left it"),
        "was_in": gettext_lazy("was in it"),
        "for_at_most": gettext_lazy("has been in it for at most (days)"),
    }
