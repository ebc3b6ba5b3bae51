"""What segments lend to the demo shop: the ready segments, computed."""

from datetime import datetime

from django.utils.translation import gettext_noop

from segments.models import Segment, SegmentState
from segments.presets import install
from segments.services.rebuild import rebuild_waiting
from users.demo import DemoPart, Progress, demo_parts


def load_segments(now: datetime, progress: Progress) -> None:
    """Install what is missing and compute it, so that campaigns find members."""
    install(by=None)
    total = Segment.objects.count()
    while rebuild_waiting(seconds=1.0):
        progress(Segment.objects.filter(state=SegmentState.LIVE).count(), total)


demo_parts.register(
    "segments.presets",
    DemoPart("segments.presets", gettext_noop("Segments"), 40, load_segments),
)
