"""What has been kept long enough goes, in chunks, with what rules read touched; the rest stays."""

import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured

from campaigns.models import Delivery
from feedback.models import Conversation, Message
from tests.clock import move_to
from tests.settling import apply_everything
from tests.users.door import customer, identify, send, track, visit, visitor
from users.keeping import kinds
from users.models import (
    AcquisitionChannel,
    AuditEntry,
    Consent,
    Customer,
    CustomerDay,
    DeadLetter,
    Event,
    Order,
    ShopConnection,
    ShopDelivery,
    ShopSetting,
    SourceCode,
    SourceTouch,
    Topic,
    Touched,
)
from users.services import retention
from users.topics import TouchTopic

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _today(tmp_path: Path, settings: Any) -> None:
    settings.DATA_DIR = tmp_path
    settings.SINK_DIR = tmp_path / "sink"
    move_to(NOON)


def days(name: str, value: int) -> None:
    ShopSetting.objects.update_or_create(name=kinds[name].days.name, defaults={"value": value})


def test_silent_visitors_go_and_customers_stay() -> None:
    send(
        visit(at=NOON - 800 * DAY, anonymous="old"),
        visit(at=NOON - 800 * DAY, anonymous="came-back"),
        visit(at=NOON - 10 * DAY, anonymous="came-back"),
        visit(at=NOON - 800 * DAY, user="alice"),
        track("Order Completed", at=NOON - 800 * DAY, anonymous="bought", order_id="1", total=10),
    )
    apply_everything()
    gone = visitor("old").pk
    assert kinds["visitors"].due(NOON - 730 * DAY, 100) == 1
    assert retention.remove_due(NOON)["visitors"] == 1
    assert not Customer.objects.filter(pk=gone).exists()
    assert not Event.objects.filter(customer=gone).exists()
    assert not CustomerDay.objects.filter(customer=gone).exists()
    assert Customer.objects.count() == 3
    assert Order.objects.count() == 1
    assert AuditEntry.objects.get(act="retention.remove").after == {"visitors": 1}
    send(visit(at=NOON, anonymous="old"))
    assert visitor("old").pk != gone


def test_old_events_go_their_days_stay_and_rules_are_asked_again() -> None:
    send(
        visit(at=NOON - 400 * DAY, user="alice"),
        visit(at=NOON - DAY, user="alice"),
        visit(at=NOON, user="bob"),
    )
    Touched.objects.all().delete()
    assert retention.remove_due(NOON)["events"] == 0  # for ever, unless somebody says otherwise
    days("events", 365)
    before = Event.objects.count()
    old = Event.objects.filter(occurred_at__lt=NOON - 365 * DAY).count()
    assert kinds["events"].due(NOON - 365 * DAY, 1) == 1
    assert retention.remove_due(NOON)["events"] == old >= 1
    assert Event.objects.count() == before - old
    assert CustomerDay.objects.filter(customer=customer("alice")).count() == 2
    touched = set(Touched.objects.values_list("customer_id", "topic", "is_history"))
    assert touched == {(customer("alice").pk, TouchTopic.EVENTS.value, True)}


def test_a_kind_goes_in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "CHUNK", 2)
    DeadLetter.objects.bulk_create(
        DeadLetter(received_at=NOON, parked_at=NOON - n * DAY, confirmed=True, code="x", item="{}")
        for n in (1, 89, 91, 92, 93, 94, 95)
    )
    assert kinds["letters"].due(NOON - 90 * DAY, 3) == 3
    assert retention.remove_due(NOON)["letters"] == 5
    assert DeadLetter.objects.count() == 2


def test_addresses_in_consents_go_and_the_answer_stays() -> None:
    send(visit(at=NOON, user="alice"))
    topic = Topic.objects.first()
    Consent.objects.bulk_create(
        Consent(customer=customer("alice"), key=f"k{age}", channel="email", topic=topic, granted=True,
                given_at=NOON, recorded_at=NOON - age * DAY, source="x", ip="203.0.113.7", is_current=False)
        for age in (729, 731)
    )  # fmt: skip
    assert retention.remove_due(NOON)["ips"] == 1
    assert list(Consent.objects.order_by("key").values_list("key", "ip")) == [
        ("k729", "203.0.113.7"),
        ("k731", None),
    ]


def test_old_mail_of_the_demo_goes() -> None:
    folder = Path(configured.SINK_DIR) / "mail"
    folder.mkdir(parents=True)
    for age in (29, 31):
        (folder / f"{int((NOON - age * DAY).timestamp()) * 10**9:020d}-1-0.eml").write_text("x")
    assert retention.remove_due(NOON)["mail"] == 1
    assert len(list(folder.iterdir())) == 1


def test_visits_through_links_and_deliveries_of_shops_have_their_time() -> None:
    store = AcquisitionChannel.objects.get(slug="store")
    source = SourceCode.objects.create(
        code="west", name="West", channel=store, owner_kind="store", owner="W", target="http://localhost/",
        created_at=NOON,
    )  # fmt: skip
    for age in (731, 729):
        SourceTouch.objects.create(source=source, visitor=uuid.uuid4(), at=NOON - age * DAY)
    shop = ShopConnection.objects.create(
        kind="shopify", name="S", source="web", token="t", secret="s", created_at=NOON
    )
    for number, (age, state) in enumerate(((31, "taken"), (29, "taken"), (31, "dead"), (91, "dead"))):
        ShopDelivery.objects.create(
            connection=shop, key=str(number), topic="x", received_at=NOON - age * DAY, body=b"x", state=state
        )
    assert kinds["source_touches"].due(NOON - 730 * DAY, 100) == 1
    removed = retention.remove_due(NOON)
    assert (removed["source_touches"], removed["shop_deliveries"], removed["dead_shop_deliveries"]) == (
        1,
        1,
        1,
    )
    assert SourceTouch.objects.get().at == NOON - 729 * DAY
    assert set(ShopDelivery.objects.values_list("key", flat=True)) == {"1", "2"}


def test_solved_conversations_go_and_messages_sent_forget_their_address() -> None:
    send(identify(at=NOON, user="alice"))
    who = customer("alice")
    for name, state, age in (
        ("old", "solved", 1_100),
        ("open", "waiting", 1_100),
        ("young", "solved", 1_000),
    ):
        told = uuid.uuid4()
        at = NOON - age * DAY
        Conversation.objects.create(
            customer=who, key=told, subject=name, kind="question", origin="web", state=state, opened_at=at,
            last_message_at=at,
        )  # fmt: skip
        Message.objects.create(
            customer=who, conversation_key=told, key="1", from_customer=True, text=name, at=at
        )
    for occasion, state, age in (("a", "sent", 800), ("b", "sent", 100), ("c", "queued", 800)):
        Delivery.objects.create(
            customer=who, step_id=1, occasion=occasion, run_id=1, state=state, channel="email", priority=1,
            contact="a@example.org", variables={"x": 1}, due_at=NOON - age * DAY,
            settled_at=NOON - age * DAY if state == "sent" else None,
        )  # fmt: skip
    removed = retention.remove_due(NOON)
    assert (removed["conversations"], removed["deliveries"]) == (1, 1)
    assert set(Conversation.objects.values_list("subject", flat=True)) == {"open", "young"}
    assert set(Message.objects.values_list("text", flat=True)) == {"open", "young"}
    kept = {one.occasion: (one.contact, one.variables) for one in Delivery.objects.all()}
    assert kept == {"a": ("", None), "b": ("a@example.org", {"x": 1}), "c": ("a@example.org", {"x": 1})}
    assert retention.remove_due(NOON)["deliveries"] == 0
