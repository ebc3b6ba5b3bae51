"""What segments lend to the demo shop: the ready segments, computed."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy, gettext_noop

from config.kit.given_names import give_in_demo
from config.kit.locks import Lock, session_lock
from segments.models import Backtest, Segment, SegmentState
from segments.ready import demo
from segments.services import audience_export, backtest, lists, presets, sampling, tag_keeping
from segments.services.membership import members
from segments.services.past_days import tell_past_days
from segments.services.rebuild import rebuild_waiting
from segments.services.webhooks import endpoints
from users.demo import DemoPart, Progress, demo_parts
from users.models import Customer, Tag
from users.models.consent import ADS_TOPIC
from users.services import consent, stages

KEPT_BY = "Good customers we lost"
KEPT_TAG = "Call personally"
HOOK = "Local sink"
give_in_demo(gettext_lazy("Call personally"), gettext_lazy("Local sink"), gettext_lazy("Service"))


PAST_DAYS = 32
"""So many days of history the segments below have: what a page of 31 days shows is all comings and goings of theirs."""
WITH_A_PAST = (
    "dormant",
    "new_this_week",
    "fell_asleep",
    "came_back",
    "left_cart",
    "reviewers",
    "sharers",
    "refused_lately",
    "refunded",
    "by_campaign_link",
    "demo_cart",
    "demo_weekly",
)
"""Those of whose rules every past day can be asked, and quickly."""


def install_examples() -> None:
    """Segments by order, habit, rank and calendar; they are computed with the others."""
    for example in demo.EXAMPLES:
        presets.make(example, by=None)


def load_segments(now: datetime, progress: Progress) -> None:
    """Install what is missing and compute it, so that campaigns find members."""
    with session_lock(Lock.SEGMENT_RUN):  # before the worker computes them: their history begins in the past
        presets.install(by=None)
        install_examples()
        fresh = Segment.objects.filter(preset__in=WITH_A_PAST, computed_at=None, runs=None)
        tell_past_days(list(fresh), PAST_DAYS, now, progress)
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


def load_lists(now: datetime, progress: Progress) -> None:
    """A list by hand, a sample and a test split, a webhook to the local sink, an audience; all but the first time."""
    if Segment.objects.filter(preset=demo.GUESTS.key).exists():
        return
    progress(0, 4)
    guests = lists.create_list(name=str(demo.GUESTS.name), by=None)
    presets.known_as(guests, demo.GUESTS)
    best = Customer.objects.known().filter(standing__orders__gte=5).order_by("pk").values("pk")[:120]
    lists.change(guests, Customer.objects.filter(pk__in=best).values("pk"), "add", by=None, way="demo")
    buyers = presets.make(demo.BUYERS, by=None)
    presets.make(demo.GUESTS_WHO_BOUGHT, by=None)
    rebuild_waiting(seconds=5.0)
    progress(1, 4)
    buyers.refresh_from_db()
    _draw(buyers)
    progress(2, 4)
    _agree_to_ads(guests, now)
    audience_export.ask(guests, platform="meta", channel="email", by=None)
    progress(3, 4)
    hook = endpoints.create(name=HOOK, url=settings.SINK_HOOK_URL, segments=[buyers.pk], by=None)
    endpoints.ping(hook, by=None)


def _draw(buyers: Segment) -> None:
    """A tenth of a segment, and its members dealt into two halves."""
    draw = sampling.Draw(percent=10)
    tenth, _job = sampling.list_of_segment(buyers, name=str(demo.TENTH.name), draw=draw, by=None)
    presets.known_as(tenth, demo.TENTH)
    halves = sampling.split(buyers, 2, name=str(demo.POSTCARD), by=None)
    for half, ready in zip(halves, demo.POSTCARD_PARTS, strict=True):
        presets.known_as(half, ready)


@transaction.atomic
def _agree_to_ads(guests: Segment, now: datetime) -> None:
    """Two of three guests agree to advertising on other platforms; that is the answer of nobody else."""
    agreeing = [pk for pk in members(guests).order_by("customer_id") if pk % 3]
    stages.lock(agreeing)
    answers = [
        consent.Answer(pk, f"demo-ads:{pk}", "email", ADS_TOPIC, True, now, "demo", "demo-ads-1")
        for pk in agreeing
    ]
    consent.answer_many(answers, now)


demo_parts.register(
    "segments.presets",
    DemoPart("segments.presets", gettext_noop("Segments"), 40, load_segments),
)
demo_parts.register(
    "segments.kept_tag",
    DemoPart("segments.kept_tag", gettext_noop("A tag that a segment keeps"), 41, load_kept_tag),
)
demo_parts.register(
    "segments.lists",
    DemoPart("segments.lists", gettext_noop("Lists, a sample, an audience and a webhook"), 42, load_lists),
)
