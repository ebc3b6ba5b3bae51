"""A rule that asks for what is gone: the segment says so and stops, sends refuse it, what rests on it says why."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import translation

from campaigns.services import campaigns
from config.kit import clock
from config.kit.refusal import Refusal
from segments import registry
from segments.freshness import Look
from segments.models import Segment, SegmentState
from segments.registry import Field, Retired
from segments.rules.kinds import TEXT
from segments.services.membership import is_fresh
from segments.services.rebuild import rebuild_waiting
from segments.services.refresh import refresh
from segments.services.segments import compute_again, edit_segment
from tests.campaigns.audience import draft
from tests.operators import logged_in
from tests.segments.shop import customer, members, rule, segment
from users.seed import seed
from users.topics import TouchTopic

pytestmark = pytest.mark.django_db(transaction=True)

SHOE = Field("shoe_size", "shoe size", "Test", TEXT, TouchTopic.PROFILE, value="city")


@pytest.fixture
def lent() -> Iterator[None]:
    """A field that this test lends and takes back."""
    registry.register(SHOE)
    yield
    registry.fields._entries.pop("shoe_size", None)
    registry.retired._entries.pop("shoe_size", None)


def take_back(instead: str = "") -> None:
    registry.fields._entries.pop("shoe_size")
    registry.retire(Retired("shoe_size", "shoe size", instead))


def trouble_of(one: Segment, later: timedelta = timedelta()) -> str:
    return Look(clock.now() + later).condition(one).sentence


def again(*segments: Segment) -> None:
    for one in segments:
        one.refresh_from_db()


def test_the_segment_stops_and_says_what_it_asked_for_and_what_to_do(lent: None) -> None:
    seed()
    who = customer(city="41")
    upon = segment({"field": "shoe_size", "op": "equals", "value": "41"}, name="Large feet")
    above = segment({"segment": upon.pk, "op": "in"}, name="Above")
    other = segment({"field": "city", "op": "equals", "value": "41"}, name="Other")
    campaign = draft(upon, "To large feet")
    take_back("the attribute “shoe”")
    for _round in range(2):
        newcomer = customer(city="41")
        refresh()
        rebuild_waiting()
    again(upon, above, other)
    assert (upon.state, members(upon)) == (SegmentState.RETIRED, {who.pk})
    assert trouble_of(upon) == (
        "It has stopped: “shoe size” is no longer offered; ask for the attribute “shoe” instead."
        " Edit the rule; then it is computed anew."
    )
    assert newcomer.pk in members(other)
    assert not is_fresh(above, clock.now() + timedelta(minutes=3))
    assert trouble_of(above, timedelta(minutes=3)) == (
        "It refers to the segment “Large feet”, which is not up to date. Put that one right; this one follows."
    )
    with pytest.raises(Refusal) as refused:
        campaigns.start(campaign.pk, by=None, now=clock.now())
    assert refused.value.code == "stale_segment"
    assert "“shoe size” is no longer offered" in refused.value.message
    with translation.override("zh-hans"):
        assert trouble_of(upon).startswith("已停止：“shoe size”不再提供")


def test_it_stays_stopped_until_its_rule_is_edited(lent: None) -> None:
    customer(city="41")
    upon = segment({"field": "shoe_size", "op": "equals", "value": "41"}, name="Large feet")
    above = segment({"segment": upon.pk, "op": "in"}, name="Above")
    take_back()
    refresh()
    rebuild_waiting()
    Segment.objects.filter(state=SegmentState.FAILED).update(
        state=SegmentState.NEEDS_REBUILD
    )  # as the night does
    rebuild_waiting()
    again(upon)
    assert upon.state == SegmentState.RETIRED
    edit_segment(upon, by=None, rule=rule({"field": "city", "op": "equals", "value": "41"}))
    rebuild_waiting()
    refresh()
    again(upon, above)
    assert (upon.state, above.state) == (SegmentState.LIVE, SegmentState.LIVE)
    assert is_fresh(above, clock.now())
    assert (trouble_of(upon), trouble_of(above)) == ("", "")


def test_a_field_that_comes_back_needs_no_edit(lent: None) -> None:
    upon = segment({"field": "shoe_size", "op": "equals", "value": "41"}, name="Large feet")
    take_back()
    refresh()
    rebuild_waiting()
    registry.retired._entries.pop("shoe_size")
    registry.register(SHOE)
    again(upon)
    assert trouble_of(upon) == "It had stopped, and its rule can be read again. Have it computed again."
    compute_again(upon, by=None)
    rebuild_waiting()
    again(upon)
    assert upon.state == SegmentState.LIVE


@pytest.mark.parametrize(
    "condition",
    [
        {"field": "gone", "op": "is_known"},
        {"field": "city", "op": "gone"},
        {"field": "stage", "op": "is_any_of", "value": ["gone"]},
        {"collection": "gone", "op": "has_any_of", "value": ["x"]},
        {"happened": "gone", "op": "did"},
        {"happened": "orders", "op": "did", "where": [{"property": "gone", "op": "is_known"}]},
        {"happened": "orders", "op": "gone"},
        {"segment": 999_999, "op": "in"},
        {"gone": 1},
    ],
)
def test_whatever_is_gone_stops_the_segment_and_every_page_still_opens(condition: dict[str, Any]) -> None:
    found = segment({"field": "city", "op": "is_known"})
    Segment.objects.filter(pk=found.pk).update(rule=rule(condition), state=SegmentState.NEEDS_REBUILD)
    rebuild_waiting()
    again(found)
    assert found.state == SegmentState.RETIRED
    assert trouble_of(found).startswith("It has stopped: ")
    client, who = logged_in(), customer()
    for path in ("", "edit/"):
        page = client.get(f"/admin/segments/{found.pk}/{path}", follow=True)
        assert page.status_code == 200, path
    why = client.get(f"/admin/segments/{found.pk}/why/{who.pk}/")
    assert why.status_code in (200, 400)  # a refusal in words where there is nothing to explain
    assert client.get("/admin/segments/").status_code == 200
