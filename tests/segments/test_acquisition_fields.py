"""Fields of the first touch: what they select, and that every change behind them is seen by the next refresh."""

from typing import Any

import pytest

from config.kit import clock
from segments.services.refresh import refresh
from tests.segments.shop import ago, members, segment
from tests.users.door import customer, identify, item, send
from users.models import AcquisitionChannel, SourceCode, Storefront
from users.services import channels, sources
from users.services.sources import SourceDraft

pytestmark = pytest.mark.django_db(transaction=True)

SHOP = "https://shop.example"


def draft(**fields: Any) -> SourceDraft:
    channel = AcquisitionChannel.objects.get(slug="store")
    plain = {"name": "Poster", "owner_kind": "store", "owner": "West", "target": SHOP, "platform": "offline"}
    return SourceDraft(**{**plain, "channel": channel, **fields})


@pytest.fixture
def poster() -> SourceCode:
    """A code of the store West; alice came with it, bob through Baidu, carl says nothing."""
    Storefront.objects.create(
        name="shop", title="Shop", jwt_secret="x", allowed_origins=[SHOP], created_at=clock.now()
    )
    made = sources.create_source("west-7", draft(), by=None)
    campaign = {"campaign": {"source": "baidu", "medium": "organic", "name": "May"}}
    send(
        identify(at=ago(days=2), user="alice", sourceCode="west-7"),
        item("track", at=ago(days=2), name="Product Viewed", user="bob", context=campaign),
        identify(at=ago(days=2), user="carl"),
    )
    return made


def ids(*names: str) -> set[int]:
    return {customer(name).pk for name in names}


@pytest.mark.usefixtures("poster")
def test_each_field_selects_by_the_first_touch() -> None:
    def who(field: str, op: str, value: Any) -> set[int]:
        return members(segment({"field": field, "op": op, "value": value}))

    assert who("channel_group", "is_any_of", ["offline"]) == ids("alice")
    assert who("channel_group", "is_any_of", ["search", "offline"]) == ids("alice", "bob")
    assert who("source_owner", "equals", "West") == ids("alice")
    assert who("source_owner_kind", "is_any_of", ["store", "group"]) == ids("alice")
    assert who("source_platform", "equals", "offline") == ids("alice")
    assert who("utm_source", "equals", "baidu") == ids("bob")
    assert who("utm_medium", "equals", "organic") == ids("bob")
    assert who("utm_campaign", "equals", "May") == ids("bob")
    assert who("source_code", "equals", "west-7") == ids("alice")


def test_what_operators_change_is_seen_by_the_next_refresh(poster: SourceCode) -> None:
    east = segment({"field": "source_owner", "op": "equals", "value": "East"})
    viral = segment({"field": "channel_group", "op": "is_any_of", "value": ["viral"]})
    late = segment({"field": "source_owner", "op": "equals", "value": "Late"})
    send(identify(at=ago(days=1), user="dora", sourceCode="late-1"))
    assert (members(east), members(viral), members(late)) == (set(), set(), set())
    sources.change_source(poster.pk, draft(owner="East"), by=None)
    baidu, upper = (AcquisitionChannel.objects.get(slug=slug) for slug in ("baidu", "viral"))
    channels.change_channel(baidu.pk, name="Baidu", name_zh="百度", parent=upper, by=None)
    sources.create_source("late-1", draft(owner="Late"), by=None)
    refresh(clock.now())
    assert (members(east), members(viral), members(late)) == (ids("alice"), ids("bob"), ids("dora"))
