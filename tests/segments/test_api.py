"""The segments of the storefront API: for server keys only, strict, paged, explained."""

from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from rest_framework.test import APIClient

from segments.models import Segment
from segments.presets import PRESETS, install
from segments.rules.parse import parse
from segments.rules.schema import json_schema
from segments.services.rebuild import rebuild_waiting
from segments.services.refresh import refresh
from tests.segments.shop import customer, rule, segment, tagged
from tests.segments.strategies import rules
from users.models import CustomerTag, Identity, IdentityKind, Scope
from users.services import api_keys
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


def test_the_published_schema_knows_every_legal_rule() -> None:
    validator = jsonschema.Draft202012Validator(json_schema())
    validator.check_schema(json_schema())

    @settings(max_examples=12, deadline=None)
    @given(rules())
    def is_legal_in_both(raw: dict[str, Any]) -> None:
        parse(raw)
        validator.validate(raw)

    is_legal_in_both()
    for wrong in ({"field": "city", "op": "at_least", "value": 1}, {"field": "gone", "op": "is_known"}, {}):
        assert not validator.is_valid(rule(wrong))


def test_the_ready_segments_are_legal_and_installed_once() -> None:
    made = install(by=None)
    assert len(made) == len(PRESETS) + 1
    assert install(by=None) == []
    assert {one.state for one in rebuild_waiting()} == {"needs_rebuild"}
    assert set(Segment.objects.values_list("state", flat=True)) == {"live"}
