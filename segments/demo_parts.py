"""What segments lend to the demo shop: the ready segments, computed."""

from datetime import datetime

from django.utils.translation import gettext_noop

from segments.models import Backtest, Segment, SegmentState
from segments.presets import install
from segments.services import backtest, tag_keeping
from segments.services.rebuild import rebuild_waiting
from users.demo import DemoPart, Progress, demo_parts
from users.models import Tag

KEPT_BY = "Good customers we lost"
KEPT_TAG = "Call personally"


def load_segments(now: datetime, progress: Progress) -> None:
    """Install what is missing and compute it, so that campaigns find members."""
    install(by=None)
    total = Segment.objects.count()
    while rebuild_waiting(seconds=1.0):
        progress(Segment.objects.filter(state=SegmentState.LIVE).count(), total)


def load_kept_tag(now: datetime, progress: Progress) -> None:
    """Let one of the ready segments keep a tag; one that was let go of is not taken up again."""
    kept = Segment.objects.filter(name=KEPT_BY).first()
    if kept is None or Tag.objects.filter(name=KEPT_TAG).exists():
        return
    tag_keeping.keep(kept, KEPT_TAG, by=None, now=now)
    Tag.objects.filter(name=KEPT_TAG).update(category="Service")


def load_backtest(now: datetime, progress: Progress) -> None:
    """One question about the past, answered by the job as any other."""
    lost = Segment.objects.filter(name=KEPT_BY, rule__isnull=False).first()
    if lost is not None and not Backtest.objects.exists():
        backtest.begin(title=lost.name, rule=lost.rule, by=None, now=now, segment=lost)


demo_parts.register(
    "segments.backtest",
    DemoPart("segments.backtest", gettext_noop("A backtest"), 97, load_backtest),
)
demo_parts.register(
    "segments.presets",
    DemoPart("segments.presets", gettext_noop("Segments"), 40, load_segments),
)
demo_parts.register(
    "segments.kept_tag",
    DemoPart("segments.kept_tag", gettext_noop("A tag that a segment keeps"), 41, load_kept_tag),
)
