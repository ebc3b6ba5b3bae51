"""Erasing finds a person however a shop or a form has written who it is."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest

from tests.clock import move_to
from tests.settling import apply_everything
from tests.users.door import customer, identify, send, visitor
from tests.users.hooks.payloads import connection, deliver, shopify_order
from users.models import AuditEntry, DeadLetter, IdempotencyRecord, IntakeBody, Order, ShopDelivery
from users.services import audit, erase, joining

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _today(tmp_path: Path, settings: Any) -> None:
    settings.DATA_DIR = tmp_path
    settings.SINK_DIR = tmp_path / "sink"
    move_to(NOON)


SPELT: dict[str, Any] = {
    "capitals": lambda told: {"email": told["email"].upper()},
    "a national number": lambda told: {"billing": {"phone": "13987654321"}},
    "a number with blanks": lambda told: {"billing": {"phone": "139 8765 4321"}},
    "a name": lambda told: {"note": f"for {told['name']}"},
    "the user id": lambda told: {"customer": {"id": told["user"]}},
}


@pytest.mark.parametrize("spelling", SPELT)
@pytest.mark.parametrize("escaped", ["no", "json", "percent"])
def test_bodies_of_shops_name_people_in_many_ways(spelling: str, escaped: str) -> None:
    told = {"user": "customer-1234567", "email": "mei.lin@example.com", "name": "林美美子小姐"}
    send(identify(at=NOON - DAY, phone="+8613987654321", **told))
    send(identify(at=NOON - DAY, user="bob", email="bob@example.com", phone="+8613900000000"))
    shop = connection()
    for key, said in (("mei", SPELT[spelling](told)), ("bob", {"email": "bob@example.com", "\\": "林"})):
        raw = json.dumps(said, ensure_ascii=escaped == "json").encode()
        raw = quote_plus(raw).encode() if escaped == "percent" else raw
        ShopDelivery.objects.create(
            connection=shop, key=key, topic="?", received_at=NOON, body=raw, state="dead"
        )
    erase.erase(customer("customer-1234567").pk, by=None, now=NOON)
    assert list(ShopDelivery.objects.values_list("key", flat=True)) == ["bob"]


def test_a_guest_of_a_shop_is_found_in_its_deliveries() -> None:
    """The delivery names nothing that we know of the guest; whose order it tells says it all."""
    deliver(connection(), "orders/create", shopify_order(customer=None, email="", note="for Aunt Li"))
    apply_everything()
    guest = Order.objects.get().customer
    erase.erase(guest.pk, by=None, now=NOON)
    assert not ShopDelivery.objects.exists()


@pytest.mark.parametrize("written", ["MEI.Lin@Example.COM", "139 8765 4321", "13987654321"])
def test_texts_that_wait_name_people_as_they_write_themselves(written: str) -> None:
    send(
        identify(at=NOON - DAY, user="mei", email="mei.lin@example.com", phone="+8613987654321"),
        identify(at=NOON - DAY, user="MEI"),
    )
    said = {"anonymous_id": "a", "name": "Product Viewed", "properties": {"contact": written}}
    other = {"user_id": "MEI", "name": "Product Viewed", "properties": {}}
    IntakeBody.objects.create(received_at=NOON, confirmed=True, items=json.dumps([said, other]))
    for item in (said, other):
        DeadLetter.objects.create(
            received_at=NOON, parked_at=NOON, confirmed=True, code="x", item=json.dumps(item)
        )
    erase.erase(customer("mei").pk, by=None, now=NOON)
    assert [json.loads(body.items) for body in IntakeBody.objects.all()] == [[other]]
    assert [json.loads(letter.item) for letter in DeadLetter.objects.all()] == [other]


def test_acts_on_a_number_that_was_joined_away_forget_what_they_quoted() -> None:
    """What was noted of the visitor she was, before anybody knew, goes with her: found by the old number only."""
    send(identify(at=NOON - DAY, anonymous="device", name="Mei"), identify(at=NOON - DAY, user="mei"))
    old = visitor("device")
    audit.record("customer.edit", by=None, target=old, before={"city": "Ulm"}, after={"city": "Bonn"})
    IdempotencyRecord.objects.create(
        caller=f"shopper:{old.pk}",
        key="k",
        request_digest="x",
        status=200,
        answer={"city": "Bonn"},
        created_at=NOON,
    )
    joining.join(customer("mei").pk, old.pk, now=NOON, cause="hand")
    erase.erase(customer("mei").pk, by=None, now=NOON)
    entry = AuditEntry.objects.get(act="customer.edit")
    assert (entry.target_name, entry.before, entry.after) == ("", None, None)
    assert not IdempotencyRecord.objects.exists()


@pytest.mark.parametrize("escaped", [True, False])
def test_a_short_id_is_found_as_it_is_written_and_escaped(escaped: bool) -> None:
    send(identify(at=NOON - DAY, user="张三"), identify(at=NOON - DAY, user="张三丰"))
    for user in ("张三", "张三丰"):
        told = json.dumps({"user_id": user}, ensure_ascii=escaped)
        DeadLetter.objects.create(received_at=NOON, parked_at=NOON, confirmed=True, code="x", item=told)
    erase.erase(customer("张三").pk, by=None, now=NOON)
    assert [json.loads(one.item)["user_id"] for one in DeadLetter.objects.all()] == ["张三丰"]
