"""One thing of every kind that has a page, for tests that open all pages."""

from datetime import datetime, timedelta

from campaigns.models import Campaign, CampaignKind
from campaigns.services.campaigns import Plan, Text, create_campaign
from config.sink import store
from feedback.services.conversations import Opening, open_conversation
from growth.models import EarningRule, Level
from segments.models import Segment
from segments.services.rebuild import rebuild
from segments.services.segments import create_segment
from tests.operators import operator
from tests.users.door import customer, identify, send, track, visit
from users.models import Customer, DeadLetter, Role, Topic
from users.reports import figures
from users.services import storefronts

DAY = timedelta(days=1)


def some_of_everything(now: datetime) -> dict[str, object]:
    """Makes them. For each part of an address that stands before an argument, the argument's value."""
    alice = _alice(now)
    segment = _segment()
    letter = DeadLetter.objects.create(
        received_at=now, parked_at=now, confirmed=True, code="bad_type", item='{"type": "dance"}'
    )
    storefront, _secret = storefronts.create(name="web", title="Web shop", by=operator())
    conversation = open_conversation(alice, Opening("Broken", "My record is broken."), now=now)
    figures.compute(now, days=figures.SHOWN_DAYS)
    return {
        "customers": alice.pk,
        "why": alice.pk,
        "operators": operator(Role.ANALYST).pk,
        "storefronts": storefront.pk,
        "dead-letters": letter.pk,
        "segments": segment.pk,
        "campaigns": _campaign(segment, now).pk,
        "mail": _mail(),
        "rules": EarningRule.objects.earliest("pk").pk,
        "levels": Level.objects.earliest("pk").pk,
        "feedback": conversation.key,
    }


def _alice(now: datetime) -> Customer:
    send(
        identify(at=now - 3 * DAY, user="alice", name="Alice", email="alice@example.org"),
        visit(at=now - 2 * DAY, user="alice"),
        track("Order Completed", at=now - DAY, user="alice", order_id="A-1", total=50, currency="USD"),
    )
    return customer("alice")


def _segment() -> Segment:
    rule = {"version": 1, "root": {"all": [{"field": "stage", "op": "is_any_of", "value": ["new"]}]}}
    return rebuild(create_segment(name="New ones", rule=rule, by=operator()))


def _campaign(segment: Segment, now: datetime) -> Campaign:
    plan = Plan("Welcome", CampaignKind.ONE_OFF, segment, Topic.objects.get(slug="news"))
    return create_campaign(plan, [Text("Hello", "Have a look.", language="en")], by=operator(), now=now)


def _mail() -> str:
    name = store.default_store().keep(
        "mail", b"Subject: Hello\r\nTo: alice@example.org\r\n\r\nHave a look.\r\n"
    )
    return name.partition("/")[2]
