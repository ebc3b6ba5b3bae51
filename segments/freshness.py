"""How fresh a segment is, why, and what to do about it: in words and in a tone.

fresh       the rule in force was applied at most two minutes ago
refreshing  the last good run is older, and one is at work now
stale       the last good run is older, and none is at work, or a segment it refers to is not up to date
computing   new or edited: it waits for its computation, or is being computed
failed      it could not be computed; it is tried again by the next audit, or when somebody asks for it
stopped     an operator took it out of use, or its rule asks for what does not exist any more

Sends refuse all but the first.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Literal

from django.utils.translation import gettext as _

from config.kit.locks import Lock, at_work, is_held
from config.kit.words import absolute
from segments.models import Segment, SegmentState
from segments.services.membership import is_fresh
from segments.services.order import referred
from segments.services.trouble import stopped_because

Freshness = Literal["fresh", "refreshing", "computing", "stale", "failed", "stopped"]
TONES: dict[Freshness, Literal["good", "info", "warn", "bad", "muted"]] = {
    "fresh": "good",
    "refreshing": "info",
    "computing": "info",
    "stale": "warn",
    "failed": "bad",
    "stopped": "muted",
}


@dataclass(frozen=True)
class Condition:
    """A segment's state with the reason and what to do, as sentences; both empty for a fresh one."""

    state: Freshness
    reason: str = ""
    advice: str = ""

    @property
    def tone(self) -> Literal["good", "info", "warn", "bad", "muted"]:
        """The tone of its tag."""
        return TONES[self.state]

    @property
    def sentence(self) -> str:
        """Reason and advice in one line."""
        return " ".join(part for part in (self.reason, self.advice) if part)


@dataclass
class Look:
    """One look at what is going on, shared by all segments of a page: at most three queries, when needed."""

    now: datetime
    known: dict[int, Segment] = field(default_factory=dict)

    @cached_property
    def is_run_at_work(self) -> bool:
        """Whether a refresh, a rebuild or an audit is at work."""
        return is_held(Lock.SEGMENT_RUN)

    @cached_property
    def being_computed(self) -> set[int]:
        """The segments whose computation in full is under way."""
        return at_work()

    @cached_property
    def everyone(self) -> dict[int, Segment]:
        """All segments by number, for reasons that lie in those a rule refers to."""
        return self.known or {one.pk: one for one in Segment.objects.all()}

    def condition(self, segment: Segment) -> Condition:
        """The segment's state, why, and what to do."""
        state = self.state(segment)
        if state == "fresh":
            return Condition(state)
        if state == "failed":
            return self._failed(segment)
        if state == "computing":
            return self._computing(segment)
        if state == "refreshing":
            return Condition(state, _("A run is at work."), _("Wait a moment."))
        if state == "stopped":
            return Condition(state, *stopped_because(segment))
        return self._stale(segment)

    def state(self, segment: Segment) -> Freshness:
        """Which of the six it is."""
        if segment.state == SegmentState.FAILED:
            return "failed"
        if segment.state == SegmentState.RETIRED:
            return "stopped"
        if segment.state == SegmentState.NEEDS_REBUILD:
            return "computing"
        if is_fresh(segment, self.now):
            return "fresh"
        return "refreshing" if self.is_run_at_work and not self._ailing(segment) else "stale"

    def _ailing(self, segment: Segment) -> Segment | None:
        """The first segment it refers to that is not kept up to date itself."""
        children = (self.everyone.get(pk) for pk in sorted(referred(segment.rule)))
        ill = (one for one in children if one is not None and not is_fresh(one, self.now))
        return next(ill, None)

    def _failed(self, segment: Segment) -> Condition:
        child = self._ailing(segment)
        told = {
            SegmentState.FAILED: _("It refers to the segment “%(name)s”, which failed."),
            SegmentState.RETIRED: _("It refers to the segment “%(name)s”, which has stopped."),
        }
        if child is None or child.state not in told:
            return Condition("failed", *of_error(segment.error))
        reason = told[SegmentState(child.state)] % {"name": child.title}
        return Condition("failed", reason, _("Put that one right; this one follows."))

    def _computing(self, segment: Segment) -> Condition:
        if segment.pk in self.being_computed:
            return Condition("computing", _("It is being computed at this moment."))
        if segment.error:
            return Condition("computing", of_error(segment.error)[0], _("It is computed anew by itself."))
        return Condition("computing", _("It waits for its turn to be computed."))

    def _stale(self, segment: Segment) -> Condition:
        child = self._ailing(segment)
        if child is not None:
            reason = _("It refers to the segment “%(name)s”, which is not up to date.") % {
                "name": child.title
            }
            return Condition("stale", reason, _("Put that one right; this one follows."))
        at = segment.computed_at
        reason = (
            _("The last good run was at %(time)s.") % {"time": absolute(at)} if at else _("It never ran.")
        )
        return Condition("stale", reason, _("See on the page of jobs whether “Refresh segments” runs."))


def of_error(error: str) -> tuple[str, str]:
    """What a stored error means and what to do about it, as two sentences."""
    kind, _colon, message = error.partition(": ")
    if "statement timeout" in error:
        return (
            _("It took longer than is allowed."),
            _("Use fewer or narrower conditions, or compute it again at a quiet hour."),
        )
    if kind.endswith("Refusal") or kind == "Conflict":
        reason = _("The rule cannot be read: %(message)s") % {"message": message.rstrip(".") + "."}
        return reason, _("Edit the rule.")
    if kind == "ClockWentBack":
        return _("The clock was set back."), _("It is computed anew by itself.")
    return (
        _("Something went wrong: %(message)s") % {"message": error.strip()[:300] or _("no reason is known")},
        _("Compute it again; if it fails again, its rule meets data it cannot handle."),
    )


def freshness(segment: Segment, now: datetime) -> Freshness:
    """Which of the six one segment is; ask a ``Look`` where there are several."""
    return Look(now).state(segment)


def conditions(segments: Iterable[Segment], now: datetime) -> dict[int, Condition]:
    """State, reason and advice of several segments, by number."""
    look = Look(now)
    return {segment.pk: look.condition(segment) for segment in segments}


def in_words(state: Freshness) -> str:
    """One word or two."""
    return {
        "fresh": _("up to date"),
        "refreshing": _("being refreshed"),
        "computing": _("being computed"),
        "stale": _("stale"),
        "failed": _("failed"),
        "stopped": _("stopped"),
    }[state]
