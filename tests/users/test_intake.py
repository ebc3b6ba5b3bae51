"""From accepted bodies to customers, events, days and topics."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from tests.clock import move_to
from tests.segments.zones import ZONES, instants_of, open_in
from tests.users.door import customer, hand_in, identify, item, send, track, visit, visitor
from users.models import (
    Customer,
    CustomerAlias,
    CustomerDay,
    DeadLetter,
    Event,
    EventType,
    Identity,
    IntakeBody,
    Outbox,
    Standing,
    Touched,
)
from users.services.intake import apply_waiting

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _today() -> None:
    move_to(NOON)


def test_an_event_of_somebody_unknown_makes_a_customer_with_figures() -> None:
    applied = send(track("Product Viewed", at=NOON - HOUR, user="alice", category="Jazz", value=12.5))
    alice = customer("alice")
    assert (applied.bodies, applied.items, applied.events, applied.parked) == (1, 1, 1, 0)
    assert alice.identified
    assert alice.first_seen_at == NOON - HOUR
    event = Event.objects.get(customer=alice, type__name="Product Viewed")
    assert (event.occurred_at, event.category, event.confirmed) == (NOON - HOUR, "Jazz", True)
    assert event.value == Decimal("12.5")
    day = CustomerDay.objects.get(customer=alice)
    assert (day.day, day.first_at, day.last_at, day.events) == (
        date(2026, 5, 20),
        NOON - HOUR,
        NOON - HOUR,
        1,
    )
    standing = Standing.objects.get(customer=alice)
    assert (standing.stage, standing.stage_at) == ("new", NOON - HOUR)
    assert standing.active_days == 1
    assert standing.next_move_at == NOON - HOUR + timedelta(days=14)
    assert not IntakeBody.objects.exists()


def test_a_repeated_message_happens_once() -> None:
    once = track("Product Viewed", at=NOON, user="alice", message_id="m")
    send(once, once)
    applied = send(once)
    assert applied.events == 0
    assert Event.objects.filter(message_id="m").count() == 1
    assert CustomerDay.objects.get().events == 1


def test_every_topic_that_changed_is_touched() -> None:
    send(
        identify(at=NOON, user="alice", name="Alice", email="alice@example.com",
                 consents=[{"channel": "email", "topic": "news", "granted": True}]),
        track("Order Completed", at=NOON, user="alice", order_id="1", total=10),
    )  # fmt: skip
    topics = set(Touched.objects.filter(customer=customer("alice")).values_list("topic", flat=True))
    assert topics == {"profile", "contact", "consent", "stage", "orders", "events"}


def test_a_visitor_who_logs_in_keeps_the_history() -> None:
    send(visit(at=NOON - HOUR, anonymous="phone-1"))
    before = visitor("phone-1")
    send(identify(at=NOON, anonymous="phone-1", user="alice"))
    alice = customer("alice")
    assert alice.pk == before.pk
    assert Event.objects.filter(customer=alice, type__name="Page Viewed").count() == 1


def test_a_second_device_is_joined() -> None:
    send(visit(at=NOON - HOUR, user="alice"))
    send(visit(at=NOON - 2 * DAY, anonymous="phone-2"))
    absorbed = visitor("phone-2").pk
    send(identify(at=NOON, anonymous="phone-2", user="alice"))
    alice = customer("alice")
    assert visitor("phone-2") == alice
    assert not Customer.objects.filter(pk=absorbed).exists()
    assert CustomerAlias.objects.get(old_id=absorbed).customer_id == alice.pk
    assert Event.objects.filter(customer=alice, type__name="Page Viewed").count() == 2
    standing = Standing.objects.get(customer=alice)
    assert (standing.first_activity_at, standing.active_days) == (NOON - 2 * DAY, 2)
    assert standing.stage_at == NOON - 2 * DAY


def test_two_known_users_on_one_device_stay_two() -> None:
    send(visit(at=NOON - HOUR, anonymous="tablet", user="alice"))
    send(visit(at=NOON, anonymous="tablet", user="bob"))
    send(visit(at=NOON + timedelta(minutes=1), anonymous="tablet"))
    alice, bob = customer("alice"), customer("bob")
    assert alice.pk != bob.pk
    assert visitor("tablet") == alice
    assert Event.objects.filter(customer=alice, type__name="Page Viewed").count() == 2
    assert Event.objects.filter(customer=bob, type__name="Page Viewed").count() == 1


def test_alias_joins_a_visitor_but_never_a_user() -> None:
    send(visit(at=NOON - HOUR, anonymous="phone-3"), visit(at=NOON, user="bob"))
    send(item("alias", at=NOON, user="alice", previous="phone-3"))
    send(item("alias", at=NOON, user="alice", previous="bob"))
    assert visitor("phone-3") == customer("alice")
    assert customer("bob").pk != customer("alice").pk


def test_a_server_keys_email_recognises_a_visitor_and_a_write_keys_does_not() -> None:
    send(identify(at=NOON, user="alice", email="Alice@Example.com"))
    send(identify(at=NOON, anonymous="a1", email="alice@example.com"), confirmed=False)
    assert visitor("a1") != customer("alice")
    send(identify(at=NOON, anonymous="a2", email="alice@example.com"))
    assert visitor("a2") == customer("alice")


def test_a_poison_item_is_parked_and_its_neighbours_go_on() -> None:
    poison = visit(at=NOON, user="mallory")
    poison["occurred_at"] = "no time"
    hand_in(visit(at=NOON, user="alice"), poison, visit(at=NOON, user="bob"))
    hand_in(visit(at=NOON, user="carol"))
    applied = apply_waiting()
    assert (applied.items, applied.parked) == (4, 1)
    assert set(Customer.objects.values_list("user_id", flat=True)) == {"alice", "bob", "carol"}
    letter = DeadLetter.objects.get()
    assert letter.code == "cannot_be_applied"
    assert '"mallory"' in letter.item


@pytest.mark.parametrize("items", ["not JSON", "{}", "[1]", "[]"])
def test_a_body_that_is_no_list_of_items_is_parked_whole(items: str) -> None:
    IntakeBody.objects.create(received_at=NOON, confirmed=True, items=items)
    hand_in(visit(at=NOON, user="alice"))
    apply_waiting()
    assert not IntakeBody.objects.exists()
    assert Customer.objects.get().user_id == "alice"
    assert DeadLetter.objects.count() == (items != "[]")


def test_what_is_ours_is_refused() -> None:
    applied = send(
        track("order_paid", at=NOON, user="mallory"),
        track("Anything", at=NOON, user="mallory", message_id="order_refunded:shop:1:r1"),
        visit(at=NOON, user="mallory"),
    )
    assert applied.parked == 2
    assert set(DeadLetter.objects.values_list("code", "field")) == {
        ("reserved_event", "event"),
        ("reserved_message_id", "messageId"),
    }


def test_an_unknown_event_name_becomes_a_type_that_is_no_activity() -> None:
    send(track("Catalogue Requested", at=NOON, user="alice"))
    assert EventType.objects.get(name="Catalogue Requested").is_activity is False
    assert Standing.objects.get().stage == "prospect"
    assert not CustomerDay.objects.exists()


def test_a_day_is_a_day_of_the_shop_zone() -> None:
    before_midnight = datetime(2026, 2, 28, 15, 59, 59, tzinfo=UTC)  # 23:59:59 in Shanghai
    send(
        visit(at=before_midnight, user="alice"),
        visit(at=before_midnight + timedelta(seconds=1), user="alice"),
        visit(at=datetime(2024, 2, 28, 16, 0, tzinfo=UTC), user="leap"),
    )
    assert list(CustomerDay.objects.filter(customer=customer("alice")).values_list("day", flat=True)) == [
        date(2026, 2, 28),
        date(2026, 3, 1),
    ]
    assert CustomerDay.objects.get(customer=customer("leap")).day == date(2024, 2, 29)


@pytest.mark.parametrize("zone", ZONES)
def test_days_where_the_clock_turns(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Summer time, leap days, year's end, a day left out: each event is on the day that a calendar there shows."""
    open_in(zone, monkeypatch)
    move_to(NOON + 365 * DAY)
    instants = instants_of(zone)
    send(*(visit(at=instant, user="alice") for instant in instants))
    counted = CustomerDay.objects.filter(customer=customer("alice")).values_list("day", "events")
    assert dict(counted) == Counter(instant.astimezone(ZoneInfo(zone)).date() for instant in instants)


def test_history_queues_nothing_and_moves_figures() -> None:
    send(
        *(
            track("Order Completed", at=NOON - n * 30 * DAY, user="alice", order_id=str(n), total=10)
            for n in range(36)
        ),
        is_history=True,
    )
    assert Outbox.objects.count() == 0
    assert not Event.objects.filter(type__name="stage_changed").exists()
    standing = Standing.objects.get()
    assert (standing.orders, standing.revenue) == (36, 36_000)
    assert standing.first_activity_at == NOON - 35 * 30 * DAY


def test_identities_are_kept_once() -> None:
    send(visit(at=NOON, anonymous="a", user="alice"), visit(at=NOON, anonymous="a"))
    assert sorted(Identity.objects.values_list("kind", "value")) == [
        ("anonymous_id", "a"),
        ("user_id", "alice"),
    ]
