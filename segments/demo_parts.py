"""What segments lend to the demo shop: the ready segments, computed."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from segments.models import Segment, SegmentState
from segments.presets import install
from segments.services import audience_export, lists, sampling, tag_keeping
from segments.services.membership import members
from segments.services.rebuild import rebuild_waiting
from segments.services.segments import create_segment
from segments.services.webhooks import endpoints
from users.demo import DemoPart, Progress, demo_parts
from users.models import Customer, Tag
from users.models.consent import ADS_TOPIC
from users.services import consent, stages

GUESTS = "Guests of the shop's birthday"
BUYERS = "Everybody who bought"
EVENTS = "Events"
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


def load_lists(now: datetime, progress: Progress) -> None:
    """A list by hand, a sample and a test split, a webhook to the local sink, an audience; all but the first time."""
    if Segment.objects.filter(name=GUESTS).exists():
        return
    progress(0, 4)
    guests = lists.create_list(
        name=GUESTS, description="Invited by hand, with a folder", folder=EVENTS, by=None
    )
    best = Customer.objects.known().filter(standing__orders__gte=5).order_by("pk").values("pk")[:120]
    lists.change(guests, Customer.objects.filter(pk__in=best).values("pk"), "add", by=None, way="demo")
    buyers = create_segment(
        name=BUYERS,
        description="Everybody who ever bought; what the lists of the test are drawn from",
        folder=EVENTS,
        rule={"version": 1, "root": {"all": [{"field": "orders", "op": "at_least", "value": 1}]}},
        by=None,
    )
    create_segment(
        name="Guests who bought",
        folder=EVENTS,
        rule={
            "version": 1,
            "root": {"all": [{"segment": guests.pk, "op": "in"}, {"segment": buyers.pk, "op": "in"}]},
        },
        by=None,
    )
    rebuild_waiting(seconds=5.0)
    progress(1, 4)
    buyers.refresh_from_db()
    sampling.list_of_segment(
        buyers, name="A tenth of the buyers", draw=sampling.Draw(percent=10), by=None, folder=EVENTS
    )
    sampling.split(buyers, 2, name="Postcard test", by=None)
    progress(2, 4)
    _agree_to_ads(guests, now)
    audience_export.ask(guests, platform="meta", channel="email", by=None)
    progress(3, 4)
    hook = endpoints.create(name="Local sink", url=settings.SINK_HOOK_URL, segments=[buyers.pk], by=None)
    endpoints.ping(hook, by=None)


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


def _made_of(*conditions: dict[str, Any]) -> dict[str, Any]:
    return {"version": 1, "root": {"all": list(conditions)}}


EXAMPLES = (
    (
        _("In the cart, not ordered within a day"),
        _made_of(
            {
                "sequence": {"event": "Product Added"},
                "op": "not_then",
                "then": {"happened": "orders"},
                "within": 1,
                "unit": "days",
                "in_last_days": 30,
            }
        ),
    ),
    (
        _("Come by in most weeks"),
        _made_of({"regularly": {"event": "Product Viewed"}, "weeks": 3, "of": 4}),
    ),
    (_("The best tenth by money spent"), _made_of({"top": 10, "by": "revenue"})),
    (
        _("Buyers, in the week before Mid-Autumn"),
        _made_of(
            {"festival": "mid_autumn", "op": "within_days", "days": 7},
            {"field": "orders", "op": "at_least", "value": 1},
        ),
    ),
)


def load_examples(now: datetime, progress: Progress) -> None:
    """Segments by order, habit, rank and calendar, whose names are not taken; they are computed with the others."""
    taken = set(Segment.objects.values_list("name", flat=True))
    for name, rule in EXAMPLES:
        if str(name) not in taken:
            create_segment(name=str(name), rule=rule, by=None, actor="demo")


demo_parts.register(
    "segments.examples",
    DemoPart("segments.examples", gettext_noop("Segments by habit and calendar"), 39, load_examples),
)
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
