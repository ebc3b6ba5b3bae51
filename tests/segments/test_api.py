"""The segments of the storefront API: for server keys only, strict, paged, explained."""

import json
import random
import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from config.kit import clock
from segments.api.limits import PerKeyLooking
from segments.models import MembershipChange, Segment
from segments.ready import PRESETS
from segments.rules.schema import json_schema
from segments.services import lists
from segments.services.presets import install
from segments.services.rebuild import rebuild_waiting
from segments.services.refresh import refresh
from tests.segments.shop import customer, members, rule, segment, tagged
from users.models import ApiKey, AuditEntry, CustomerTag, Identity, IdentityKind, Scope
from users.services import api_keys
from users.services.rate_limit import RateLimit
from users.services.touch import touch
from users.topics import TouchTopic

pytestmark = pytest.mark.django_db(transaction=True)

VIP = {"collection": "tags", "op": "has_any_of", "value": ["VIP"]}


@pytest.fixture
def shop_api() -> APIClient:
    _key, secret = api_keys.create(name="shop", scope=Scope.SERVER, by=None)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def known(user_id: str) -> Any:
    made = customer(user_id=user_id, identified=True)
    Identity.objects.create(kind=IdentityKind.USER_ID, value=user_id, customer=made, since=made.first_seen_at)
    return made


def test_only_a_server_key_gets_in() -> None:
    _key, write = api_keys.create(name="site", scope=Scope.WRITE, by=None)
    client = APIClient()
    assert client.get("/api/v1/segments").status_code == 401
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {write}")
    assert client.get("/api/v1/segments").status_code == 401


def test_a_segment_is_made_previewed_paged_and_explained(shop_api: APIClient) -> None:
    lin, other = known("lin"), known("other")
    tagged(lin, "VIP")
    body = {"name": "VIPs", "rule": rule(VIP)}

    assert shop_api.post("/api/v1/segments", body).status_code == 400  # no Idempotency-Key
    made = shop_api.post("/api/v1/segments", body, headers={"Idempotency-Key": "1"})
    again = shop_api.post("/api/v1/segments", body, headers={"Idempotency-Key": "1"})

    assert made.status_code == 201
    assert again.json() == made.json()
    assert (made.json()["state"], made.json()["fresh"]) == ("needs_rebuild", False)
    rebuild_waiting()
    where = f"/api/v1/segments/{made.json()['id']}"
    shown = shop_api.get(where).json()
    assert (shown["state"], shown["size"], shown["fresh"]) == ("live", 1, True)
    assert [one["name"] for one in shop_api.get("/api/v1/segments").json()["results"]] == ["VIPs"]
    seen = shop_api.post("/api/v1/segments/preview", {"rule": rule(VIP)}).json()
    assert (seen["count"], seen["margin"], seen["total"]) == (1, 0, 2)
    assert seen["sample"] == [{"customer": lin.pk, "user_id": "lin"}]
    (member,) = shop_api.get(f"{where}/members").json()["results"]
    assert (member["customer"], member["user_id"]) == (lin.pk, "lin")
    why = shop_api.get(f"{where}/explain", {"user_id": "other"}).json()
    assert (why["matches"], why["member_since"]) == (False, None)
    assert why["root"]["parts"][0]["sentence"] == "tags include “VIP”"
    assert other.pk


def test_changes_since_a_cursor(shop_api: APIClient) -> None:
    lin = known("lin")
    tagged(lin, "VIP")
    found = segment(VIP)
    where = f"/api/v1/segments/{found.pk}/changes"
    first = shop_api.get(where).json()
    assert [(one["user_id"], one["entered"], one["cause"]) for one in first["results"]] == [
        ("lin", True, "rebuild")
    ]
    assert shop_api.get(where, {"cursor": first["cursor"]}).json()["results"] == []
    CustomerTag.objects.all().delete()
    touch([lin.pk], TouchTopic.TAGS)
    refresh()
    later = shop_api.get(where, {"cursor": first["cursor"]}).json()
    assert [(one["entered"], one["cause"]) for one in later["results"]] == [(False, "event")]
    assert later["more"] is False
    assert shop_api.get(where, {"cursor": "x"}).status_code == 400


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"rule": rule({"field": "gone", "op": "is_known"})}, "unknown_field"),
        ({"rule": {"version": 1, "root": {"all": []}}}, "empty_group"),
        ({"rule": rule({"field": "city", "op": "equals", "value": "x", "city__in": ["a"]})}, "unknown_key"),
        ({"rule": rule({"_connector": "OR", "field": "city", "op": "is_known"})}, "unknown_key"),
        ({"rule": rule({"everyone": True})}, "means_everyone"),
        ({"rule": None}, "null"),
        ({}, "required"),
    ],
)
def test_refusals_have_a_code_and_a_place(shop_api: APIClient, body: dict[str, Any], code: str) -> None:
    answer = shop_api.post("/api/v1/segments", {"name": "X", **body}, headers={"Idempotency-Key": "2"})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == code
    assert answer.json()["error"]["field"]
    assert not Segment.objects.exists()


def test_what_does_not_exist_is_not_found(shop_api: APIClient) -> None:
    found = segment(VIP)
    for path in ("", "/members", "/changes", "/explain?user_id=lin"):
        assert shop_api.get(f"/api/v1/segments/999999{path}").status_code == 404
    for nobody in ("nobody", "\0"):
        assert shop_api.get(f"/api/v1/segments/{found.pk}/explain", {"user_id": nobody}).status_code == 404


def test_the_ready_segments_are_legal_and_installed_once() -> None:
    made = install(by=None).made
    assert len(made) == len(PRESETS)
    assert install(by=None).made == []
    assert {one.state for one in rebuild_waiting()} == {"needs_rebuild"}
    assert set(Segment.objects.values_list("state", flat=True)) == {"live"}


def once(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


def test_a_segment_is_edited_versioned_and_deleted(shop_api: APIClient) -> None:
    found = segment(VIP, name="VIPs")
    where = f"/api/v1/segments/{found.pk}"
    other = {**VIP, "op": "has_none_of"}

    assert shop_api.patch(where, {"name": "x"}).json()["error"]["code"] == "idempotency_key_missing"
    told = {"name": "Not VIPs", "folder": "People", "rule": rule(other)}
    edited = shop_api.patch(where, told, headers=once("e1"))
    assert edited.status_code == 200
    assert (edited.json()["name"], edited.json()["folder"], edited.json()["rule_version"]) == (
        "Not VIPs", "People", 2,
    )  # fmt: skip
    versions = shop_api.get(f"{where}/versions").json()
    assert [(one["version"], one["rule"]["root"]["all"][0]["op"]) for one in versions] == [
        (2, "has_none_of"), (1, "has_any_of"),
    ]  # fmt: skip
    for body, code in (
        ({"colour": "red"}, "unknown_field"), ({"rule": {"version": 1}}, "missing_key"), ({"name": ""}, "blank"),
    ):  # fmt: skip
        refused = shop_api.patch(where, body, headers=once("e2"))
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, code)
    parent = segment({"segment": found.pk, "op": "not_in"}, name="Parent")
    refused = shop_api.delete(where, headers=once("d1"))
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "segment_in_use")
    assert shop_api.delete(f"/api/v1/segments/{parent.pk}", headers=once("d2")).status_code == 204
    assert shop_api.delete(where, headers=once("d3")).status_code == 204
    assert shop_api.delete(where, headers=once("d3")).status_code == 204  # the same call again
    assert shop_api.get(where).status_code == 404
    assert set(AuditEntry.objects.filter(act="segment.delete").values_list("actor", flat=True)) == {
        f"key:{shop_api_key()}"
    }


def shop_api_key() -> int:
    return ApiKey.objects.get(name="shop").pk


def test_a_list_is_filled_by_what_names_customers(shop_api: APIClient) -> None:
    lin, bob = known("lin"), known("bob")
    Identity.objects.create(kind=IdentityKind.EMAIL, value="bob@x.org", customer=bob, since=bob.first_seen_at)
    made = shop_api.post("/api/v1/segments", {"kind": "list", "name": "Guests"}, headers=once("1"))
    assert (made.status_code, made.json()["kind"], made.json()["rule"], made.json()["fresh"]) == (
        201, "list", None, True,
    )  # fmt: skip
    where = f"/api/v1/segments/{made.json()['id']}/members"
    names = [{"user_id": "lin"}, {"email": "BOB@x.org"}, {"phone": "nonsense"}, {"customer": 999_999}]
    filled = shop_api.post(where, {"how": "add", "members": names}, headers=once("2"))
    assert filled.json() == {"entered": 2, "left": 0, "size": 2, "unknown": [2, 3]}
    assert shop_api.post(where, {"how": "add", "members": names}, headers=once("2")).json() == filled.json()
    emptied = shop_api.post(where, {"how": "remove", "members": [{"customer": lin.pk}]}, headers=once("3"))
    assert emptied.json() == {"entered": 0, "left": 1, "size": 1, "unknown": []}
    assert [one["user_id"] for one in shop_api.get(where).json()["results"]] == ["bob"]
    changes = shop_api.get(f"/api/v1/segments/{made.json()['id']}/changes").json()["results"]
    assert [(one["user_id"], one["entered"], one["cause"], one["version"]) for one in changes] == [
        ("lin", True, "list", 1), ("bob", True, "list", 1), ("lin", False, "list", 1),
    ]  # fmt: skip
    for body, status, code in (
        ({"how": "add", "members": []}, 400, "empty"),
        ({"how": "swap", "members": [{"user_id": "a"}]}, 400, "invalid_choice"),
        ({"how": "add", "members": [{"user_id": "a", "email": "b"}]}, 400, "one_key"),
        ({"how": "add", "members": [{"user_id": "a"}] * 1_001}, 400, "max_length"),
    ):
        refused = shop_api.post(where, body, headers=once("4"))
        assert (refused.status_code, refused.json()["error"]["code"]) == (status, code)
    by_rule = segment(VIP)
    refused = shop_api.post(
        f"/api/v1/segments/{by_rule.pk}/members",
        {"how": "add", "members": [{"user_id": "lin"}]},
        headers=once("5"),
    )
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "not_a_list")
    for wrong in ({"kind": "list", "name": "x", "rule": rule(VIP)}, {"name": "x"}):
        assert shop_api.post("/api/v1/segments", wrong, headers=once("6")).json()["error"]["field"] == "rule"
    assert shop_api.get(f"/api/v1/segments/{made.json()['id']}/explain", {"user_id": "bob"}).json()["matches"]


def test_the_schema_has_a_tag_that_changes_with_it(shop_api: APIClient) -> None:
    first = shop_api.get("/api/v1/segments/schema")
    assert (
        shop_api.get("/api/v1/segments/schema", headers={"If-None-Match": first["ETag"]}).status_code == 304
    )
    assert first.json() == json.loads(json.dumps(json_schema()))


def test_who_asks_too_often_is_told_when_to_come_again(
    shop_api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PerKeyLooking, "limit", RateLimit(2))
    codes = [shop_api.post("/api/v1/segments/preview", {"rule": rule(VIP)}) for _ in range(3)]
    assert [one.status_code for one in codes] == [200, 200, 429]
    assert (codes[2].json()["error"]["code"], int(codes[2]["Retry-After"]) >= 1) == ("throttled", True)


def read_log(api: APIClient, pk: int, done: threading.Event) -> list[str]:
    """Follow the log of a segment until nothing comes any more; the ids as they came."""
    seen, cursor = list[str](), "0-0"
    while True:
        was_done = done.is_set()
        answer = api.get(f"/api/v1/segments/{pk}/changes", {"cursor": cursor}).json()
        seen.extend(one["id"] for one in answer["results"])
        cursor = answer["cursor"]
        if was_done and not answer["results"]:
            return seen


def read_into(heard: list[str], api: APIClient, pk: int, done: threading.Event) -> None:
    heard.extend(read_log(api, pk, done))
    connection.close()


def change_at_random(found: Segment, people: list[int], seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(12):
        how = draw.choice(["add", "remove", "replace"])
        lists.change(found, draw.sample(people, 4), how, by=None)  # type: ignore[arg-type]
    connection.close()


def refresh_until(done: threading.Event) -> None:
    while not done.is_set():
        refresh()
    connection.close()


def test_a_reader_beside_the_runs_misses_nothing_and_sees_nothing_twice(shop_api: APIClient) -> None:
    """Three writers change a list and its parent while a reader follows its log by cursor."""
    people = [customer().pk for _ in range(12)]
    found = lists.create_list(name="Guests", by=None)
    parent = segment({"segment": found.pk, "op": "in"}, name="Parent")
    done, heard = threading.Event(), list[str]()
    writers = [threading.Thread(target=change_at_random, args=(found, people, seed)) for seed in range(3)]
    others = [
        threading.Thread(target=refresh_until, args=(done,)),
        threading.Thread(target=read_into, args=(heard, shop_api, found.pk, done)),
    ]
    for thread in (*writers, *others):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    for thread in others:
        thread.join()
    refresh()
    for pk, seen in ((found.pk, heard), (parent.pk, read_log(shop_api, parent.pk, done))):
        rows = MembershipChange.objects.filter(segment=pk).order_by("run_id", "customer_id")
        assert seen == [f"{pk}-{run}-{who}" for run, who in rows.values_list("run_id", "customer_id")]
    assert len(heard) > 20
    assert members(parent) == members(found)


def test_a_customer_is_explained_as_of_a_past_instant(shop_api: APIClient) -> None:
    lin = known("lin")
    found = lists.create_list(name="Guests", by=None)
    lists.change(found, [lin.pk], "add", by=None)
    entered = MembershipChange.objects.get().at
    lists.change(found, [lin.pk], "remove", by=None)
    where = f"/api/v1/segments/{found.pk}/explain"

    def at(instant: datetime) -> Any:
        return shop_api.get(where, {"user_id": "lin", "at": instant.isoformat()})

    assert [at(one).json()["matches"] for one in (entered - timedelta(seconds=1), entered)] == [False, True]
    by_rule = segment({"field": "orders", "op": "at_least", "value": 1})
    asked = {"user_id": "lin", "at": clock.now().isoformat()}
    told = shop_api.get(f"/api/v1/segments/{by_rule.pk}/explain", asked).json()
    assert (told["matches"], told["past"], told["turns_at"]) == (False, True, None)
    beyond = ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "2999-01-01T00:00:00Z")
    for wrong in ("x", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z", *beyond):
        refused = shop_api.get(where, {"user_id": "lin", "at": wrong})
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "bad_instant")
