"""Segments that stopped because their rule asks for what does not exist any more, and those that wait for them.

The reason is worded when it is shown, in the reader's language: what is stored beside a failure is for the log.
"""

from django.utils.translation import gettext as _

from config.kit.refusal import Refusal
from segments.models import Segment, SegmentState
from segments.rules.parse import parse
from segments.rules.reading import RuleRefusal
from segments.services.order import referred

# What no passing of time mends: a name, a way to ask or a value that a stored rule uses is gone.
GONE = frozenset(
    {
        "retired_name", "unknown_field", "unknown_source", "unknown_property", "unknown_operator", "unknown_condition",
        "unknown_choice", "unknown_segment", "unknown_key", "unknown_version", "internal_event",
    }
)  # fmt: skip


def state_after(problem: Exception) -> SegmentState:
    """Stopped, until somebody edits the rule, where the rule itself is the problem; else failed, and tried again."""
    is_gone = isinstance(problem, RuleRefusal) and problem.code in GONE
    return SegmentState.RETIRED if is_gone else SegmentState.FAILED


def trouble_of(segment: Segment) -> str:
    """Why a segment stopped, failed or is not kept up to date, and what to do; empty when all is well."""
    if segment.state == SegmentState.RETIRED:
        reason = _reason(segment)
        if reason:
            return _("It has stopped: %(reason)s. Edit the rule, then it is computed anew.") % {
                "reason": reason
            }
        # Stopped by an operator, there is no trouble to tell of.
        return (
            _("It had stopped. Its rule can be read again: have it computed again.") if segment.error else ""
        )
    waiting = waits_for(segment)
    if waiting:
        names = ", ".join(_("“%(text)s”") % {"text": child.name} for child in waiting)
        return _("It waits for %(segments)s, which cannot be computed. See to that first.") % {
            "segments": names
        }
    return segment.error


def waits_for(segment: Segment) -> list[Segment]:
    """The segments it refers to that stopped or failed."""
    troubled = (SegmentState.RETIRED, SegmentState.FAILED)
    return list(Segment.objects.filter(pk__in=referred(segment.rule), state__in=troubled).order_by("name"))


def _reason(segment: Segment) -> str:
    try:
        parse(segment.rule)
    except RuleRefusal as refusal:
        return refusal.reason
    except Refusal as refusal:
        return refusal.message
    return ""
