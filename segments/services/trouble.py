"""Segments that stopped because their rule asks for what does not exist any more.

The reason is worded when it is shown, in the reader's language: what is stored beside a failure is for the log.
"""

from django.utils.translation import gettext as _

from config.kit.refusal import Refusal
from segments.models import Segment, SegmentState
from segments.rules.parse import parse
from segments.rules.reading import RuleRefusal

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


def stopped_because(segment: Segment) -> tuple[str, str]:
    """Why a stopped segment stopped and what to do; an operator's own act needs no advice."""
    reason = _reason(segment)
    if reason:
        return _("It has stopped: %(reason)s.") % {"reason": reason}, _(
            "Edit the rule; then it is computed anew."
        )
    if segment.error:
        return _("It had stopped, and its rule can be read again."), _("Have it computed again.")
    return _("It was taken out of use."), ""


def _reason(segment: Segment) -> str:
    if segment.is_list:
        return ""
    try:
        parse(segment.rule)
    except RuleRefusal as refusal:
        return refusal.reason
    except Refusal as refusal:
        return refusal.message
    return ""
