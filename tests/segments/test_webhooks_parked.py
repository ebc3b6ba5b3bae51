"""A request that the receiver always refuses: set aside after so many tries, said aloud, and the rest goes on."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from pytest_django.fixtures import Settings
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from config.kit import clock
from segments.models import Endpoint, WebhookDelivery
from segments.page_parts import webhooks_in_trouble
from segments.services.webhooks import batches, deliver, endpoints
from segments.services.webhooks.deliver import deliver_due, forget_old
from tests.callers import server
from tests.operators import logged_in, operator
from tests.segments.shop import customer, segment
from tests.segments.test_webhook_surfaces import call
from tests.segments.test_webhooks import SUZHOU, again_now, bodies, hook, move, told
from users.models import AuditEntry, Customer, Role

pytestmark = pytest.mark.django_db(transaction=True)


class Picky:
    """A receiver that says no whenever somebody it cannot stand is told of."""

    def __init__(self, never: Customer, status: int = 422) -> None:
        self.never, self.status = never.pk, status

    def __call__(self, request: Request) -> Response:
        assert request.json is not None
        changes = request.json.get("data", {}).get("changes", ())
        hated = any(one["customer"] == self.never for one in changes)
        return Response("no" if hated else "ok", status=self.status if hated else 200)


@pytest.fixture
def receiver(
    httpserver: HTTPServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[HTTPServer]:
    """A receiver on this machine; one change to a request, so that somebody stands alone in his."""
    settings.HTTP_ALLOWED = [f"{httpserver.host}:{httpserver.port}"]
    monkeypatch.setattr(batches, "MOST", 1)
    monkeypatch.setattr(deliver, "REFUSALS", 3)
    yield httpserver


def until_quiet(endpoint: Endpoint) -> dict[str, int]:
    """Deliver as if every wait were over, until nothing happens any more."""
    done = {"delivered": 0, "failed": 0}
    for _ in range(30):
        again_now(endpoint)
        now = deliver_due()
        if not any(now.values()):
            break
        done = {key: done[key] + now[key] for key in done}
    return done


def test_it_is_set_aside_and_the_rest_goes_on_in_order(receiver: HTTPServer) -> None:
    ann, bob, cleo = customer(), customer(), customer()
    endpoint = hook(receiver, segment(SUZHOU))
    receiver.expect_request("/hook").respond_with_handler(Picky(bob))
    for who in (ann, bob, cleo):
        move([who], "Suzhou")
    move([ann], "Wuxi")

    assert until_quiet(endpoint) == {"delivered": 3, "failed": 3}
    assert told(receiver) == [
        ("entered", ann.pk), *[("entered", bob.pk)] * 3, ("entered", cleo.pk), ("left", ann.pk),
    ]  # fmt: skip
    assert len({body["id"] for body in bodies(receiver)[1:4]}) == 1
    parked = WebhookDelivery.objects.get(state="parked")
    assert (parked.attempts, parked.refusals, parked.status, parked.changes) == (3, 3, 422, 1)
    endpoint.refresh_from_db()
    assert (endpoint.state, endpoint.failing_since, endpoint.problem) == ("on", None, "")
    entry = AuditEntry.objects.get(act="webhook.set_aside")
    assert entry.after == {"delivery": parked.number, "changes": 1, "answer": 422}
    (row,) = webhooks_in_trouble(clock.now())["rows"]
    assert (row["word"], row["sentence"]) == ("set aside", "1 request was set aside")


def test_what_was_set_aside_is_sent_again_when_the_receiver_was_mended(receiver: HTTPServer) -> None:
    ann, bob = customer(), customer()
    endpoint = hook(receiver, segment(SUZHOU))
    picky = Picky(bob, 500)
    receiver.expect_request("/hook").respond_with_handler(picky)
    move([bob], "Suzhou")
    move([bob], "Wuxi")
    move([ann], "Suzhou")
    until_quiet(endpoint)
    assert WebhookDelivery.objects.filter(state="parked").count() == 2
    assert endpoints.send_parked(endpoint, by=operator()) == 2  # in vain: it still refuses
    until_quiet(endpoint)
    assert WebhookDelivery.objects.filter(state="parked").count() == 2

    picky.never = 0
    receiver.clear_log()
    page = reverse("segments:webhook", args=[endpoint.pk])
    client = logged_in(Role.OPERATOR)
    shown = client.get(page).content.decode()
    assert (
        "2 requests were set aside: the receiver answered 3 times to each that it does not take it." in shown
    )
    assert "What to do: see in the log what the receiver answered" in shown
    assert "Send what was set aside" in shown
    rows = {
        state: len(client.get(page, {"state": state}).context["table"].rows) for state in ("parked", "", "x")
    }
    assert rows == {"parked": 2, "": 5, "x": 5}
    client.post(page, {"act": "send_parked"})
    until_quiet(endpoint)
    assert told(receiver) == [("entered", bob.pk), ("left", bob.pk)]
    assert not WebhookDelivery.objects.filter(state="parked").exists()
    assert webhooks_in_trouble(clock.now())["hidden"]
    assert "Send what was set aside" not in client.get(page).content.decode()


def test_leaving_it_out_ends_the_alarm_and_waiting_for_somebody_does_not_age(receiver: HTTPServer) -> None:
    bob = customer()
    endpoint = hook(receiver, segment(SUZHOU))
    receiver.expect_request("/hook").respond_with_handler(Picky(bob))
    move([bob], "Suzhou")
    until_quiet(endpoint)
    assert forget_old(clock.now() + timedelta(days=31)) == 0
    found = call(server(), "GET", f"webhooks/{endpoint.pk}").json()
    listed = call(server(), "GET", f"webhooks/{endpoint.pk}/deliveries?state=parked").json()["results"]
    assert (found["set_aside"], [one["state"] for one in listed]) == (1, ["parked"])
    assert call(server(), "GET", f"webhooks/{endpoint.pk}/deliveries?state=x").status_code == 400
    logged_in(Role.OPERATOR).post(reverse("segments:webhook", args=[endpoint.pk]), {"act": "leave_out"})
    line = WebhookDelivery.objects.get()
    assert (line.state, line.problem, webhooks_in_trouble(clock.now())["hidden"]) == (
        "failed",
        "skipped",
        True,
    )
    assert forget_old(clock.now() + timedelta(days=31)) == 1


@pytest.mark.parametrize("status", [503, 429, 302, None])
def test_who_is_busy_or_cannot_be_reached_keeps_its_place(
    receiver: HTTPServer, status: int | None, settings: Settings
) -> None:
    ann = customer()
    endpoint = hook(receiver, segment(SUZHOU))
    receiver.expect_request("/hook").respond_with_data("later", status=status or 200)
    if status is None:
        settings.HTTP_ALLOWED = []
    move([ann], "Suzhou")
    for _ in range(6):
        again_now(endpoint)
        deliver_due()
    line = WebhookDelivery.objects.get()
    assert (line.state, line.attempts, line.refusals) == ("waiting", 6, 0)


def test_who_changes_the_address_gives_it_all_its_tries_anew(receiver: HTTPServer) -> None:
    bob = customer()
    endpoint = hook(receiver, segment(SUZHOU))
    receiver.expect_request("/hook").respond_with_handler(Picky(bob))
    move([bob], "Suzhou")
    for act in (lambda: None, lambda: None, lambda: endpoints.edit(endpoint, name="Desk", by=operator())):
        act()
        again_now(endpoint)
        deliver_due()
    line = WebhookDelivery.objects.get()
    assert (line.state, line.attempts, line.refusals) == ("waiting", 3, 1)


def test_the_tries_take_some_six_hours() -> None:
    waits = [min(deliver.FIRST_WAIT * 2**n, deliver.LONGEST_WAIT) for n in range(16 - 1)]
    assert timedelta(hours=6) < timedelta(seconds=sum(waits)) < timedelta(hours=7)


def test_the_secret_is_said_once_and_stored_nowhere_else() -> None:
    from users.models import IdempotencyRecord

    api = server()
    asked = {"name": "CRM", "url": "https://crm.example.com/h", "segments": [segment(SUZHOU).pk]}
    first, again = (call(api, "POST", "webhooks", asked, once="1") for _ in range(2))
    secret = Endpoint.objects.get().secret
    assert (first.json()["secret"], again.json()["secret"], again.status_code) == (secret, None, 201)
    assert {**first.json(), "secret": None} == again.json()
    where = f"webhooks/{first.json()['id']}/secret"
    renewed, repeated = (call(api, "POST", where, once="2") for _ in range(2))
    newest = Endpoint.objects.get().secret
    assert (renewed.json()["secret"], repeated.json()["secret"]) == (newest, None)
    assert newest != secret
    stored: list[Any] = [str(row) for row in IdempotencyRecord.objects.values_list("answer", flat=True)]
    stored += [str(row) for row in AuditEntry.objects.values_list("before", "after")]
    assert not any("whsec_" in row for row in stored)
    assert set(AuditEntry.objects.filter(act="webhook.renew_secret").values_list("operator", flat=True)) == {
        None
    }
