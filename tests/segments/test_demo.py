"""The segments of the demo shop: made once, with their history, lists, halves and names."""

from urllib.parse import urlsplit

import pytest
from django.utils import translation
from pytest_django.fixtures import Settings as SettingsWrapper

from config.kit import clock
from segments.demo_parts import WITH_A_PAST, load_lists, load_segments
from segments.models import MembershipChange, Segment, SegmentRun, SegmentState
from tests.segments.shop import ago, customer, order
from users.seed import seed

pytestmark = pytest.mark.django_db(transaction=True)


def _unwatched(done: int, total: int) -> None:
    """Nobody looks how far it is."""


def test_the_parts_are_loaded_once_with_a_past_and_names(
    settings: SettingsWrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segments.demo_parts.PAST_DAYS", 4)
    settings.HTTP_ALLOWED = {urlsplit(settings.SINK_HOOK_URL).netloc}
    seed()
    for number in range(4):
        who = customer(name=f"Buyer {number}", orders=6, identified=True, first_seen_at=ago(days=60))
        order(who, ago(days=20), 1000)
    for _again in range(2):
        load_segments(clock.now(), _unwatched)
        load_lists(clock.now(), _unwatched)
    assert not Segment.objects.exclude(state=SegmentState.LIVE).exists()
    told = SegmentRun.objects.filter(segment__preset="left_cart", run__kind="rebuild")
    assert told.count() == 4 + 1
    assert set(Segment.objects.filter(preset__in=WITH_A_PAST).values_list("preset", flat=True)) == set(
        WITH_A_PAST
    )
    assert not MembershipChange.objects.filter(cause__in=("event", "clock")).exists()
    sizes = dict(Segment.objects.filter(preset__startswith="demo_").values_list("preset", "size"))
    assert (sizes["demo_guests"], sizes["demo_buyers"], sizes["demo_guests_bought"]) == (4, 4, 4)
    assert sizes["demo_postcard_a"] == sizes["demo_postcard_b"] == 2
    with translation.override("zh-hans"):
        names = {one.preset: one.title for one in Segment.objects.filter(preset__startswith="demo_")}
    assert names["demo_guests"] == "店庆嘉宾"
    assert names["demo_postcard_b"] == "明信片测试 B"
