"""Webhooks on pages and over the API: roles, secrets shown once, the log, exact answers."""

import json
from typing import Any

import pytest
from django.urls import reverse

from segments.models import Endpoint, WebhookDelivery
from segments.services.webhooks import endpoints
from tests.callers import Caller, server
from tests.operators import logged_in, operator
from tests.segments.shop import segment
from users.models import Role

pytestmark = pytest.mark.django_db(transaction=True)

SUZHOU = {"field": "city", "op": "equals", "value": "Suzhou"}
URL = "https://crm.example.com/hook"


def call(caller: Caller, method: str, address: str, body: Any = None, *, once: str = "") -> Any:
    return caller.generic(
        method, f"/api/v1/{address}", b"" if body is None else json.dumps(body),
        content_type="application/json", headers={"Idempotency-Key": once} if once else {},
    )  # fmt: skip


def test_pages_by_role() -> None:
    made = endpoints.create(name="CRM", url=URL, segments=[segment(SUZHOU).pk], by=operator())
    pages = {
        "webhooks": ([], {"owner", "operator", "analyst"}),
        "webhook": ([made.pk], {"owner", "operator", "analyst"}),
        "webhook_create": ([], {"owner", "operator"}),
        "webhook_edit": ([made.pk], {"owner", "operator"}),
        "webhook_secret": ([made.pk], {"owner", "operator"}),
    }
    for role in Role.values:
        for name, (args, may) in pages.items():
            found = logged_in(role).get(reverse(f"segments:{name}", args=args))
            assert found.status_code == (200 if role in may else 403), (role, name)
            assert made.secret not in found.content.decode()
    assert (
        logged_in(Role.ANALYST).post(reverse("segments:webhook", args=[made.pk]), {"act": "ping"}).status_code
        == 403
    )


def test_by_hand() -> None:
    found, client = segment(SUZHOU), logged_in(Role.OPERATOR)
    form = {"name": "CRM", "url": URL, "segments": [str(found.pk)], "events": ["entered"]}
    wrong = client.post(reverse("segments:webhook_create"), {**form, "url": "http://10.0.0.1/"})
    assert "must begin with https" in wrong.content.decode()
    shown = client.post(reverse("segments:webhook_create"), form).content.decode()
    made = Endpoint.objects.get()
    assert made.secret in shown and made.secret.startswith("whsec_")
    page = reverse("segments:webhook", args=[made.pk])
    client.post(page, {"act": "ping"})
    assert "Trial" in client.get(page).content.decode()
    for act, state in (("pause", "paused"), ("on", "on"), ("pause", "paused"), ("skip", "on")):
        client.post(page, {"act": act})
        made.refresh_from_db()
        assert made.state == state
    client.post(reverse("segments:webhook_edit", args=[made.pk]), {**form, "name": "Desk"})
    renewed = client.post(reverse("segments:webhook_secret", args=[made.pk])).content.decode()
    made.refresh_from_db()
    assert (made.name, made.secret in renewed, made.secret in shown) == ("Desk", True, False)
    assert client.post(page, {"act": "replay-999"}).status_code == 404
    client.post(page, {"act": "delete"})
    assert not Endpoint.objects.exists()


def test_over_the_api() -> None:
    found, api = segment(SUZHOU), server()
    asked = {"name": "CRM", "url": URL, "segments": [found.pk]}
    assert call(api, "POST", "webhooks", asked).json()["error"]["code"] == "idempotency_key_missing"
    made = call(api, "POST", "webhooks", asked, once="1")
    assert (made.status_code, made.json()["events"], made.json()["secret"][:6]) == (
        201,
        ["entered", "left"],
        "whsec_",
    )
    where = f"webhooks/{made.json()['id']}"
    shown = call(api, "GET", where)
    assert (shown.json()["segments"], "secret" in shown.json()) == ([found.pk], False)
    assert [one["name"] for one in call(api, "GET", "webhooks").json()["results"]] == ["CRM"]
    changed = call(api, "PATCH", where, {"events": ["left"], "switch": "paused"}, once="2")
    assert (changed.json()["events"], changed.json()["state"]) == (["left"], "paused")
    refused = call(api, "POST", f"{where}/ping", once="3")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "switched_off")
    call(api, "PATCH", where, {"switch": "on_from_now"}, once="4")
    trial = call(api, "POST", f"{where}/ping", once="5")
    assert (trial.status_code, trial.json()["kind"], trial.json()["state"]) == (202, "ping", "waiting")
    (line,) = call(api, "GET", f"{where}/deliveries").json()["results"]
    again = call(api, "POST", f"{where}/deliveries/{line['id']}/replay", once="6")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "nothing_to_replay")
    WebhookDelivery.objects.update(after=[0, 0, 0], until=[1, 1, 1], kind="changes")
    assert call(api, "POST", f"{where}/deliveries/{line['id']}/replay", once="6").status_code == 202
    for body, code in (
        ({**asked, "url": "https://127.0.0.1/"}, "forbidden_address"), ({**asked, "segments": [9_999]}, "bad_segments"),
        ({**asked, "events": ["x"]}, "invalid_choice"), ({"name": "x"}, "required"),
    ):  # fmt: skip
        wrong = call(api, "POST", "webhooks", body, once="7")
        assert (wrong.status_code, wrong.json()["error"]["code"]) == (400, code)
    assert call(api, "DELETE", where, once="8").status_code == 204
    assert call(api, "GET", where).status_code == 404
    assert Caller().get("/api/v1/webhooks").status_code == 401
