"""What callers hear when something fails: the one error shape, and when to come again."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.db import connection
from django.test import Client, RequestFactory
from django.urls import get_resolver

from config.kit import clock
from tests.callers import server, shopper
from tests.users.door import customer, identify, send
from users.services import api_keys

AT_THE_API = ("/api/v1/segments", "/api/v1/segments/schema", "/api/v1/webhooks", "/api/v1/me/profile")


@contextmanager
def no_store() -> Iterator[None]:
    """As with a full pool, or PostgreSQL away: every new connection is refused."""
    name = connection.settings_dict["NAME"]
    try:
        connection.settings_dict["NAME"] = "no_such_database"
        connection.close()
        yield
    finally:
        connection.settings_dict["NAME"] = name
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_without_the_store_every_address_says_when_to_come_again() -> None:
    send(identify(at=clock.now(), user="alice"))
    callers = {"/api/v1/me": shopper(customer("alice")), "/api/v1/": server()}
    key = {"Idempotency-Key": "k"}
    for client in callers.values():
        client.raise_request_exception = False
    with no_store():
        api_keys.forget_all()
        for address in AT_THE_API:
            client = callers["/api/v1/me" if "/me/" in address else "/api/v1/"]
            for answer in (client.get(address), client.post(address, {}, "application/json", headers=key)):
                assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5"), address
                assert answer.json()["error"]["code"] == "unavailable"
        settings = Client(raise_request_exception=False).get("/v1/projects/unknown/settings")
        assert (settings.status_code, settings.json()["error"]["code"]) == (503, "unavailable")
        page = Client(raise_request_exception=False).get("/p/no-such-token")
        assert (page.status_code, page.headers["Retry-After"]) == (503, "5")
        assert "Something went wrong" in page.content.decode()
        assert Client().get("/livez").status_code == 200
        assert Client().get("/readyz").json()["checks"]["database"]["ok"] is False
    assert callers["/api/v1/"].get("/api/v1/segments").status_code == 200


@pytest.mark.parametrize(
    ("path", "kind"), [("/api/v1/segments", "application/json"), ("/admin/", "text/html; charset=utf-8")]
)
def test_a_failure_of_ours_shows_nothing_of_it(path: str, kind: str) -> None:
    request: WSGIRequest = RequestFactory().get(path)
    try:
        raise RuntimeError("alice@example.org")
    except RuntimeError:
        answer: Any = get_resolver().resolve_error_handler(500)(request)
    assert (answer.status_code, answer.headers["Content-Type"]) == (500, kind)
    assert "alice" not in answer.content.decode()
    assert "Retry-After" not in answer.headers


def test_the_document_is_json_unless_yaml_is_asked_for(client: Client) -> None:
    plain = client.get("/api/v1/schema")
    assert plain.json()["openapi"].startswith("3.")
    yaml = client.get("/api/v1/schema", headers={"Accept": "application/yaml"})
    assert yaml.content.decode().startswith("openapi: 3.")
    assert client.post("/api/v1/schema").json()["error"]["code"] == "method_not_allowed"
