"""The tracking API as a storefront sees it: every address, every answer, what is stored."""

import base64
import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from config.kit import clock
from users.api import tracking
from users.models import ApiKey, DeadLetter, IntakeBody, Scope
from users.services import api_keys
from users.services.rate_limit import RateLimit

pytestmark = pytest.mark.django_db

Post = Any


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    api_keys.forget_all()
    yield
    api_keys.forget_all()


@pytest.fixture
def write_key() -> str:
    return api_keys.create(name="Shop window", scope=Scope.WRITE, by=None)[1]


@pytest.fixture
def server_key() -> str:
    return api_keys.create(name="Back end", scope=Scope.SERVER, by=None)[1]


@pytest.fixture
def post(client: Client, write_key: str) -> Post:
    """Send a body with the write key; dictionaries are written as JSON."""

    def send(address: str, body: Any, *, key: str | None = write_key, **headers: str) -> Any:
        if key is not None:
            headers["Authorization"] = "Basic " + base64.b64encode(f"{key}:".encode()).decode()
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return client.post(address, raw, content_type="application/json", headers=headers)

    return send


def track(**fields: Any) -> dict[str, Any]:
    return {"type": "track", "event": "Product Viewed", "userId": "u1", "messageId": "m1", **fields}


def stored() -> list[dict[str, Any]]:
    return [item for body in IntakeBody.objects.order_by("pk") for item in json.loads(body.items)]


ADDRESSES = [
    (f"{address}{slash}", kind)
    for kind in ("identify", "track", "page", "screen", "group", "alias")
    for address in (f"/v1/{kind}", f"/v1/{kind[0]}")
    for slash in ("", "/")
]


@pytest.mark.parametrize(("address", "kind"), ADDRESSES)
def test_an_address_takes_events_of_its_kind(post: Post, address: str, kind: str) -> None:
    event = {"userId": "u1", "event": "Searched", "groupId": "g1", "previousId": "a1", "messageId": "m1"}
    answer = post(address, event)
    assert answer.status_code == 200
    assert answer.json() == {"success": True, "accepted": 1, "duplicates": 0, "rejected": []}
    assert [(item["type"], item["message_id"]) for item in stored()] == [(kind, "m1")]


@pytest.mark.parametrize("address", ["/v1/batch", "/v1/batch/", "/v1/b", "/beacon/v1/batch"])
def test_a_batch_is_one_row(post: Post, address: str) -> None:
    events = [track(messageId=f"m{number}") for number in range(3)]
    assert post(address, {"batch": [*events, events[0]]}).json() == {
        "success": True,
        "accepted": 3,
        "duplicates": 1,
        "rejected": [],
    }
    body = IntakeBody.objects.get()
    assert (body.confirmed, body.is_history, body.attempts) == (False, False, 0)
    assert [item["message_id"] for item in stored()] == ["m0", "m1", "m2"]


def test_a_server_key_is_believed(post: Post, server_key: str) -> None:
    post("/v1/track", track(), key=server_key)
    assert IntakeBody.objects.get().confirmed is True


def test_import_is_history_and_needs_a_server_key(post: Post, server_key: str) -> None:
    answer = post("/v1/import", {"batch": [track()]})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "not_allowed")
    assert post("/v1/import", {"batch": [track()]}, key=server_key).status_code == 200
    assert IntakeBody.objects.get().is_history is True


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "image/png"])
def test_the_content_type_does_not_matter(client: Client, write_key: str, content_type: str) -> None:
    raw = json.dumps({"writeKey": write_key, "batch": [track()]}).encode()
    assert client.post("/v1/b", raw, content_type=content_type).json()["accepted"] == 1


@pytest.mark.parametrize("header", [{}, {"Content-Encoding": "gzip"}])
def test_gzip_is_recognised_with_and_without_its_header(post: Post, header: dict[str, str]) -> None:
    raw = gzip.compress(json.dumps({"batch": [track()]}).encode(), mtime=0)
    assert post("/v1/batch", raw, **header).json()["accepted"] == 1


def test_gzip_of_several_members_is_one_text(post: Post) -> None:
    text = json.dumps({"batch": [track()]}).encode()
    parts = (text[:9], b"", text[9:20], text[20:] + b" " * 200_000)
    raw = b"".join(gzip.compress(part, mtime=0) for part in parts)
    assert post("/v1/batch", raw).json()["accepted"] == 1
    # However small each is, together they are no larger than a body may be.
    bomb = gzip.compress(b" " * 1_000, mtime=0) * 600
    assert post("/v1/batch", bomb).json()["code"] == "body_too_large"
    many = gzip.compress(b"", mtime=0) * 20_000
    assert post("/v1/batch", many).json()["code"] == "not_json"


def test_the_key_may_stand_in_the_query_or_the_body_or_be_a_bearer(client: Client, write_key: str) -> None:
    plain = json.dumps(track()).encode()
    told = json.dumps(track(writeKey=write_key)).encode()
    kind = "text/plain"
    assert client.post(f"/v1/t?writeKey={write_key}", plain, content_type=kind).status_code == 200
    assert client.post("/v1/t", told, content_type=kind).status_code == 200
    bearer = {"Authorization": f"Bearer {write_key}"}
    assert client.post("/v1/t", plain, content_type=kind, headers=bearer).status_code == 200


@pytest.mark.parametrize(
    "authorization",
    ["Basic !!!", "Basic /w==", "Basic " + base64.b64encode(b"nobody:").decode(), "Bearer nobody", ""],
)
def test_without_a_living_key_nothing_is_taken(client: Client, authorization: str) -> None:
    headers = {"Authorization": authorization} if authorization else {}
    answer = client.post(
        "/v1/track", json.dumps(track()).encode(), content_type="text/plain", headers=headers
    )
    message = "No such API key, or it was revoked."
    error = {"code": "bad_key", "message": message}
    assert (answer.status_code, answer.json()) == (401, {"success": False, "error": error, **error})
    assert (IntakeBody.objects.count(), DeadLetter.objects.count()) == (0, 0)


def test_a_revoked_key_is_refused(post: Post, write_key: str) -> None:
    assert post("/v1/track", track()).status_code == 200
    api_keys.revoke(ApiKey.objects.get(name="Shop window"), by=None)
    assert post("/v1/track", track()).status_code == 401


def test_a_key_revoked_elsewhere_is_refused_within_seconds(
    post: Post, write_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert post("/v1/track", track()).status_code == 200
    ApiKey.objects.update(revoked_at=clock.now())
    monkeypatch.setattr(api_keys, "REMEMBERED_SECONDS", 0.0)
    assert post("/v1/track", track()).status_code == 401


def test_what_is_refused_is_told_and_parked(post: Post) -> None:
    answer = post("/v1/batch", {"batch": [track(), track(event=""), {"type": "track"}, 7]})
    assert answer.status_code == 200
    assert answer.json() == {
        "success": True,
        "accepted": 1,
        "duplicates": 0,
        "rejected": [
            {"index": 1, "code": "missing", "field": "event"},
            {"index": 2, "code": "no_identity", "field": "userId"},
            {"index": 3, "code": "not_an_object", "field": ""},
        ],
    }
    parked = DeadLetter.objects.order_by("pk").values_list("code", "field", "item")
    assert [(code, field) for code, field, _item in parked] == [
        ("missing", "event"),
        ("no_identity", "userId"),
        ("not_an_object", ""),
    ]
    assert json.loads(parked[0][2]) == track(event="")


BODIES: list[tuple[bytes, int, str]] = [
    (b"", 400, "not_json"),
    (b"{", 400, "not_json"),
    (b"\xff\xfe", 400, "not_json"),
    (b"NaN", 400, "not_json"),
    (b"[]", 400, "not_an_object"),
    (b"null", 400, "not_an_object"),
    (b"{}", 400, "no_batch"),
    (b'{"batch": {}}', 400, "no_batch"),
    (b'{"batch": [], "batch": []}', 400, "duplicate_key"),
    (b'{"batch": [], "context": {"a": "\\u0000"}}', 400, "bad_text"),
    (b'{"batch": [], "context": {"a": "\\ud800"}}', 400, "bad_text"),
    (b'{"batch": [], "n": 1e400}', 400, "number_out_of_range"),
    (b'{"batch": [], "sentAt": "yesterday"}', 400, "bad_time"),
    (b"[" * 1_000 + b"]" * 1_000, 400, "too_deep"),
    (b'{"batch":' + b"[" * 5_000 + b"]" * 5_000 + b"}", 400, "too_deep"),
    (b'{"batch": [' + b"0," * 2_500 + b"0]}", 413, "too_many_events"),
    (b'{"batch": []}' + b" " * 512_000, 413, "body_too_large"),
    (b" " * 6_000_000, 413, "body_too_large"),
    (gzip.compress(b"0" * 300_000_000, mtime=0), 413, "body_too_large"),
    (gzip.compress(b'{"batch": []}', mtime=0)[:-4], 400, "bad_gzip"),
    (gzip.compress(b'{"batch": []}', mtime=0) + b"more", 400, "bad_gzip"),
    (gzip.compress(b'{"batch": []}', mtime=0) * 2 + b"\x1f", 400, "bad_gzip"),
    (gzip.compress(b'{"batch": [', mtime=0) + gzip.compress(b"]}", mtime=0)[:-1], 400, "bad_gzip"),
    (b"\x1f\x8bnot gzip", 400, "bad_gzip"),
]


@pytest.mark.parametrize(("raw", "status", "code"), BODIES, ids=lambda value: str(value)[:20])
def test_a_bad_body_is_refused_as_a_whole(post: Post, raw: bytes, status: int, code: str) -> None:
    answer = post("/v1/batch", raw)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.json()["code"] == code
    assert IntakeBody.objects.count() == 0


@pytest.mark.parametrize("query", ["&".join(["a=1"] * 50), "=&=&;", "writeKey", "writeKey=%00", "%ff=%fe"])
def test_no_query_makes_a_failure(client: Client, write_key: str, query: str) -> None:
    told = json.dumps(track()).encode()
    assert client.post(f"/v1/t?{query}", told, content_type="text/plain").status_code == 401
    found = client.post(f"/v1/t?{query}&writeKey={write_key}", told, content_type="text/plain")
    assert found.status_code == (401 if query.startswith("writeKey=") else 200)


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch"])
def test_only_post_is_taken(client: Client, method: str) -> None:
    answer = getattr(client, method)("/v1/track")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST, OPTIONS")


def test_browsers_of_any_site_may_send_without_cookies(client: Client) -> None:
    preflight = client.options("/v1/t")
    assert preflight.status_code == 204
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert "Content-Type" in preflight.headers["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in preflight.headers
    asked = {"Access-Control-Request-Headers": "authorization, anonymousid,x-of-an-sdk"}
    for address in ("/v1/t", "/beacon/v1/batch/", "/v1/projects/any/settings"):
        told = client.options(address, headers=asked)
        assert told.status_code == 204
        assert told.headers["Access-Control-Allow-Headers"] == asked["Access-Control-Request-Headers"]
    hostile = client.options("/v1/t", headers={"Access-Control-Request-Headers": "a; b=<script>"})
    assert "script" not in hostile.headers["Access-Control-Allow-Headers"]
    assert client.post("/v1/t", b"", content_type="text/plain").headers["Access-Control-Allow-Origin"] == "*"


def test_too_many_requests_wait(post: Post, redis_client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracking, "rate", RateLimit(3))
    monkeypatch.setattr("users.services.rate_limit.time.time", lambda: 1_000_004.0)
    assert [post("/v1/track", track()).status_code for _ in range(5)] == [200, 200, 200, 429, 429]
    answer = post("/v1/track", track())
    assert (answer.headers["Retry-After"], answer.json()["code"]) == ("6", "too_many_requests")


def test_without_redis_everything_is_taken(
    post: Post, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    monkeypatch.setattr(tracking, "rate", RateLimit(1))
    assert [post("/v1/track", track()).status_code for _ in range(3)] == [200, 200, 200]


def test_no_key_is_ever_logged(
    client: Client, write_key: str, server_key: str, caplog: pytest.LogCaptureFixture, capfd: Any
) -> None:
    caplog.set_level("DEBUG")
    for key in (write_key, server_key, "rgw_never-made"):
        client.post(f"/v1/t?writeKey={key}", b"{", content_type="text/plain")
        client.post("/v1/b", json.dumps({"writeKey": key, "batch": 7}).encode(), content_type="text/plain")
        client.get(f"/v1/projects/{key}/settings")
        client.get("/api/v1/me/points", headers={"Authorization": f"Bearer {key}"})
    written = caplog.text + "".join(capfd.readouterr())
    assert "request" in written
    assert not any(key in written for key in (write_key, server_key, "rgw_never-made"))


def test_the_browser_sdk_learns_where_to_send(client: Client, write_key: str, settings: Any) -> None:
    settings.PUBLIC_URL = "https://regulars.example.com"
    answer = client.get(f"/v1/projects/{write_key}/settings")
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    segment = answer.json()["integrations"]["Segment.io"]
    assert (segment["apiKey"], segment["protocol"]) == (write_key, "https")
    assert segment["apiHost"] == "regulars.example.com/v1"


def test_settings_of_a_server_key_or_of_nothing_are_not_found(client: Client, server_key: str) -> None:
    assert client.get(f"/v1/projects/{server_key}/settings").status_code == 404
    assert client.get("/v1/projects/nothing/settings").status_code == 404


def test_settings_stand_with_a_slash_too(client: Client, write_key: str) -> None:
    plain, slash = (client.get(f"/v1/projects/{write_key}/settings{end}") for end in ("", "/"))
    assert (slash.status_code, slash.content) == (200, plain.content)


@pytest.mark.parametrize("address", ["/v1/nothing", "/v1/track/more", "/api/v1/nothing", "/api/v1/segments/"])
def test_what_is_not_there_is_told_in_the_one_shape(client: Client, address: str) -> None:
    for answer in (client.get(address), client.post(address, b"{}", content_type="application/json")):
        assert answer.status_code == 404
        assert answer.json() == {"error": {"code": "not_found", "message": "There is no such thing."}}


def test_an_empty_sending_time_is_none(post: Post) -> None:
    alone = post("/v1/track", track(timestamp="2026-05-01T12:00:00Z", sentAt=""))
    batch = post("/v1/batch", {"sentAt": "", "batch": [track(timestamp="2026-05-01T12:00:00Z")]})
    assert [answer.json().get("accepted") for answer in (alone, batch)] == [1, 1]
    assert {item["occurred_at"] for item in stored()} == {"2026-05-01T12:00:00+00:00"}
