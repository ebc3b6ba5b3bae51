"""Handing events to handlers: once, in order, behind a savepoint, later and later, parked in the end."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.clock import move, move_to
from tests.users.door import customer, send, track, visit
from users import facts, handlers
from users.handlers import Fact, Handler
from users.models import EventType, Outbox, Tag
from users.services.joining import join
from users.services.relay import MOST_ATTEMPTS, relay

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)


class Ears:
    """A handler that remembers what it heard, and fails while ``broken``."""

    def __init__(self) -> None:
        self.heard: list[Fact] = []
        self.broken = False

    def __call__(self, fact: Fact) -> None:
        Tag.objects.create(name=f"heard {fact.message_id}")
        if self.broken:
            raise RuntimeError("out of order")
        self.heard.append(fact)


@pytest.fixture
def ears(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ears]:
    """A handler of orders and of "Catalogue Requested", there for one test."""
    ears = Ears()
    move_to(NOON)
    events = ("Catalogue Requested", "order_paid", "order_refunded")
    monkeypatch.setitem(handlers.handlers._entries, "test.ears", Handler("test.ears", events, ears))
    for event in events:
        monkeypatch.setitem(handlers._by_event, event, ["test.ears"])
    yield ears


def test_an_event_reaches_its_handler_once(ears: Ears) -> None:
    asked = track("Catalogue Requested", at=NOON, user="alice", message_id="m", page=3)
    send(asked)
    send(asked)
    assert relay() == 1
    assert relay() == 0
    (fact,) = ears.heard
    assert (fact.customer_id, fact.message_id, fact.name) == (
        customer("alice").pk,
        "m",
        "Catalogue Requested",
    )
    assert (fact.occurred_at, fact.confirmed, fact.properties) == (NOON, True, {"page": 3})
    assert not Outbox.objects.exists()


def test_paid_comes_before_refunded(ears: Ears) -> None:
    send(
        track("Order Completed", at=NOON, user="alice", order_id="1", total=10),
        track("Order Refunded", at=NOON, user="alice", order_id="1", refund_id="r", amount=4),
    )
    relay()
    assert [fact.name for fact in ears.heard] == ["order_paid", "order_refunded"]
    paid, refunded = (fact.properties for fact in ears.heard)
    assert (paid["net"], refunded["net_after"]) == (1_000, 600)


def test_the_old_and_the_imported_reach_nobody(ears: Ears) -> None:
    send(track("Catalogue Requested", at=NOON - timedelta(hours=25), user="alice"))
    send(track("Catalogue Requested", at=NOON, user="alice"), is_history=True)
    assert not Outbox.objects.exists()


def test_a_failing_handler_undoes_its_own_work_and_is_tried_later(ears: Ears) -> None:
    send(track("Catalogue Requested", at=NOON, user="alice", message_id="m"))
    ears.broken = True
    assert relay() == 0
    row = Outbox.objects.get()
    assert (row.attempts, row.parked_at, row.error) == (1, None, "RuntimeError: out of order")
    assert row.due_at > NOON + timedelta(seconds=9)
    assert not Tag.objects.exists()
    ears.broken = False
    assert relay() == 0
    move(timedelta(seconds=11))
    assert relay() == 1
    assert Tag.objects.get().name == "heard m"


def test_what_keeps_failing_is_parked_with_its_reason(ears: Ears) -> None:
    send(track("Catalogue Requested", at=NOON, user="alice"))
    ears.broken = True
    for _ in range(MOST_ATTEMPTS):
        relay()
        move(timedelta(hours=2))
    row = Outbox.objects.get()
    assert (row.attempts, row.parked_at is not None) == (MOST_ATTEMPTS, True)
    assert relay() == 0


def test_a_handler_that_is_gone_parks_its_rows(ears: Ears) -> None:
    send(track("Catalogue Requested", at=NOON, user="alice"))
    Outbox.objects.update(handler="test.gone")
    relay()
    assert "test.gone" in Outbox.objects.get().error


def test_rows_of_a_joined_customer_lead_to_the_survivor(ears: Ears) -> None:
    send(track("Catalogue Requested", at=NOON, user="alice"), visit(at=NOON, user="bob"))
    join(customer("bob").pk, customer("alice").pk, now=NOON, cause="hand")
    relay()
    (fact,) = ears.heard
    assert fact.customer_id == customer("bob").pk


def test_the_event_types_in_the_code_are_seeded() -> None:
    seeded = set(EventType.objects.values_list("name", flat=True))
    assert seeded >= {*facts.INTERNAL_EVENTS, *facts.ACTIVITY_EVENTS}
