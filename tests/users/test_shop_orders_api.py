"""The shop's routes for orders, events and files: as the tracking API and the pages do it, once per key."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.clock import move_to
from tests.settling import apply_everything
from tests.users.back_end import LIN, ORDER, Caller, refusal
from tests.users.door import customer, send, track, visitor
from users.models import (
    AuditEntry,
    Customer,
    DeadLetter,
    Event,
    Order,
    OrderLine,
    Refund,
    Standing,
)
from users.services import long_jobs

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
A1 = "orders/shop/A/1"


@pytest.fixture
def shop() -> Caller:
    """The shop's back end at noon."""
    move_to(NOON)
    return Caller()


def test_an_order_is_what_order_events_tell(shop: Caller) -> None:
    placed = shop.post("orders", {**ORDER, "ordered_at": (NOON - timedelta(hours=2)).isoformat()})
    assert (placed.status_code, placed.json()["state"], placed.json()["net"]) == (201, "paid", 10000)
    assert [line["share"] for line in placed.json()["lines"]] == [6000, 4000]
    assert shop.post("orders", {**ORDER, "user_id": "lin"}).status_code == 200

    back = {"refund_id": "r1", "lines": [{"line_id": "2", "amount": 4000}]}
    for _again in range(2):
        given = shop.post("orders/shop/A/1/refunds", back)
    assert (given.status_code, given.json()["state"], given.json()["refunded"]) == (
        201,
        "partly_refunded",
        4000,
    )
    assert [line["share"] for line in given.json()["lines"]] == [6000, 0]
    assert Refund.objects.count() == 1
    apply_everything()
    figures = Standing.objects.values_list("orders", "revenue").get(customer=customer("lin"))
    assert figures == (1, 6000)
    changed = shop.tell("patch", "orders/shop/A/1", {"total": 11000, "shipping": 1000})
    assert (changed.json()["total"], changed.json()["net"]) == (11000, 6000)
    gone = shop.post("orders/shop/A/1/cancel", {})
    assert (gone.json()["state"], Standing.objects.get(customer=customer("lin")).orders) == ("cancelled", 0)
    assert set(AuditEntry.objects.filter(act__startswith="order.").values_list("actor", flat=True)) == {
        f"key:{shop.key.pk}"
    }
    names = Event.objects.filter(customer=customer("lin")).values_list("type__name", flat=True)
    assert {"order_paid", "order_refunded", "order_cancelled"} <= set(names)


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("orders", {**ORDER, "number": "B"}, (201, None, None)),
        ("orders", {**ORDER, "number": "B", "currency": "QQQ"}, (400, "unknown_currency", "currency")),
        ("orders", {**ORDER, "number": "B", "currency": "KWD"}, (409, "no_exchange_rate", "currency")),
        ("orders", {**ORDER, "user_id": "bob"}, (409, "order_of_another", "number")),
        ("orders", {**ORDER, "number": "B", "total": -1}, (400, "min_value", "total")),
        ("orders", {**ORDER, "number": "B", "customer": 1}, (400, "one_customer", "user_id")),
        ("orders", {"number": "B", "user_id": "lin"}, (400, "no_amount", "total")),
        ("orders", {**ORDER, "number": "B", "ordered_at": "2026-06-20T00:00:00Z"}, (400, "in_future", "ordered_at")),
        (f"{A1}/refunds", {"refund_id": "r", "amount": 10801}, (409, "refund_over_total", "order_id")),
        (f"{A1}/refunds", {"refund_id": "r", "amount": 1, "currency": "EUR"}, (409, "other_currency", "order_id")),
        ("orders/till/A/1/refunds", {"refund_id": "r"}, (404, "not_found", None)),
        ("orders/shop/nope/cancel", {}, (404, "not_found", None)),
    ],
)  # fmt: skip
def test_an_order_is_refused_as_the_intake_refuses_it(
    shop: Caller, path: str, body: Any, expected: tuple[int, str | None, str | None]
) -> None:
    shop.post("orders", ORDER)
    before = (Order.objects.count(), OrderLine.objects.count(), Refund.objects.count())
    answer = shop.post(path, body)
    if expected[1] is None:
        assert answer.status_code == expected[0]
        return
    assert refusal(answer) == expected
    assert (Order.objects.count(), OrderLine.objects.count(), Refund.objects.count()) == before
    assert not DeadLetter.objects.exists()


def test_events_are_told_all_or_none_and_listed(shop: Caller) -> None:
    shop.post("customers", {"anonymous_id": "b"})
    number = visitor("b").pk
    three = [
        {"name": "Parcel Sent", "user_id": "lin", "message_id": "p1"},
        {"name": "Parcel Sent", "customer": number},
        {"name": "Parcel Sent", "user_id": "lin", "message_id": "p1"},
    ]
    wrong = shop.post("events", {"events": [*three, {"name": "order_paid", "user_id": "lin"}]})
    assert refusal(wrong) == (400, "reserved_event", "events.3.event")
    assert not Event.objects.filter(type__name="Parcel Sent").exists()
    assert shop.post("events", {"events": three}).json() == {"recorded": 2, "duplicates": 1}
    assert shop.post("events", {"events": three[:1]}).json() == {"recorded": 0, "duplicates": 1}
    found = shop.get("events", name="Parcel Sent").json()["results"]
    assert sorted((one["customer"], one["confirmed"]) for one in found) == sorted(
        [(number, True), (customer("lin").pk, True)]
    )
    assert [one["name"] for one in shop.get("events", customer=number).json()["results"]] == ["Parcel Sent"]
    assert refusal(shop.get("events")) == (400, "too_many", "name")
    told = {one["name"]: (one["events"], one["is_more"]) for one in shop.get("events/names").json()}
    assert told["Parcel Sent"] == (2, False)


def test_what_could_not_be_taken_is_seen_and_sent_in_again(shop: Caller) -> None:
    send(track("Order Refunded", at=NOON, user="lin", order_id="A/1", refund_id="r", amount="10.00"))
    (letter,) = shop.get("events/dead-letters").json()["results"]
    assert (letter["code"], letter["item"]["properties"]["refund_id"]) == ("unknown_order", "r")
    assert shop.post("events/dead-letters/replay", {"letters": [letter["id"]]}).json() == {
        "accepted": 1, "refused": 0,
    }  # fmt: skip
    apply_everything()
    shop.post("orders", ORDER)  # what waited for the order is let go by it
    apply_everything()
    assert shop.get("orders/shop/A/1").json()["refunded"] == 1000
    assert shop.get("events/dead-letters").json()["results"] == []


def test_a_file_is_imported_looked_at_and_taken_back(shop: Caller) -> None:
    def upload(text: str = "Customer,Name\nann,Ann\n,Nobody\n", once: str = "u") -> Any:
        file = SimpleUploadedFile("a.csv", text.encode())
        return shop.post("jobs/imports", {"kind": "customers", "file": file}, once=once, form="multipart")

    first = upload()
    assert (first.status_code, upload().json()["id"]) == (202, first.json()["id"])
    assert refusal(upload("Customer\nbob\n"))[:2] == (422, "idempotency_key_reused")
    where = f"jobs/imports/{first.json()['id']}"
    long_jobs.run_due()
    seen = shop.get(where).json()
    assert (seen["state"], seen["head"], seen["sample"][0]) == (
        "uploaded",
        ["Customer", "Name"],
        ["ann", "Ann"],
    )
    assert refusal(shop.post(f"{where}/start"))[:2] == (400, "wrong_state")
    shop.post(f"{where}/check", {"mapping": {"Customer": "user_id", "1": "name"}, "match_key": "user_id"})
    long_jobs.run_due()
    assert shop.get(where).json()["counts"] == {"new": 1, "refused": 1}
    (row,) = shop.get(f"{where}/rows", fate="refused").json()["results"]
    assert (row["no"], row["code"], row["cells"]) == (3, "missing", ["", "Nobody"])
    assert not Customer.objects.filter(user_id="ann").exists()
    shop.post(f"{where}/start")
    long_jobs.run_due()
    done = shop.get(where).json()
    assert (done["state"], done["job"]["about"]) == ("done", f"/api/v1/{where}")
    assert customer("ann").name == "Ann"
    shop.post(f"{where}/undo")
    long_jobs.run_due()
    assert (shop.get(where).json()["state"], Customer.objects.filter(user_id="ann").exists()) == (
        "undone",
        False,
    )


def test_an_export_goes_only_to_the_key_that_asked(shop: Caller) -> None:
    shop.post("customers", {**LIN, "name": "=1+1"})
    asked = shop.post("jobs/exports", {"kind": "customers", "columns": ["user_id", "name"]}).json()
    where = f"jobs/exports/{asked['id']}"
    assert refusal(shop.get(f"{where}/file"))[:2] == (409, "not_ready")
    long_jobs.run_due()
    assert b"".join(shop.get(f"{where}/file").streaming_content).decode("utf-8-sig").split() == [
        "user_id,name", "lin,'=1+1",
    ]  # fmt: skip
    other = Caller()
    assert [other.get(path).status_code for path in (where, f"{where}/file")] == [404, 404]
    assert other.get("jobs/exports").json()["results"] == []
