"""What is refused whatever way it is tried: two users made one, a changed delivery, an erasure or a copy of others."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.urls import reverse
from pytest_django.fixtures import Settings

from config.kit import clock
from config.kit.refusal import NotFound, Refusal
from tests.operators import logged_in, operator
from tests.users.back_end import Caller, refusal
from tests.users.door import customer, identify, item, send, visit
from tests.users.files.hands import checked, run
from tests.users.hooks.payloads import connection, deliver, event_sign, shopify_customer, signature
from users.models import Customer, CustomerAlias, DataExport, Erasure, LongJob, Role, ShopDelivery, ShopKind
from users.services import bundles, erase, hand_join, long_jobs
from users.services.intake import apply_waiting

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _place(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = settings.SINK_DIR = tmp_path


def both_say(**told: Any) -> Callable[[], None]:
    """Both users are told with the same key, in one body and in two."""

    def act() -> None:
        now = clock.now()
        send(identify(at=now, user="alice", **told), identify(at=now, user="bob", **told))
        send(identify(at=now, user="bob", **told))

    return act


def on_one_device() -> None:
    for user in ("alice", "bob"):
        send(item("identify", at=clock.now(), user=user, context={"device": {"token": "t-1"}}))


def alias_of_a_user() -> None:
    send(item("alias", at=clock.now(), user="bob", previous="alice"))
    send(identify(at=clock.now(), user="alice", anonymous="shared"))
    send(item("alias", at=clock.now(), user="bob", previous="shared"))


def one_browser() -> None:
    send(identify(at=clock.now(), user="alice", anonymous="shared"))
    send(identify(at=clock.now(), user="bob", anonymous="shared"), visit(at=clock.now(), anonymous="shared"))


def by_hand() -> None:
    one, other = customer("alice").pk, customer("bob").pk
    with pytest.raises(Refusal):
        hand_join.join_by_hand(one, other, typed=str(other), by=operator(), now=clock.now())


def by_the_api() -> None:
    shop, one, other = Caller(), customer("alice").pk, customer("bob").pk
    assert refusal(shop.get(f"customers/{one}/join", other=other))[:2] == (409, "two_users")
    told = {"other": other, "confirm": str(other)}
    assert refusal(shop.post(f"customers/{one}/join", told))[:2] == (409, "two_users")


def by_a_file() -> None:
    send(identify(at=clock.now(), user="alice", email="a@x.org", phone="+8613800138000"))
    for match_key in ("user_id", "email", "phone"):
        rows = (("bob", "a@x.org", "+8613800138000", "Bob"),)
        run(checked("customers", ("user_id", "email", "phone", "name"), *rows, match_key=match_key))


def by_a_shop() -> None:
    send(identify(at=clock.now(), user="alice", email="shared@x.org"))
    shop = connection(shares_ids=True)
    deliver(shop, "customers/create", shopify_customer(7, email="shared@x.org"))
    apply_waiting()
    assert customer("7") != customer("alice")


WAYS = {
    "e-mail": both_say(email="one@x.org"), "phone": both_say(phone="+8613800138000"),
    "openid": both_say(wechatOpenid="o"), "unionid": both_say(wechatUnionid="u"), "weibo": both_say(weiboUid="w"),
    "device": on_one_device, "alias": alias_of_a_user, "browser": one_browser, "hand": by_hand, "API": by_the_api,
    "file": by_a_file, "shop": by_a_shop,
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_two_users_are_never_made_one(way: str) -> None:
    send(visit(at=clock.now(), user="alice"), visit(at=clock.now(), user="bob"))
    one, other = customer("alice").pk, customer("bob").pk
    WAYS[way]()
    assert (customer("alice").pk, customer("bob").pk) == (one, other)
    assert not CustomerAlias.objects.filter(old_id__in=[one, other]).exists()


@pytest.mark.parametrize("kind", list(ShopKind))
def test_a_delivery_with_any_byte_changed_is_forged(kind: ShopKind) -> None:
    """Also one that was cut, and one that goes on behind its end; the right one is still taken afterwards."""
    shop, raw = connection(kind), b'{"id": 7, "total_price": "10.00", "msg": "x", "type": "t"}'
    right = event_sign(raw) if kind == ShopKind.YOUZAN else signature(raw)
    luck = random.Random(kind)
    changed = [raw[:-1], raw + b" ", raw[1:]]
    for position in luck.sample(range(len(raw)), 12):
        changed.append(raw[:position] + bytes([raw[position] ^ 1 << luck.randrange(7)]) + raw[position + 1 :])
    for forged in changed:
        assert deliver(shop, "orders/create", None, raw=forged, signed=right).status_code == 401, forged
    assert not ShopDelivery.objects.exists()
    assert deliver(shop, "orders/create", None, raw=raw, signed=right).status_code == 200


def test_nobody_is_erased_twice_by_page_or_api() -> None:
    send(identify(at=clock.now(), user="alice", name="Alice"))
    alice, shop = customer("alice"), Caller("customers:erase")
    confirm = shop.post(f"customers/{alice.pk}/erase", {}).json()["confirm"]
    first = erase.ask_to_erase(alice, typed="Alice", by=operator())
    asked = shop.post(f"customers/{alice.pk}/erase", {"confirm": confirm}).json()
    assert asked["job"]["id"] == first.pk  # the one under way
    assert LongJob.objects.filter(kind=erase.ERASE).count() == 1
    long_jobs.run_due()
    assert refusal(shop.post(f"customers/{alice.pk}/erase", {"confirm": confirm}))[:2] == (404, "not_found")
    page = reverse("users:privacy", args=[alice.pk])
    assert logged_in(Role.OWNER).post(page, {"act": "erase", "typed": "Alice"}).status_code == 404
    alice.refresh_from_db()
    with pytest.raises(Refusal, match="erased already"):
        erase.ask_to_erase(alice, typed=str(alice), by=operator())
    assert Erasure.objects.count() == 1


def test_a_copy_is_not_fetched_under_another_customer() -> None:
    """The key of a copy opens it on the page of its own customer only."""
    send(
        identify(at=clock.now(), user="alice", name="Alice"), identify(at=clock.now(), user="bob", name="Bob")
    )
    bundles.ask(customer("alice").pk, by=operator(), now=clock.now())
    long_jobs.run_due()
    key: UUID = DataExport.objects.get().pk
    with pytest.raises(NotFound):
        bundles.opened(customer("bob").pk, key, clock.now())
    owner = logged_in(Role.OWNER)
    assert (
        owner.get(reverse("users:privacy", args=[customer("bob").pk]), {"file": str(key)}).status_code == 404
    )
    assert (
        owner.get(reverse("users:privacy", args=[customer("alice").pk]), {"file": str(key)}).status_code
        == 200
    )
    assert Customer.objects.living().count() == 2
