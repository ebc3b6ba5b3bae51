"""Webhooks out over real HTTP: signed, in order, at least once, nothing lost, only what may start something."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from pytest_django.fixtures import Settings
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from config.kit import clock, http
from config.kit.refusal import Conflict, Refusal
from segments.models import Endpoint, Segment, WebhookDelivery
from segments.page_parts import webhooks_in_trouble
from segments.services import lists
from segments.services.refresh import refresh
from segments.services.segments import delete_segment
from segments.services.webhooks import batches, deliver, endpoints, signing
from segments.services.webhooks.deliver import deliver_due, forget_old
from tests.operators import operator
from tests.segments.shop import customer, segment
from users.models import AuditEntry, Customer
from users.services.touch import as_history, touch
from users.topics import TouchTopic

pytestmark = pytest.mark.django_db(transaction=True)

SUZHOU = {"field": "city", "op": "equals", "value": "Suzhou"}


@pytest.fixture
def receiver(httpserver: HTTPServer, settings: Settings) -> Iterator[HTTPServer]:
    """A receiver on this machine that webhooks may be sent to."""
    settings.HTTP_ALLOWED = [f"{httpserver.host}:{httpserver.port}"]
    yield httpserver


def hook(receiver: HTTPServer, *segments: Segment, path: str = "/hook", **more: Any) -> Endpoint:
    return endpoints.create(
        name="CRM", url=receiver.url_for(path), segments=[one.pk for one in segments], by=operator(), **more
    )


def move(people: list[Customer], city: str) -> None:
    """An event of the customers changes where they live."""
    Customer.objects.filter(pk__in=[one.pk for one in people]).update(city=city)
    touch([one.pk for one in people], TouchTopic.PROFILE)
    refresh()


def bodies(receiver: HTTPServer) -> list[dict[str, Any]]:
    return [json.loads(request.data) for request, _response in receiver.log]


def told(receiver: HTTPServer) -> list[tuple[str, int]]:
    """(event, customer) in the order in which they came."""
    return [
        (one["event"].partition(".")[2], one["customer"])
        for body in bodies(receiver)
        for one in body.get("data", {}).get("changes", ())
    ]


def again_now(endpoint: Endpoint) -> None:
    Endpoint.objects.filter(pk=endpoint.pk).update(due_at=clock.lease_now() - timedelta(seconds=1))


def test_the_signature_is_that_of_the_specification() -> None:
    """The example that the specification's libraries are tested with."""
    signature = signing.sign(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
        b'{"test": 2432232314}',
    )  # fmt: skip
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_who_entered_and_left_is_told_in_order_and_signed(receiver: HTTPServer) -> None:
    ann, bob = customer(user_id="ann"), customer()
    found = segment(SUZHOU, name="Suzhou")
    move([ann], "Suzhou")  # before anybody asked
    endpoint = hook(receiver, found)
    receiver.expect_request("/hook", method="POST").respond_with_data("ok")
    move([ann], "Wuxi")
    move([bob], "Suzhou")
    move([ann], "Suzhou")

    assert deliver_due() == {"delivered": 1, "failed": 0}
    assert told(receiver) == [("left", ann.pk), ("entered", bob.pk), ("entered", ann.pk)]
    ((request, _answer),) = receiver.log
    sent = request.headers
    expected = signing.sign(endpoint.secret, sent["webhook-id"], int(sent["webhook-timestamp"]), request.data)
    assert sent["webhook-signature"] == expected
    assert abs(int(sent["webhook-timestamp"]) - time.time()) < 60
    (body,) = bodies(receiver)
    assert (body["type"], body["id"]) == ("segment.changes", sent["webhook-id"])
    first = body["data"]["changes"][0]
    assert first["segment"] == {"id": found.pk, "name": "Suzhou"}
    assert (first["user_id"], first["cause"], first["version"]) == ("ann", "event", 1)
    assert deliver_due() == {"delivered": 0, "failed": 0}
    line = WebhookDelivery.objects.get()
    assert (line.state, line.status, line.changes, line.attempts) == ("delivered", 200, 3, 1)


def test_only_what_may_start_something_is_told(receiver: HTTPServer) -> None:
    from django.db import transaction

    from segments.services.rebuild import rebuild
    from segments.services.segments import edit_segment
    from tests.segments.shop import rule

    ann, bob, cleo = customer(), customer(), customer()
    found, guests = segment(SUZHOU), lists.create_list(name="Guests", by=None)
    parent = segment({"segment": guests.pk, "op": "in"})
    refresh()
    hook(receiver, found, parent, guests)
    receiver.expect_request("/hook").respond_with_data("ok")
    with transaction.atomic():
        as_history()
        Customer.objects.filter(pk=ann.pk).update(city="Suzhou")
        touch([ann.pk], TouchTopic.PROFILE)
    refresh()
    Customer.objects.filter(pk=bob.pk).update(city="Wuxi")
    edit_segment(found, rule=rule({**SUZHOU, "value": "Wuxi"}), by=None)
    rebuild(found)
    lists.change(guests, [cleo.pk], "add", by=None)
    refresh()
    assert deliver_due() == {"delivered": 0, "failed": 0}
    move([cleo], "Wuxi")
    deliver_due()
    assert told(receiver) == [("entered", cleo.pk)]


def test_only_the_events_and_segments_asked_for(receiver: HTTPServer) -> None:
    ann = customer()
    suzhou, wuxi = segment(SUZHOU), segment({**SUZHOU, "value": "Wuxi"})
    endpoint = hook(receiver, suzhou, events=["left"])
    receiver.expect_request("/hook").respond_with_data("ok")
    move([ann], "Suzhou")
    move([ann], "Wuxi")
    endpoints.edit(endpoint, segments=[suzhou.pk, wuxi.pk], events=["entered", "left"], by=None)
    deliver_due()
    # The place had not moved yet: what happened in Suzhou is told as is asked now, Wuxi only from now on.
    assert told(receiver) == [("entered", ann.pk), ("left", ann.pk)]
    move([ann], "Suzhou")
    deliver_due()
    assert sorted(told(receiver)[2:]) == [("entered", ann.pk), ("left", ann.pk)]


def test_a_thousand_changes_come_in_hundreds_each_once(receiver: HTTPServer) -> None:
    now = clock.now()
    people = Customer.objects.bulk_create(Customer(first_seen_at=now) for _ in range(430))
    found = segment(SUZHOU)
    hook(receiver, found)
    receiver.expect_request("/hook").respond_with_data("ok")
    move(list(people), "Suzhou")
    assert deliver_due() == {"delivered": 5, "failed": 0}
    assert [len(body["data"]["changes"]) for body in bodies(receiver)] == [100, 100, 100, 100, 30]
    assert told(receiver) == [("entered", one.pk) for one in people]


def test_a_failing_receiver_gets_the_same_again_later_and_nothing_out_of_order(receiver: HTTPServer) -> None:
    ann = customer()
    found = segment(SUZHOU)
    endpoint = hook(receiver, found)
    receiver.expect_ordered_request("/hook").respond_with_data("broken", status=500)
    receiver.expect_ordered_request("/hook").respond_with_data("busy", status=503)
    receiver.expect_ordered_request("/hook").respond_with_data(
        "moved", status=302, headers={"Location": "/x"}
    )
    receiver.expect_ordered_request("/hook").respond_with_data("ok")
    receiver.expect_ordered_request("/hook").respond_with_data("ok")
    move([ann], "Suzhou")
    waits = []
    for _ in range(3):
        again_now(endpoint)
        assert deliver_due() == {"delivered": 0, "failed": 1}
        assert deliver_due() == {"delivered": 0, "failed": 0}  # not due yet
        endpoint.refresh_from_db()
        waits.append(round((endpoint.due_at - clock.lease_now()).total_seconds()))
        move([ann], "Wuxi" if len(waits) % 2 else "Suzhou")
    assert [
        wait in (seconds, seconds - 1, seconds - 2) for wait, seconds in zip(waits, (5, 10, 20), strict=True)
    ] == [True] * 3
    assert (endpoint.problem, endpoint.failing_since is not None) == ("302", True)
    again_now(endpoint)
    assert deliver_due() == {"delivered": 2, "failed": 0}
    assert len({body["id"] for body in bodies(receiver)[:4]}) == 1
    assert told(receiver)[3:] == [
        ("entered", ann.pk), ("left", ann.pk), ("entered", ann.pk), ("left", ann.pk),
    ]  # fmt: skip
    endpoint.refresh_from_db()
    assert (endpoint.attempts, endpoint.failing_since, endpoint.problem) == (0, None, "")


def test_a_slow_receiver_is_given_up(receiver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = customer()
    endpoint = hook(receiver, segment(SUZHOU))

    def dawdle(request: Request) -> Response:
        time.sleep(0.8)
        return Response("late")

    receiver.expect_request("/hook").respond_with_handler(dawdle)
    monkeypatch.setattr(deliver, "ANSWER_WITHIN", 0.3)
    move([ann], "Suzhou")
    began = time.monotonic()
    assert deliver_due() == {"delivered": 0, "failed": 1}
    assert time.monotonic() - began < 0.8
    assert (WebhookDelivery.objects.get().problem, endpoint.state) == ("timeout", "on")
    while not receiver.log:  # the late answer belongs to this test
        time.sleep(0.05)


def test_gone_and_days_of_failure_switch_it_off_and_nothing_is_lost(receiver: HTTPServer) -> None:
    ann, bob = customer(), customer()
    found = segment(SUZHOU)
    endpoint = hook(receiver, found)
    receiver.expect_ordered_request("/hook").respond_with_data("gone", status=410)
    receiver.expect_ordered_request("/hook").respond_with_data("no", status=500)
    receiver.expect_ordered_request("/hook").respond_with_data("ok")
    receiver.expect_ordered_request("/hook").respond_with_data("ok")
    move([ann], "Suzhou")
    deliver_due()
    endpoint.refresh_from_db()
    assert (endpoint.state, endpoint.problem) == ("disabled", "410")
    (row,) = webhooks_in_trouble(clock.now())["rows"]
    assert (row["endpoint"], row["word"], row["tone"]) == (endpoint, "switched off", "bad")
    endpoints.switch(endpoint, is_on=True, by=operator())
    Endpoint.objects.update(failing_since=clock.lease_now() - timedelta(days=3, minutes=1))
    deliver_due()
    endpoint.refresh_from_db()
    assert endpoint.state == "disabled"
    assert deliver_due() == {"delivered": 0, "failed": 0}
    move([bob], "Suzhou")
    endpoints.switch(endpoint, is_on=True, by=operator())
    deliver_due()
    assert told(receiver)[2:] == [("entered", ann.pk), ("entered", bob.pk)]
    off = AuditEntry.objects.filter(act="webhook.switch", operator=None)
    assert [entry.after["reason"] for entry in off.order_by("pk") if entry.after] == ["410", "500"]


def test_going_on_may_leave_out_what_waited(receiver: HTTPServer) -> None:
    ann, bob = customer(), customer()
    endpoint = hook(receiver, segment(SUZHOU))
    receiver.expect_request("/hook").respond_with_data("ok")
    endpoints.switch(endpoint, is_on=False, by=operator())
    move([ann], "Suzhou")
    assert deliver_due()["delivered"] == 0
    endpoints.switch(endpoint, is_on=True, skip=True, by=operator())
    move([bob], "Suzhou")
    deliver_due()
    assert told(receiver) == [("entered", bob.pk)]


class Killed(BaseException):
    """The worker dies here."""


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_worker_that_dies_in_between_loses_nothing(receiver: HTTPServer, when: str) -> None:
    ann = customer()
    endpoint = hook(receiver, segment(SUZHOU))
    receiver.expect_request("/hook").respond_with_data("ok")
    move([ann], "Suzhou")

    def dying(*args: Any, **kwargs: Any) -> http.Answer:
        if when == "after":
            http.post(*args, **kwargs)
        raise Killed

    with pytest.raises(Killed):
        deliver_due(post=dying)
    assert deliver_due() == {"delivered": 0, "failed": 0}  # the dead worker's lease
    Endpoint.objects.update(lease_until=clock.lease_now() - timedelta(seconds=1))
    assert deliver_due() == {"delivered": 1, "failed": 0}
    assert len({body["id"] for body in bodies(receiver)}) == 1
    assert set(told(receiver)) == {("entered", ann.pk)}
    assert endpoint.pk


def test_a_trial_and_a_repetition(receiver: HTTPServer) -> None:
    ann = customer()
    endpoint = hook(receiver, segment(SUZHOU))
    receiver.expect_request("/hook").respond_with_data("ok")
    endpoints.ping(endpoint, by=operator())
    move([ann], "Suzhou")
    deliver_due()
    assert [body["type"] for body in bodies(receiver)] == ["ping", "segment.changes"]
    done = WebhookDelivery.objects.get(kind="changes")
    Customer.objects.filter(pk=ann.pk).update(user_id="ann")
    endpoints.replay(done, by=operator())
    deliver_due()
    first, again = (body for body in bodies(receiver) if body["type"] == "segment.changes")
    assert first["id"] != again["id"]
    assert [one["id"] for one in first["data"]["changes"]] == [one["id"] for one in again["data"]["changes"]]
    endpoints.switch(endpoint, is_on=False, by=operator())
    for act in (lambda: endpoints.ping(endpoint, by=None), lambda: endpoints.replay(done, by=None)):
        with pytest.raises(Conflict):
            act()
    assert forget_old(clock.now() + timedelta(days=31)) == 3


def test_a_trial_that_fails_does_not_hold_up_the_changes(receiver: HTTPServer) -> None:
    ann = customer()
    endpoint = hook(receiver, segment(SUZHOU))
    receiver.expect_ordered_request("/hook").respond_with_data("no", status=500)
    receiver.expect_ordered_request("/hook").respond_with_data("ok")
    endpoints.ping(endpoint, by=operator())
    move([ann], "Suzhou")
    assert deliver_due() == {"delivered": 1, "failed": 1}
    assert told(receiver) == [("entered", ann.pk)]


def test_erased_ones_are_not_told_any_more(receiver: HTTPServer) -> None:
    from segments.models import MembershipChange

    ann, bob = customer(), customer()
    endpoint = hook(receiver, segment(SUZHOU))
    receiver.expect_ordered_request("/hook").respond_with_data("no", status=500)
    receiver.expect_ordered_request("/hook").respond_with_data("ok")
    move([ann, bob], "Suzhou")
    deliver_due()
    MembershipChange.objects.filter(customer=ann).delete()
    again_now(endpoint)
    deliver_due()
    assert [one["customer"] for one in bodies(receiver)[1]["data"]["changes"]] == [bob.pk]


def test_a_segment_that_is_told_of_cannot_go(receiver: HTTPServer) -> None:
    found = segment(SUZHOU)
    endpoint = hook(receiver, found)
    with pytest.raises(Conflict) as refused:
        delete_segment(found, by=None)
    assert "webhook “CRM”" in refused.value.message
    endpoints.delete(endpoint, by=operator())
    delete_segment(found, by=None)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": ""}, "bad_name"), ({"segments": []}, "bad_segments"), ({"segments": [999_999]}, "bad_segments"),
        ({"events": []}, "bad_events"), ({"events": ["moved"]}, "bad_events"), ({"url": "nonsense"}, "bad_url"),
        ({"url": "ftp://x.org/"}, "bad_url"), ({"url": "https://a:b@x.org/"}, "credentials_in_url"),
        ({"url": "http://x.org/"}, "not_https"), ({"url": "https://127.0.0.1/"}, "forbidden_address"),
        ({"url": "https://[::1]/"}, "forbidden_address"), ({"url": "https://169.254.169.254/"}, "forbidden_address"),
        ({"url": "https://[::ffff:10.0.0.1]/"}, "forbidden_address"), ({"url": "https://x.org/\r\nA: b"}, "bad_url"),
    ],
)  # fmt: skip
def test_refusals(change: dict[str, Any], code: str) -> None:
    found = segment(SUZHOU)
    asked = {"name": "CRM", "url": "https://example.com/hook", "segments": [found.pk], **change}
    with pytest.raises(Refusal) as refused:
        endpoints.create(**asked, by=None)
    assert refused.value.code == code
    assert not Endpoint.objects.exists()


def test_batches_have_a_limit() -> None:
    assert batches.MOST == 100
