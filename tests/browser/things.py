"""One thing of every kind that has a page, for tests that open all pages."""

import io
from datetime import datetime, timedelta

from django.conf import settings

from campaigns.models import Campaign, CampaignKind
from campaigns.services.campaigns import Plan, Text, create_campaign
from config.sink import store
from feedback.services.conversations import Opening, open_conversation
from growth.models import EarningRule, Level
from segments.models import Run, Segment
from segments.services import backtest
from segments.services.rebuild import rebuild
from segments.services.segments import create_segment
from segments.services.webhooks import endpoints
from tests.operators import operator
from tests.users.door import customer, identify, send, track, visit
from users.models import (
    AcquisitionChannel,
    AttributeDefinition,
    Category,
    Customer,
    DeadLetter,
    Product,
    Role,
    ShopKind,
    Tag,
    Topic,
)
from users.reports import figures
from users.services import erase, shop_connections, storefronts
from users.services.imports import acts as imports
from users.services.sources import SourceDraft, create_source

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
    return _of_users(now) | {
        "customers": alice.pk,
        "why": alice.pk,
        "operators": operator(Role.ANALYST).pk,
        "storefronts": storefront.pk,
        "dead-letters": letter.pk,
        **_of_segments(segment, now),
        "campaigns": _campaign(segment, now).pk,
        "mail": _mail(),
        "rules": EarningRule.objects.earliest("pk").pk,
        "levels": Level.objects.earliest("pk").pk,
        "feedback": conversation.key,
    }


def _of_segments(segment: Segment, now: datetime) -> dict[str, object]:
    """What the pages of segments want to show: a list comes first where a page is about lists."""
    endpoint = endpoints.create(
        name="CRM", url="https://shop.example.com/hook", segments=[segment.pk], by=operator()
    )
    past = backtest.begin(title="Before", rule=segment.rule, by=operator(), now=now, segment=segment)
    return {
        "segments": segment.pk,
        "of": customer("alice").pk,
        "runs": Run.objects.latest("pk").pk,
        "webhooks": endpoint.pk,
        "backtests": past.pk,
    }


def _of_users(now: datetime) -> dict[str, object]:
    """What the pages of customers, goods, sources and files want to show."""
    by, search = operator(), AcquisitionChannel.objects.get(slug="search")
    connection, _secret = shop_connections.connect(
        kind=ShopKind.WOOCOMMERCE, name="Shop", source="woo", secret="", client_id="", shares_ids=False, by=by
    )
    draft = SourceDraft("Poster", search, "store", "Riverside", f"{settings.PUBLIC_URL}/")
    table = io.BytesIO(b"user id,name\nbob,Bob\n")
    file = imports.upload("customers", table, name="people.csv", size=len(table.getvalue()), by=by, now=now)
    attribute, _made = AttributeDefinition.objects.get_or_create(
        name="shoeSize", defaults={"kind": "number", "first_seen_at": now, "last_seen_at": now}
    )
    return {
        "orders": "shop/A-1",
        "products": Product.objects.get_or_create(product_id="jaz-001", defaults={"name": "Blue"})[0].pk,
        "categories": Category.objects.get_or_create(path="Jazz", defaults={"name": "Jazz"})[0].pk,
        "tags": Tag.objects.get_or_create(name="Regular")[0].pk,
        "imports": file.pk,
        "connections": connection.pk,
        "channels": search.pk,
        "sources": create_source("poster", draft, by=by).pk,
        "attributes": attribute.pk,
        "privacy": _erased(now),
    }


def _erased(now: datetime) -> int:
    send(identify(at=now, user="gone", name="Gone"))
    return int(erase.erase(customer("gone").pk, by=operator(), now=now).pk)


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
