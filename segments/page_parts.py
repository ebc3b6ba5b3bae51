"""What segments put on the home page, on the customer page and into the search."""

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django_stubs_ext import StrOrPromise

from config.kit.refusal import NotFound
from segments import exports, groups  # noqa: F401 - what they register
from segments.admin.form import sentence_of
from segments.freshness import TONES, Look, in_words
from segments.models import Endpoint, Membership, Segment
from segments.reading_order import in_reading_order, reading_order
from segments.rules.words import Words
from segments.services import (  # noqa: F401 - an import, a long job, what uses segments
    audience_export,
    list_file,
    sampling,
    tag_keeping,
)
from segments.services.alarms import in_trouble
from segments.services.webhooks import endpoints
from segments.services.webhooks.deliver import problem_words
from users import scopes
from users.groups import Group, Parameters, group, group_spec, offer
from users.lent_filters import Lent, lend
from users.models import Customer
from users.pages import (
    CustomerPanel,
    FirstStep,
    GroupAct,
    Hit,
    HomeCard,
    JoinCount,
    Searcher,
    counter,
    customer_panel,
    first_step,
    group_act,
    home_card,
    join_count,
    searcher,
)

SHOWN = 8
MOST_OFFERED = 100
TROUBLED_FIRST = {"failed": 0, "stale": 1, "refreshing": 2, "computing": 3, "stopped": 4, "fresh": 5}


def segments_with_freshness(now: datetime) -> dict[str, Any]:
    """Those in trouble first, then the largest."""
    look = Look(now)
    states = [(segment, look.state(segment)) for segment in Segment.objects.all()]
    states.sort(key=lambda pair: (TROUBLED_FIRST[pair[1]], -pair[0].size))
    rows = [
        (segment, in_words(state), TONES[state], reverse("segments:segment", args=[segment.pk]))
        for segment, state in states[:SHOWN]
    ]
    return {"rows": rows, "url": reverse("segments:list")}


def segments_in_trouble(now: datetime) -> dict[str, Any]:
    """The alarms: which segments cannot be relied on, why, and what to do. Hidden while all is well."""
    troubled = in_trouble(now)
    rows = [
        {
            "segment": segment,
            "word": in_words(condition.state),
            "tone": condition.tone,
            "sentence": condition.sentence,
            "url": reverse("segments:segment", args=[segment.pk]),
        }
        for segment, condition in troubled[:SHOWN]
    ]
    return {
        "rows": rows,
        "more": len(troubled) - len(rows),
        "hidden": not troubled,
        "url": reverse("segments:list"),
    }


def webhooks_in_trouble(now: datetime) -> dict[str, Any]:
    """Webhooks switched off after failures, failing for an hour, or with requests that were set aside.

    Hidden while all is well.
    """
    rows = [_webhook_in_trouble(endpoint, parked) for endpoint, parked in endpoints.in_trouble()]
    return {"rows": rows, "hidden": not rows, "url": reverse("segments:webhooks")}


def _webhook_in_trouble(endpoint: Endpoint, parked: int) -> dict[str, Any]:
    is_off = endpoint.state == Endpoint.State.DISABLED
    told = [problem_words(endpoint.problem)]
    if parked:
        told.append(
            ngettext("%(n)d request was set aside", "%(n)d requests were set aside", parked) % {"n": parked}
        )
    word = _("switched off") if is_off else _("failing") if endpoint.failing_since else _("set aside")
    return {
        "endpoint": endpoint,
        "word": word,
        "tone": "bad" if is_off else "warn",
        "sentence": str(_("; ")).join(part for part in told if part),
        "url": reverse("segments:webhook", args=[endpoint.pk]),
    }


def segments_of(customer: Customer, now: datetime) -> dict[str, Any]:
    """The segments a customer is in, each with its rule in words."""
    words = Words()
    found = Membership.objects.filter(customer=customer).select_related("segment")
    return {
        "rows": [
            {
                "name": row.segment.title,
                "since": row.entered_at,
                "sentence": row.segment.purpose or sentence_of(row.segment.rule, words),
                "url": reverse("segments:segment", args=[row.segment_id]),
                "why": reverse("segments:explain", args=[row.segment_id, customer.pk]),
            }
            for row in sorted(found, key=lambda row: reading_order(row.segment.title))
        ],
        "url": reverse("segments:of_customer", args=[customer.pk]),
    }


def find_segments(text: str, limit: int) -> list[Hit]:
    """Segments by a part of the name."""
    found = in_reading_order(Segment.objects.named(text))[:limit]
    counted = _("%(n)d customers")
    return [
        Hit(
            segment.title,
            reverse("segments:segment", args=[segment.pk]),
            counted % {"n": segment.size},
            "category",
        )
        for segment in found
    ]


@group("segment")
def members(asked: Parameters, now: datetime) -> Group:
    """The members of a segment (its id)."""
    segment = Segment.objects.filter(pk=int(asked["segment"])).first()
    if segment is None:
        raise KeyError("segment")
    found = Membership.objects.filter(segment=segment).values("customer_id")
    rule = {"all": [{"segment": segment.pk, "op": "in"}]}
    return Group(_("Members of the segment “%(name)s”") % {"name": segment.title}, found, rule)


def _segment(number: int) -> Segment:
    found = Segment.objects.filter(pk=number).first()
    if found is None:
        raise NotFound(_("There is no such segment."), field="segment")
    return found


@offer("segments")
def segments_to_choose() -> list[tuple[StrOrPromise, str]]:
    """The largest segments."""
    found = Segment.objects.order_by("-size", "name").defer("rule")[:MOST_OFFERED]
    return [
        (_("Segment “%(name)s”") % {"name": one.title}, group_spec("segment", segment=one.pk))
        for one in found
    ]


home_card(
    HomeCard(
        "segment-alarms",
        gettext_lazy("Segments that cannot be relied on"),
        2,
        "segments/alarms_card.html",
        segments_in_trouble,
        3,
        is_late=False,  # a card fetched later cannot hide
    )
)
home_card(
    HomeCard(
        "webhook-alarms",
        gettext_lazy("Webhooks that do not arrive"),
        3,
        "segments/webhook_alarms.html",
        webhooks_in_trouble,
        3,
        is_late=False,
    )
)
home_card(
    HomeCard("segments", gettext_lazy("Segments"), 40, "segments/home_card.html", segments_with_freshness)
)
customer_panel(
    CustomerPanel("segments", gettext_lazy("Segments"), 30, "segments/customer_panel.html", segments_of)
)
searcher(Searcher("segments", gettext_lazy("Segments"), 20, "segments:list", find_segments))
first_step(
    FirstStep("segment", gettext_lazy("Make the first segment"), 40, "segments:create", Segment.objects.all)
)
group_act(GroupAct("keep", gettext_lazy("Save as a segment"), "segments:keep", "bookmark_add"))
join_count(JoinCount("memberships", gettext_lazy("Segments"), 30, counter(Membership)))
lend(
    Lent(
        "segment",
        "The members of a segment, as of its `computed_at`: its number.",
        lambda number: Membership.objects.filter(segment=_segment(number)).values("customer_id"),
    )
)
scopes.lend("segments", gettext_lazy("Segments"))
scopes.lend("webhooks", gettext_lazy("Webhooks"))
