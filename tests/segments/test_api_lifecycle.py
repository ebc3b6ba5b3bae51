"""The API as a program outside uses it: what uses a segment, stopping, editions, paging while things move."""

from base64 import b64encode
from typing import Any

import pytest
from rest_framework.test import APIClient

from segments.models import Membership, Segment
from segments.services import lists
from segments.services.rebuild import rebuild_waiting
from segments.services.refresh import refresh
from segments.services.webhooks import endpoints
from tests.callers import server
from tests.campaigns.audience import draft
from tests.segments.shop import customer, members, rule, segment, tagged
from tests.segments.test_api import VIP, known, once, shop_api, shop_api_key
from users.models import ApiKey, AuditEntry, CustomerTag, Scope
from users.seed import seed
from users.services import api_keys
from users.services.touch import touch
from users.topics import TouchTopic

__all__ = ["shop_api"]
pytestmark = pytest.mark.django_db(transaction=True)


def test_what_uses_a_segment_is_told_as_the_lineage_shows_it(shop_api: APIClient) -> None:
    seed()
    guests = lists.create_list(name="Guests", by=None)
    found = segment({"segment": guests.pk, "op": "in"}, name="Invited")
    parent = segment({"segment": found.pk, "op": "not_in"}, name="Parent")
    draft(segment=found)
    endpoints.create(name="CRM", url="https://crm.example.com/h", segments=[found.pk], by=None)
    told = shop_api.get(f"/api/v1/segments/{found.pk}/uses").json()
    assert told["refers_to"] == [{"id": guests.pk, "name": "Guests", "kind": "list"}]
    assert [one["kind"] for one in told["used_by"]] == ["segment", "webhook", "campaign"]
    assert told["used_by"][0] == {
        "kind": "segment", "name": "segment “Parent”", "page": f"/admin/segments/{parent.pk}/", "blocks": True,
    }  # fmt: skip
    alone = shop_api.get(f"/api/v1/segments/{parent.pk}/uses").json()
    assert (alone["used_by"], [one["id"] for one in alone["refers_to"]]) == ([], [found.pk])
    assert shop_api.get("/api/v1/segments/999999/uses").status_code == 404


def test_a_segment_is_stopped_and_taken_up_again(shop_api: APIClient) -> None:
    lin = known("lin")
    found = segment(VIP, name="VIPs")
    where = f"/api/v1/segments/{found.pk}"
    parent = segment({"segment": found.pk, "op": "in"}, name="Parent")
    assert shop_api.post(f"{where}/retire").json()["error"]["code"] == "idempotency_key_missing"
    refused = shop_api.post(f"{where}/retire", headers=once("r0"))
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "segment_in_use")
    shop_api.delete(f"/api/v1/segments/{parent.pk}", headers=once("d"))

    for key in ("r1", "r1", "r2"):  # repeated, and asked again: nothing more happens
        stopped = shop_api.post(f"{where}/retire", headers=once(key))
        assert (stopped.status_code, stopped.json()["state"], stopped.json()["freshness"]) == (
            200, "retired", "stopped",
        )  # fmt: skip
    tagged(lin, "VIP")
    touch([lin.pk], TouchTopic.TAGS)
    refresh()
    assert shop_api.get(f"{where}/members").json()["results"] == []
    edited = shop_api.patch(where, {"rule": rule({**VIP, "op": "has_all_of"})}, headers=once("e"))
    assert (edited.json()["state"], edited.json()["rule_version"]) == ("retired", 2)  # an edit starts nothing

    back = shop_api.post(f"{where}/restore", headers=once("t1"))
    assert (back.status_code, back.json()["state"]) == (200, "needs_rebuild")
    rebuild_waiting()
    assert shop_api.post(f"{where}/restore", headers=once("t2")).json()["state"] == "live"
    assert members(found) == {lin.pk}
    acts = AuditEntry.objects.filter(act__in=("segment.retire", "segment.take_up")).order_by("pk")
    key = f"key:{shop_api_key()}"
    assert list(acts.values_list("act", "actor")) == [("segment.retire", key), ("segment.take_up", key)]


def test_a_list_is_in_force_again_at_once(shop_api: APIClient) -> None:
    found = lists.create_list(name="Guests", by=None)
    where = f"/api/v1/segments/{found.pk}"
    assert shop_api.post(f"{where}/retire", headers=once("1")).json()["fresh"] is False
    assert shop_api.post(f"{where}/restore", headers=once("2")).json()["fresh"] is True


@pytest.mark.parametrize("path", ["retire", "restore", "uses"])
def test_only_a_server_key_may(path: str) -> None:
    found = segment(VIP)
    _key, write = api_keys.create(name="site", scope=Scope.WRITE, by=None)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {write}")
    method = client.get if path == "uses" else client.post
    assert method(f"/api/v1/segments/{found.pk}/{path}", headers=once("1")).status_code == 401
    revoked = server()
    ApiKey.objects.filter(scope=Scope.SERVER).update(revoked_at="2026-01-01T00:00:00Z")
    assert revoked.get(f"/api/v1/segments/{found.pk}/uses").status_code == 401
    assert Segment.objects.get().state == "live"


def test_an_edit_over_somebody_elses_is_refused(shop_api: APIClient) -> None:
    found = segment(VIP, name="VIPs")
    where = f"/api/v1/segments/{found.pk}"
    seen = shop_api.get(where)
    assert seen["ETag"] == f'"{seen.json()["edition"]}"'
    mine, theirs = {**once("1"), "If-Match": seen["ETag"]}, {**once("2"), "If-Match": seen["ETag"]}
    changed = shop_api.patch(where, {"folder": "People"}, headers=theirs)
    assert (changed.status_code, changed["ETag"] != seen["ETag"]) == (200, True)
    refused = shop_api.patch(where, {"name": "Mine"}, headers=mine)
    assert (refused.status_code, refused.json()["error"]["code"]) == (412, "changed_meanwhile")
    assert shop_api.patch(where, {"name": "Mine"}, headers={**mine, "If-Match": '""'}).status_code == 412
    again = {**mine, "If-Match": changed["ETag"]}
    assert shop_api.patch(where, {"name": "Mine"}, headers=again).json()["name"] == "Mine"
    assert shop_api.patch(where, {"name": "Any"}, headers={**once("3"), "If-Match": "*"}).status_code == 200


@pytest.mark.parametrize(
    ("address", "body", "field"),
    [
        ("segments", {"name": "x", "rule": {}, "state": "live"}, "state"),
        ("segments/preview", {"rule": rule(VIP), "limit": 3}, "limit"),
        ("webhooks", {"name": "x", "url": "https://a.example/", "segments": [1], "secret": "mine"}, "secret"),
    ],
)
def test_names_that_nobody_knows_are_refused(
    shop_api: APIClient, address: str, body: dict[str, Any], field: str
) -> None:
    refused = shop_api.post(f"/api/v1/{address}", body, headers=once("1"))
    assert refused.status_code == 400
    assert (refused.json()["error"]["code"], refused.json()["error"]["field"]) == ("unknown_field", field)


def test_pages_leave_nobody_out_while_others_come_and_go(shop_api: APIClient) -> None:
    people = [customer().pk for _ in range(9)]
    found = lists.create_list(name="Guests", by=None)
    lists.change(found, people, "add", by=None)
    seen, address = list[int](), f"/api/v1/segments/{found.pk}/members?limit=3"
    gone = iter((people[0], people[4], people[8]))
    while address:
        answer = shop_api.get(address).json()
        seen += [one["customer"] for one in answer["results"]]
        lists.change(found, [next(gone)], "remove", by=None)
        lists.change(found, [customer().pk], "add", by=None)
        address = answer["next"]
        if len(seen) > 8:
            break
    assert seen == sorted(set(seen))
    assert set(people[1:8]) - {people[4]} <= set(seen)


def test_a_follower_sees_rebuilds_edits_and_rests_while_it_is_stopped(shop_api: APIClient) -> None:
    lin, bob = known("lin"), known("bob")
    tagged(lin, "VIP")
    found = segment(VIP)
    log = f"/api/v1/segments/{found.pk}/changes"

    def since(cursor: str) -> tuple[list[tuple[str, bool, str, int]], str]:
        told = shop_api.get(log, {"cursor": cursor}).json()
        assert told["more"] is False
        return [
            (one["user_id"], one["entered"], one["cause"], one["version"]) for one in told["results"]
        ], told["cursor"]

    first, cursor = since("0-0")
    assert first == [("lin", True, "rebuild", 1)]
    shop_api.patch(
        f"/api/v1/segments/{found.pk}", {"rule": rule({**VIP, "op": "has_none_of"})}, headers=once("1")
    )
    assert since(cursor)[0] == []  # not computed yet
    rebuild_waiting()
    edited, cursor = since(cursor)
    assert edited == [("lin", False, "edit", 2), ("bob", True, "edit", 2)]
    Membership.objects.filter(segment=found).delete()  # something went wrong: the next rebuild says so
    shop_api.post(f"/api/v1/segments/{found.pk}/retire", headers=once("2"))
    tagged(bob, "VIP")
    touch([bob.pk], TouchTopic.TAGS)
    refresh()
    assert since(cursor) == ([], cursor)
    CustomerTag.objects.all().delete()
    shop_api.post(f"/api/v1/segments/{found.pk}/restore", headers=once("3"))
    rebuild_waiting()
    taken_up, last = since(cursor)
    assert taken_up == [("lin", True, "rebuild", 2), ("bob", True, "rebuild", 2)]
    assert since("latest") == ([], since("latest")[1])
    assert since(last)[0] == []
    shop_api.delete(f"/api/v1/segments/{found.pk}", headers=once("4"))
    assert shop_api.get(log, {"cursor": last}).status_code == 404


@pytest.mark.parametrize("cursor", ["", "x", "1", "-1-2", "1-2-3", "9" * 30 + "-1", "1-2\0", "１-２"])
def test_a_cursor_that_is_none_of_ours(shop_api: APIClient, cursor: str) -> None:
    refused = shop_api.get(f"/api/v1/segments/{segment(VIP).pk}/changes", {"cursor": cursor})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "bad_cursor")


@pytest.mark.parametrize(
    "cursor", ["p=abc", "p=\0", "p=1.5", "p=" + "9" * 40, "o=x", "o=-1", "p=2026-02-30", "r=1&p=é"]
)
@pytest.mark.parametrize("address", ["segments", "segments/{}/members", "webhooks", "webhooks/{}/deliveries"])
def test_a_page_that_is_none_of_ours(shop_api: APIClient, address: str, cursor: str) -> None:
    found = segment(VIP)
    hook = endpoints.create(name="CRM", url="https://crm.example.com/h", segments=[found.pk], by=None)
    pk = hook.pk if "webhooks" in address else found.pk
    asked = {"cursor": b64encode(cursor.encode()).decode()}
    assert shop_api.get(f"/api/v1/{address.format(pk)}", asked).status_code in {200, 404}
