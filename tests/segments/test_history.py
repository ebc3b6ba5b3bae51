"""What is told afterwards (imports, what came a day late) moves memberships and starts nothing."""

from datetime import timedelta

import pytest

import users.handlers
from config.kit import clock
from segments.models import MembershipChange, Segment
from segments.services.refresh import refresh
from tests.segments.shop import ago, members, segment
from tests.users.door import customer, identify, send, track
from users import facts
from users.models import Outbox
from users.services.long_jobs import run_due
from users.services.stages import accept_rule

pytestmark = pytest.mark.django_db(transaction=True)

VIEWED = {"event": "Product Viewed", "op": "did", "in_last_days": 60}
BUYERS = {"field": "orders", "op": "at_least", "value": 1}
DORMANT = {"field": "stage", "op": "is_any_of", "value": ["dormant"]}


@pytest.fixture
def _listener(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody above listens to comings and goings."""
    for event in (facts.SEGMENT_ENTERED, facts.SEGMENT_LEFT):
        monkeypatch.setitem(users.handlers._by_event, event, ["tests.listener"])


def causes(of: Segment) -> list[tuple[bool, str]]:
    rows = MembershipChange.objects.filter(segment=of).order_by("run_id")
    return list(rows.values_list("entered", "cause"))


def bought(number: str, days: float) -> dict[str, object]:
    return track(
        "Order Completed", at=ago(days=days), user="alice", order_id=number, total=20, currency="USD"
    )


@pytest.mark.usefixtures("_listener")
def test_an_import_enters_segments_and_starts_nothing() -> None:
    viewed, buyers = segment(VIEWED), segment(BUYERS)
    send(
        identify(at=ago(days=50), user="alice", name="Alice"),
        track("Product Viewed", at=ago(days=40), user="alice"),
        bought("A-1", 39),
        is_history=True,
    )
    refresh()
    alice = customer("alice").pk
    assert (members(viewed), members(buyers)) == ({alice}, {alice})
    assert (causes(viewed), causes(buyers)) == ([(True, "history")], [(True, "history")])
    assert not Outbox.objects.filter(handler="tests.listener").exists()


@pytest.mark.usefixtures("_listener")
def test_what_came_a_day_late_starts_nothing_and_what_happens_now_does() -> None:
    viewed = segment(VIEWED)
    send(identify(at=ago(days=50), user="alice"), identify(at=ago(days=50), user="bob"))
    refresh()
    send(track("Product Viewed", at=ago(hours=25), user="alice"))
    refresh()
    assert causes(viewed) == [(True, "history")]
    send(track("Product Viewed", at=ago(hours=23), user="bob"))
    refresh()
    assert causes(viewed) == [(True, "history"), (True, "event")]
    assert Outbox.objects.filter(handler="tests.listener").count() == 1


def test_a_live_event_beside_a_late_one_counts_as_live() -> None:
    viewed = segment(VIEWED)
    send(
        track("Product Viewed", at=ago(days=9), user="alice"),
        track("Product Viewed", at=ago(hours=1), user="alice"),
    )
    refresh()
    assert causes(viewed) == [(True, "event")]


def test_an_old_order_told_live_starts_nothing() -> None:
    buyers = segment(BUYERS)
    send(bought("A-1", 3))
    refresh()
    assert causes(buyers) == [(True, "history")]
    send(track("Order Completed", at=ago(hours=1), user="bob", order_id="B-1", total=5, currency="USD"))
    refresh()
    assert causes(buyers) == [(True, "history"), (True, "event")]


def test_new_thresholds_start_nothing() -> None:
    send(track("Product Viewed", at=ago(days=20), user="alice"))
    dormant = segment(DORMANT)
    accept_rule(new_for=5, dormant_after=10, churned_after=50, returning_for=30, by=None)
    run_due()
    refresh(clock.now() + timedelta(seconds=1))
    assert members(dormant) == {customer("alice").pk}
    assert causes(dormant) == [(True, "history")]
