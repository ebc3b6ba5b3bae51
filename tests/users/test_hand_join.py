"""Joining by hand: the preview says what the join then does; joins commute, associate, and repeat harmlessly."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse

from growth.models import Balance, EntryKind
from growth.services.earn import grant
from tests.clock import move_to
from tests.operators import logged_in, operator
from tests.settling import apply_everything
from tests.users.door import customer, identify, send, track, visit, visitor
from users.models import AuditEntry, Channel, Consent, ContactPoint, Customer, CustomerAlias, Role, Standing
from users.services import contacts, hand_join, joining

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 5, 20, 4, 0, tzinfo=UTC)
DAY = timedelta(days=1)
NEWS = {"channel": "email", "topic": "news"}


@pytest.fixture(autouse=True)
def _today() -> None:
    move_to(NOON)


def alice_and_a_visitor() -> tuple[Customer, Customer]:
    """Alice agreed; the visitor, known by mail, refused, bought for 30 and is called Ali."""
    send(
        identify(
            at=NOON - DAY, user="alice", name="Alice", email="a@x.org", consents=[{**NEWS, "granted": True}]
        ),
        identify(
            at=NOON - 2 * DAY, anonymous="b", name="Ali", city="Ulm", consents=[{**NEWS, "granted": False}]
        ),
        identify(at=NOON - 2 * DAY, anonymous="b", email="v@x.org", colour="red"),
        track("Order Completed", at=NOON - DAY, anonymous="b", order_id="1", total=30),
    )
    return customer("alice"), visitor("b")


def test_the_preview_says_what_the_join_does() -> None:
    alice, other = alice_and_a_visitor()
    seen = hand_join.preview(other.pk, alice.pk)
    assert (seen.survivor, seen.absorbed, seen.word) == (alice, other, str(other.pk))
    moved = {str(row.title): (row.kept, row.absorbed) for row in seen.moved}
    assert moved["Orders"] == (0, 1) and moved["Contact points"] == (1, 1) and moved["Consents"] == (1, 1)
    assert [(str(t.title), t.kept, t.absorbed, t.result) for t in seen.traits] == [
        ("name", "Alice", "Ali", "Alice"),
        ("city", None, "Ulm", "Ulm"),
        ("colour", None, "red", "red"),
    ]
    assert [(c.kept, c.absorbed, c.result) for c in seen.consents] == [(True, False, False)]
    assert [(c.address, c.state, c.is_shared) for c in seen.contacts] == [("v@x.org", "unverified", False)]
    assert not CustomerAlias.objects.exists()
    hand_join.join_by_hand(alice.pk, other.pk, typed=seen.word, by=operator(), now=NOON)
    after = customer("alice")
    assert (after.name, after.attributes["city"], after.attributes["colour"]) == ("Alice", "Ulm", "red")
    assert not Consent.objects.get(customer=alice, is_current=True).granted
    assert Standing.objects.get(pk=alice.pk).orders == 1
    entry = AuditEntry.objects.get(act="customer.join")
    assert entry.before and entry.before["absorbed"]["id"] == other.pk
    assert entry.after and entry.after["moved"]["Orders"] == 1


def test_two_users_are_never_joined() -> None:
    send(visit(at=NOON, user="alice"), visit(at=NOON, user="bob"))
    page = reverse("users:join", args=[customer("alice").pk])
    shown = logged_in(Role.OPERATOR).get(page, {"with": customer("bob").pk})
    assert "never joined" in shown.content.decode()
    told = {"with": customer("bob").pk, "typed": str(customer("bob").pk)}
    answer = logged_in(Role.OPERATOR).post(page, told, follow=True)
    assert "never joined" in answer.content.decode()
    assert Customer.objects.count() == 2


def test_the_page_finds_shows_and_joins_only_what_was_typed() -> None:
    alice, other = alice_and_a_visitor()
    client, page = logged_in(Role.OPERATOR), reverse("users:join", args=[alice.pk])
    found = client.get(page, {"q": "v@x.org"}).content.decode()
    assert f"?with={other.pk}" in found
    assert "Ulm" in client.get(page, {"with": other.pk}).content.decode()
    wrong = client.post(page, {"with": other.pk, "typed": "yes"}, follow=True).content.decode()
    assert f"Type the number {other.pk} to confirm." in wrong and not CustomerAlias.objects.exists()
    answer = client.post(page, {"with": other.pk, "typed": f" {other.pk} "})
    assert answer["Location"] == reverse("users:customer", args=[alice.pk])
    old = client.get(reverse("users:customer", args=[other.pk]))
    assert old["Location"] == reverse("users:customer", args=[alice.pk])


@pytest.mark.parametrize("other", ["", "0", "x", "99999999999999999999", "١"])
def test_bad_numbers_are_refused(other: str) -> None:
    send(visit(at=NOON, user="alice"))
    page = reverse("users:join", args=[customer("alice").pk])
    client = logged_in(Role.OPERATOR)
    assert client.get(page, {"with": other}).status_code == 200
    assert client.post(page, {"with": other, "typed": other}, follow=True).status_code == 200
    assert Customer.objects.count() == 1


def three() -> list[int]:
    """Alice, and two visitors; their points, answers and addresses overlap and differ."""
    send(identify(at=NOON - DAY, user="alice", email="both@x.org", consents=[{**NEWS, "granted": True}]))
    send(identify(at=NOON, anonymous="b", consents=[{**NEWS, "granted": False}], colour="red"))
    send(identify(at=NOON - DAY, anonymous="c", consents=[{**NEWS, "granted": True}], colour="blue"))
    send(track("Order Completed", at=NOON - DAY, anonymous="b", order_id="1", total=30))
    send(track("Order Completed", at=NOON - 40 * DAY, anonymous="c", order_id="2", total=12))
    ids = [customer("alice").pk, visitor("b").pk, visitor("c").pk]
    for points, customer_id in enumerate(ids, start=1):
        grant(customer_id, points * 10, key=f"g{points}", kind=EntryKind.ADJUST, now=NOON)
        told = contacts.Contact(customer_id, Channel.EMAIL, "both@x.org", confirmed=points == 2)
        contacts.add_many([told], NOON)
    contacts.set_state(ids[2], "email", "both@x.org", "blocked", NOON)
    apply_everything()
    return ids


def outcome(survivor: int) -> dict[str, Any]:
    standing = Standing.objects.get(pk=survivor)
    point = ContactPoint.objects.get(customer=survivor)
    return {
        "points": Balance.objects.get(pk=survivor).active,
        "said": Consent.objects.get(customer=survivor, is_current=True).granted,
        "address": (point.state, point.confirmed),
        "standing": (standing.stage, standing.stage_at, standing.orders, standing.revenue),
        "colour": Customer.objects.get(pk=survivor).attributes["colour"],
        "left": Customer.objects.count(),
    }


def test_joins_commute_associate_and_repeat_harmlessly() -> None:
    a, b, c = three()
    ways = [
        *([(a, x), (a, y)] for x, y in permutations((b, c))),
        [(b, c), (a, b)],
        [(c, b), (a, c)],
    ]
    found = []
    for way in ways:
        with transaction.atomic():
            for survivor, absorbed in way:
                joining.join(survivor, absorbed, now=NOON, cause="hand")
            for _twice in range(2):
                apply_everything()
                joining.look_again(NOON + joining.AGAIN_AFTER * 2)
            found.append(outcome(a))
            transaction.set_rollback(True)
    with transaction.atomic():
        joining.join_many({b: a, c: a}, now=NOON, cause="identify")
        apply_everything()
        found.append(outcome(a))
        transaction.set_rollback(True)
    assert found[0]["points"] == 60 and found[0]["said"] is False
    assert found[0]["address"] == ("blocked", True)
    assert (found[0]["colour"], found[0]["standing"][2:]) == ("red", (2, 4_200))
    assert all(one == found[0] for one in found)
