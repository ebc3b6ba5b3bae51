"""The demo's source codes and costs: every kind of owner, labelled, once however often they are loaded."""

from datetime import timedelta

import pytest

from config.kit import clock
from tests.users.door import identify, send
from users import shop
from users.models import AcquisitionChannel, ChannelCost, FirstTouch, OwnerKind, SourceCode, SourceTouch
from users.services import api_keys
from users.services.demo.codes import SOURCES, campaign_of, told_with
from users.services.demo.names import CHANNELS
from users.services.demo.sources import COSTS_DAYS, load_sources, load_visits

pytestmark = pytest.mark.django_db(transaction=True)


def test_codes_costs_and_visits_are_invented_labelled_and_loaded_once() -> None:
    api_keys.forget_all()
    now = clock.now()
    for _ in range(2):
        load_sources(now, lambda done, total: None)
    assert set(SourceCode.objects.values_list("owner_kind", flat=True)) == set(OwnerKind.values)
    assert set(SourceCode.objects.values_list("is_invented", flat=True)) == {True}
    assert set(ChannelCost.objects.values_list("is_invented", flat=True)) == {True}
    days = ChannelCost.objects.order_by("day").values_list("day", flat=True)
    assert (days[len(days) - 1] - days[0]).days > COSTS_DAYS - 10
    assert shop.margin() is not None
    at = now - timedelta(days=3)
    send(*(identify(at=at, user=f"u{n}", sourceCode=one.code) for n, one in enumerate(SOURCES)))
    assert FirstTouch.objects.filter(source=None).count() == 0
    for _ in range(2):
        load_visits(now, lambda done, total: None)
    at_the_door = SourceTouch.objects.filter(at__gte=now)
    assert at_the_door.count() == 2 * len(SOURCES)
    assert 0 < at_the_door.filter(by_bot=True).count() < len(SOURCES)
    assert SourceTouch.objects.count() == 6 * len(SOURCES)


def test_every_code_belongs_to_a_channel_that_people_come_through() -> None:
    known = set(AcquisitionChannel.objects.values_list("slug", flat=True))
    assert {one.channel for one in SOURCES} <= {slug for slug, _platform, _weight in CHANNELS} <= known
    came = {told_with(number, one.channel).get("sourceCode") for number in range(300) for one in SOURCES}
    assert came == {one.code for one in SOURCES} | {None}
    assert campaign_of("dy-night") == {"source": "douyin", "name": "night"}
    assert campaign_of("") == campaign_of("store-west") == {}
