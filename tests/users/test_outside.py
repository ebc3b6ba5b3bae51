"""The storefront API from outside, over a real socket: what a shopper's token, a server key and nonsense get there."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from config.kit import clock
from tests.architecture.test_addresses import ROUTES, UNSAFE
from tests.storefront import shopper
from tests.users.door import customer, identify, send, track
from users.models import Scope
from users.services import api_keys

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
SERVER = sorted(
    (address, view.view_class)
    for address, view in ROUTES
    if address.startswith("api/v1/") and "/me/" not in address and "schema" not in address
)
OWN = sorted((address, view.view_class) for address, view in ROUTES if address.startswith("api/v1/me/"))


NOWHERE = "7d5a3b6e-3a52-4c2e-9a55-0f6f0e7b8a11"


def calls(views: list[tuple[str, Any]], number: str, key: str = NOWHERE) -> Iterator[tuple[str, str]]:
    """Every method of every route, with that number, or that key, for whatever the address names."""
    for address, view in views:
        path = "/" + re.sub(r"<[^>]+>", number, re.sub(r"<uuid:[^>]+>", key, address))
        yield from ((method, path) for method in ("get", *UNSAFE) if hasattr(view, method))


def asked(client: httpx.Client, method: str, path: str) -> tuple[int, bytes]:
    """Status and body; with a body and a key of its own where one is needed."""
    more: dict[str, Any] = {}
    if method != "get":
        more = {"headers": {"Idempotency-Key": f"{method} {path}"[:128]}}
        more |= {} if method == "delete" else {"json": {}}
    answer = client.request(method.upper(), path, **more)
    return answer.status_code, answer.content


def test_a_shoppers_token_opens_nothing_of_the_shop_and_learns_nothing(host: str) -> None:
    """Every route of a back end answers a shopper alike, whether what is asked for exists or not."""
    now = clock.now()
    send(
        identify(at=now, user="alice", name="Alice", email="alice@x.org"),
        identify(at=now, user="bob", name="Bob", email="bob@x.org"),
        track("Order Completed", at=now, user="bob", order_id="1", total=5, currency="USD"),
    )
    bob = str(customer("bob").pk)
    with shopper(host, "alice") as alice:
        there = {asked(alice, method, path) for method, path in calls(SERVER, bob)}
        nowhere = {asked(alice, method, path) for method, path in calls(SERVER, "999999999")}
        assert {status for status, _body in there} == {401}
        assert (len(there), there) == (1, nowhere)
        assert len(list(calls(SERVER, bob))) > 60
        mine = alice.get("/api/v1/me/profile")
        assert (mine.status_code, mine.json()["name"]) == (200, "Alice")
    _key, secret = api_keys.create(name="shop", scope=Scope.SERVER, by=None)
    with httpx.Client(base_url=host, headers={"Authorization": f"Bearer {secret}"}) as shop:
        as_shop = {asked(shop, method, path) for method, path in calls(OWN, "1")}
    with httpx.Client(base_url=host) as nobody:
        as_nobody = {asked(nobody, method, path)[0] for method, path in calls([*SERVER, *OWN], bob)}
    assert ({status for status, _body in as_shop}, as_nobody) == ({401}, {401})


def test_what_is_anothers_is_like_what_is_not_there(host: str) -> None:
    """The very bytes, for every thing of one's own that an address can name."""
    now = clock.now()
    send(identify(at=now, user="alice", name="Alice"), identify(at=now, user="bob", name="Bob"))
    yes = {"channel": "app_push", "token": "bobs-telephone"}
    with shopper(host, "bob") as bob, shopper(host, "alice") as alice, shopper(host, "nobody") as nobody:
        told = bob.post("/api/v1/me/devices", json=yes, headers={"Idempotency-Key": "1"})
        opened = {"kind": "question", "subject": "Broken", "text": "It broke."}
        asked_for = bob.post("/api/v1/me/conversations", json=opened, headers={"Idempotency-Key": "2"})
        assert (told.status_code, asked_for.status_code) == (201, 201), asked_for.text
        key = asked_for.json()["id"]
        pairs = [
            ("delete", "/api/v1/me/devices?channel=app_push&address=", "bobs-telephone", "no-such-telephone"),
            ("get", "/api/v1/me/conversations/", key, NOWHERE),
        ]
        for method, path, his, none in pairs:
            assert asked(alice, method, path + his) == asked(alice, method, path + none)
            assert asked(alice, method, path + his)[0] == 404
        assert asked(bob, "get", f"/api/v1/me/conversations/{key}")[0] == 200
        strangers = {asked(nobody, method, path)[0] for method, path in calls(OWN, "1", key)}
        assert strangers == {404}
