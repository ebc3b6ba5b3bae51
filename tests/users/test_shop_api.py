"""The shop's routes of the storefront API: customers as identify tells them; scopes, parameters, pages."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from drf_spectacular.generators import SchemaGenerator
from rest_framework.test import APIClient

from config.kit import clock
from tests.architecture.test_addresses import ROUTES, without_converters
from tests.clock import move_to
from tests.users.back_end import LIN, ORDER, V1, Caller, refusal
from tests.users.door import customer, identify, send, track
from users import scopes
from users.api.auth import Asked, ForServer
from users.models import (
    AuditEntry,
    Customer,
    Identity,
    Scope,
    Touched,
)
from users.services import api_keys, long_jobs, stages

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def shop() -> Caller:
    """The shop's back end at noon."""
    move_to(NOON)
    return Caller()


def test_what_is_told_of_a_customer_is_what_identify_tells(shop: Caller) -> None:
    """The same person told to both doors ends in the same profile, keys, contacts and topics touched."""
    made = shop.post("customers", LIN)
    told_by_api = _held("lin")
    Touched.objects.all().delete()
    send(identify(at=NOON, user="bob", name="Lin", email="lin@x.org", address={"city": "Ulm"}, skin="dry"))
    assert made.status_code == 201
    assert shop.post("customers", {"user_id": "lin", "name": "Lin Wei"}).status_code == 200
    assert told_by_api == {**_held("bob"), "identities": {("user_id", "lin"), ("email", "lin@x.org")}}
    shown = shop.get(f"customers/{customer('lin').pk}").json()
    assert (shown["name"], shown["city"], shown["attributes"]) == ("Lin Wei", "Ulm", {"skin": "dry"})
    assert [(one["channel"], one["address"], one["usable"]) for one in shown["contacts"]] == [
        ("email", "lin@x.org", True)
    ]

    changed = shop.tell(
        "patch", f"customers/{shown['id']}", {"city": "", "attributes": {"skin": None, "n": 1}}
    )
    assert (changed.json()["city"], changed.json()["attributes"]) == ("", {"n": 1})
    assert Touched.objects.filter(customer_id=shown["id"], topic="profile").exists()
    entry = AuditEntry.objects.get(act="customer.edit")
    assert (entry.actor, entry.before, entry.after) == (
        f"key:{shop.key.pk}",
        {"city": "Ulm", "attribute:skin": "dry", "attribute:n": None},
        {"city": "", "attribute:skin": None, "attribute:n": 1},
    )
    for body, field in (
        ({"time_zone": "Mars/X"}, "time_zone"), ({"attributes": {"email": "x"}}, "attributes.email"),
        ({"attributes": {"x": [{}]}}, "attributes.x"), ({"colour": 1}, "colour"), ({"id": 3}, "id"),
    ):  # fmt: skip
        assert refusal(shop.tell("patch", f"customers/{shown['id']}", body))[::2] == (400, field)


def _held(user: str) -> dict[str, Any]:
    found = Customer.objects.filter(user_id=user).values(
        "name", "city", "attributes", "identified", "told_at", "country", "changed_at"
    ).get()  # fmt: skip
    pk = customer(user).pk
    return {
        **found,
        "identities": set(Identity.objects.filter(customer=pk).values_list("kind", "value")),
        "touched": set(Touched.objects.filter(customer_id=pk).values_list("topic", "is_history")),
    }


def test_a_no_is_never_turned_around_unsaid(shop: Caller) -> None:
    number = shop.post("customers", LIN).json()["id"]
    where = f"customers/{number}/consents"
    no = {"channel": "email", "topic": "news", "granted": False}
    yes = {**no, "granted": True, "wording": "v3", "evidence": "card 7"}
    assert shop.post(where, no).status_code == 201
    assert refusal(shop.post(where, yes)) == (409, "said_no", "granted")
    earlier = shop.post(where, {**yes, "given_at": (NOON - DAY).isoformat()})
    assert (earlier.status_code, earlier.json()["in_force"]) == (201, False)  # kept, and does not hold
    assert refusal(shop.post(where, {**yes, "turns_refusal": True, "evidence": ""}))[:2] == (
        400,
        "proof_missing",
    )
    move_to(NOON + DAY)
    assert shop.post(where, {**yes, "turns_refusal": True}).json()["in_force"] is True
    held = [(one["granted"], one["in_force"]) for one in shop.get(where).json()["results"]]
    assert held == [(True, True), (False, False), (True, False)]
    shop.tell("patch", f"customers/{number}", {"no_profiling": True})
    assert refusal(shop.tell("patch", f"customers/{number}", {"no_profiling": False}))[:2] == (409, "said_no")


def test_contacts_tags_and_joins_leave_their_line_in_the_trail(shop: Caller) -> None:
    number = shop.post("customers", LIN).json()["id"]
    where = f"customers/{number}"
    shop.post(f"{where}/contacts", {"channel": "sms", "address": "13800138000", "state": "verified"})
    told = {"channel": "sms", "address": "+8613800138000", "state": "blocked"}
    shown = shop.tell("patch", f"{where}/contacts", told).json()
    assert [(one["channel"], one["state"], one["usable"]) for one in shown] == [
        ("email", "unverified", True), ("sms", "blocked", False),
    ]  # fmt: skip
    (tag,) = shop.post(f"{where}/tags", {"tag": "VIP"}).json()
    assert [one["id"] for one in shop.get("customers", tag="VIP").json()["results"]] == [number]
    assert shop.tell("delete", f"{where}/tags/{tag['id']}").json() == []
    assert refusal(shop.tell("delete", f"{where}/tags/{tag['id']}"))[:2] == (404, "not_found")
    other = shop.post("customers", {"anonymous_id": "b", "email": "b@x.org"}).json()["id"]
    seen = shop.get(f"{where}/join", other=other).json()
    assert (seen["survivor"], seen["absorbed"]) == (number, other)
    assert refusal(shop.post(f"{where}/join", {"other": other, "confirm": "yes"}))[:2] == (
        400,
        "not_confirmed",
    )
    assert shop.post(f"{where}/join", {"other": other, "confirm": seen["confirm"]}).json()["id"] == number
    assert shop.get(f"customers/{other}").json()["id"] == number  # the old number leads there
    acts = set(AuditEntry.objects.filter(actor=f"key:{shop.key.pk}").values_list("act", flat=True))
    assert {"contact.add", "contact.state", "customer.tag", "customer.untag", "customer.join"} <= acts


def test_who_was_erased_answers_like_nobody(shop: Caller) -> None:
    number = shop.post("orders", ORDER).json()["customer"]
    look = shop.post(f"customers/{number}/erase", {}).json()
    assert look["job"] is None
    assert refusal(shop.post(f"customers/{number}/erase", {"confirm": "x"}))[:2] == (400, "not_confirmed")
    job = shop.post(f"customers/{number}/erase", {"confirm": look["confirm"]}).json()["job"]
    long_jobs.run_due()
    done = shop.get(f"jobs/{job['id']}").json()
    assert (done["state"], done["by"], done["done"]) == ("done", f"key:{shop.key.pk}", 1)
    paths = ("", "/standing", "/contacts", "/segments", "/consents")
    for path in (*(f"customers/{number}{part}" for part in paths), "customers/999999", "orders/shop/A/1"):
        assert shop.get(path).status_code == 404
    assert shop.get("customers", user_id="lin").json()["results"] == []
    assert shop.get("orders").json()["results"] == []
    events = {"events": [{"name": "X", "user_id": "new"}, {"name": "X", "user_id": "lin"}]}
    assert refusal(shop.post("customers", {"user_id": "lin"})) == (409, "erased", "user_id")
    assert refusal(shop.post("orders", {**ORDER, "number": "C"})) == (409, "erased", "user_id")
    assert refusal(shop.post("events", events)) == (409, "erased", "events.1.user_id")
    assert AuditEntry.objects.get(act="customer.erase").actor == f"key:{shop.key.pk}"


def test_a_key_does_what_its_scopes_say(shop: Caller) -> None:
    shop.post("customers", LIN)
    number = customer("lin").pk
    reader, writer = Caller("customers:read"), Caller("customers:write", "events:read")
    assert reader.get("customers").status_code == 200
    assert writer.get(f"customers/{number}").status_code == 200  # to write is to read
    for caller, method, path, missing in (
        (reader, "patch", f"customers/{number}", "customers:write"),
        (reader, "post", "orders", "orders:write"),
        (writer, "post", f"customers/{number}/erase", "customers:erase"),
        (writer, "post", f"customers/{number}/export", "customers:export"),
        (writer, "post", "jobs/exports", "customers:export"),
        (writer, "post", "segments/preview", "segments:read"),
        (writer, "post", "events", "events:write"),
    ):
        refused = caller.tell(method, path, {})
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "scope_missing")
        assert missing in refused.json()["error"]["message"]
    secret = api_keys.create(name="few", scope=Scope.SERVER, may=["events:read"], by=None)[1]
    body = {"event": "X", "userId": "lin"}
    refused = APIClient().post("/v1/track", body, headers={"Authorization": f"Bearer {secret}"})
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    assert Caller(scope=Scope.WRITE).get("customers").status_code == 401


def test_every_call_of_a_back_end_has_a_scope_and_knows_its_parameters() -> None:
    views = {
        without_converters(address).rstrip("/"): view.view_class
        for address, view in ROUTES
        if address.startswith("api/v1/") and issubclass(getattr(view, "view_class", object), Asked)
    }
    asked = {
        view.scope_of(method)
        for view in views.values()
        if issubclass(view, ForServer)
        for method in ("GET", "POST", "PATCH", "DELETE", "PUT")
        if hasattr(view, method.lower())
    }
    assert asked == set(scopes.scopes.names()) - {"conversations:read"} | ({"conversations:read"} & asked)
    document = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    for path, operations in document.items():
        view = views[path.strip("/").replace("{", "<").replace("}", ">")]
        for method, operation in operations.items():
            told = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"}
            assert view.known_query(method.upper()) == told, (path, method)


def test_a_parameter_nobody_knows_is_refused(shop: Caller) -> None:
    shop.post("customers", LIN)
    assert refusal(shop.get("customers", foo=1)) == (400, "unknown_parameter", "foo")
    assert refusal(shop.client.get(f"{V1}customers?stage=new&stage=active")) == (
        400,
        "doubled_parameter",
        "stage",
    )
    for size in ("0", "501", "x", "", "99999999999"):
        assert refusal(shop.get("customers", limit=size)) == (400, "bad_limit", "limit")
    assert refusal(shop.get("orders", updated_since="2026-05-20")) == (400, "bad_instant", "updated_since")
    assert refusal(shop.get("orders", user_id="lin", customer=1)) == (400, "one_customer", "user_id")


def test_pages_cost_the_same_for_one_row_and_for_fifty(shop: Caller) -> None:
    def cost(path: str, **asked: Any) -> tuple[int, int]:
        with CaptureQueriesContext(connection) as seen:
            rows = shop.get(path, **asked).json()["results"]
        return len(rows), len(seen)

    def fill(numbers: range) -> None:
        people = [identify(at=NOON, user=f"u{n}", email=f"u{n}@x.org") for n in numbers]
        lines = [{"product_id": "tea", "quantity": 1, "price": "1.00"}]
        bought = [
            track("Order Completed", at=NOON, user=f"u{n}", order_id=f"o{n}", total="1.00", products=lines)
            for n in numbers
        ]
        send(*people, *bought)

    fill(range(1))
    cost("customers")  # what a process remembers of keys
    one = {path: cost(path, limit=50) for path in ("customers", "orders")}
    one["events"] = cost("events", limit=50, name="Order Completed")
    fill(range(1, 50))
    many = {path: cost(path, limit=50) for path in ("customers", "orders")}
    many["events"] = cost("events", limit=50, name="Order Completed")
    assert {path: rows for path, (rows, _queries) in many.items()} == dict.fromkeys(many, 50)
    assert {path: queries for path, (_rows, queries) in many.items()} == {
        path: queries for path, (_rows, queries) in one.items()
    }
    assert max(queries for _rows, queries in many.values()) <= 8


def test_who_asks_again_from_the_last_change_misses_nothing(shop: Caller) -> None:
    for n in range(3):
        move_to(NOON + n * DAY)
        shop.post("orders", {**ORDER, "number": f"N{n}", "user_id": f"u{n}"})
    move_to(NOON + 5 * DAY)
    shop.tell("patch", "orders/shop/N0", {"coupon": "TEN"})
    shop.tell("patch", f"customers/{customer('u1').pk}", {"name": "U"})
    orders = shop.get("orders", updated_since=(NOON + DAY).isoformat()).json()["results"]
    assert [one["number"] for one in orders] == ["N1", "N2", "N0"]
    people = shop.get("customers", updated_since=(NOON + 3 * DAY).isoformat()).json()["results"]
    assert [one["user_id"] for one in people] == ["u1"]
    send(identify(at=NOON, user="u1", name="U"))  # told again: nothing new
    again = shop.get("customers", updated_since=clock.now().isoformat()).json()["results"]
    assert len(again) == 1
    assert [one["user_id"] for one in shop.get("customers", stage="new").json()["results"]] == [
        "u0",
        "u1",
        "u2",
    ]


def test_contacts_consents_and_stages_are_updates_too_and_tags_are_none(shop: Caller) -> None:
    shop.post("customers", LIN)
    shop.post("customers", {"user_id": "other"})
    send(
        track("Product Viewed", at=NOON, user="lin"), track("Product Viewed", at=NOON, anonymous="a visitor")
    )
    path = f"customers/{customer('lin').pk}"
    yes = {"channel": "email", "topic": "news", "granted": True, "wording": "yes", "evidence": "till"}
    mail = {"channel": "email", "address": "lin@x.org"}
    days = iter((*range(1, 8), 300))

    def updated(act: Callable[[], object]) -> list[str]:
        move_to(NOON + next(days) * DAY)
        before = clock.now().isoformat()
        act()
        return [one["user_id"] for one in shop.get("customers", updated_since=before).json()["results"]]

    acts: list[Callable[[], object]] = [
        lambda: shop.post(f"{path}/contacts", {"channel": "sms", "address": "13800138000"}),
        lambda: shop.tell("patch", f"{path}/contacts", {**mail, "state": "verified"}),
        lambda: shop.post(f"{path}/consents", yes),
        lambda: shop.tell("delete", f"{path}/contacts?channel=email&address=lin@x.org"),
        lambda: send(track("Product Viewed", at=clock.now(), user="lin")),  # still active: nothing new
        lambda: shop.tell("patch", f"{path}/contacts", {**mail, "state": "verified"}),  # is not there
        lambda: shop.post(f"{path}/tags", {"tag": "VIP"}),
    ]
    assert [updated(act) for act in acts] == [["lin"]] * 4 + [[]] * 3
    assert updated(lambda: stages.move_stages(clock.now())) == ["lin"]
    standing = shop.get(f"{path}/standing").json()
    gone_through = [one["stage"] for one in standing["stages"]]
    assert (standing["stage"], gone_through[0], gone_through[-1]) == ("churned", "new", "churned")


def test_a_sync_reads_the_index_of_changes(shop: Caller) -> None:
    shop.post("customers", LIN)
    with connection.cursor() as cursor, CaptureQueriesContext(connection) as seen:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
        shop.get("customers", updated_since=NOON.isoformat())
        (asked,) = [
            one["sql"] for one in seen if "users_customer" in one["sql"] and "changed_at" in one["sql"]
        ][:1]
        cursor.execute(f"EXPLAIN {asked}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "customer_changed" in plan and "Presorted Key: users_customer.changed_at" in plan
