"""Recording events of our own: once per key, with an outbox row per handler unless they start nothing."""

from datetime import UTC, datetime

import pytest
from django.conf import settings

from users import facts, handlers
from users.models import Event, Outbox
from users.orders import OrderEvent
from users.services.events import NewEvent, record, record_many, type_id

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def two_listeners(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handlers, "_by_event", {facts.ORDER_PAID: ["test.one", "test.two"]})


@pytest.mark.django_db
def test_an_event_is_recorded_once_with_a_row_per_handler(two_listeners: None) -> None:
    paid = NewEvent(7, facts.ORDER_PAID, "order_paid:shop:1", NOON, {"net": 1200})
    record(paid, now=NOON)
    record(paid, now=NOON)
    event = Event.objects.get()
    assert (event.customer_id, event.message_id, event.type_id) == (7, paid.key, type_id(facts.ORDER_PAID))
    assert (event.occurred_at, event.confirmed, event.properties) == (NOON, True, {"net": 1200})
    assert sorted(Outbox.objects.values_list("handler", flat=True)) == ["test.one", "test.two"]


@pytest.mark.django_db
def test_history_gets_no_outbox_row(two_listeners: None) -> None:
    old = NewEvent(7, facts.ORDER_PAID, "order_paid:shop:2", NOON, starts_things=False)
    other = NewEvent(8, facts.ORDER_CANCELLED, "order_cancelled:shop:3", NOON)
    assert record_many([old, other], now=NOON) == 2
    assert Outbox.objects.count() == 0


@pytest.mark.django_db
def test_a_key_that_somebody_outside_could_use_is_refused() -> None:
    with pytest.raises(ValueError, match="OWN_KEYS"):
        record(NewEvent(7, facts.ORDER_PAID, "1234", NOON), now=NOON)


def test_every_event_that_the_code_names_is_documented() -> None:
    page = (settings.BASE_DIR / "docs" / "events.md").read_text(encoding="utf-8")
    named = {*facts.INTERNAL_EVENTS, *facts.ACTIVITY_EVENTS, *OrderEvent}
    assert [name for name in sorted(named) if f"`{name}`" not in page] == []
