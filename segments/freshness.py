"""How fresh a segment is, in words and in a tone."""

from datetime import datetime
from typing import Literal

from django.utils.translation import gettext as _

from segments.models import Segment, SegmentState
from segments.services.membership import is_fresh

Freshness = Literal["fresh", "computing", "stale", "failed", "stopped"]
TONES: dict[Freshness, Literal["good", "info", "warn", "bad", "muted"]] = {
    "fresh": "good",
    "computing": "info",
    "stale": "warn",
    "failed": "bad",
    "stopped": "muted",
}


def freshness(segment: Segment, now: datetime) -> Freshness:
    """Which of the five it is: sends are refused for all but the first."""
    if segment.state == SegmentState.FAILED:
        return "failed"
    if segment.state == SegmentState.RETIRED:
        return "stopped"
    if segment.state == SegmentState.NEEDS_REBUILD:
        return "computing"
    return "fresh" if is_fresh(segment, now) else "stale"


def in_words(state: Freshness) -> str:
    """One word or two."""
    return {
        "fresh": _("up to date"),
        "computing": _("being computed"),
        "stale": _("stale"),
        "failed": _("failed"),
        "stopped": _("stopped"),
    }[state]
