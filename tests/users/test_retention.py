"""What has been kept long enough goes, in chunks, with what rules read touched; the rest stays."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured

from tests.clock import move_to
from tests.settling import apply_everything
from tests.users.door import customer, send, track, visit, visitor
from users.keeping import kinds
from users.models import (
    AuditEntry,
    Consent,
    Customer,
    CustomerDay,
    DeadLetter,
    Event,
    Order,
    ShopSetting,
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
