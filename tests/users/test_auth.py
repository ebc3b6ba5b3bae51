"""Who may call the storefront API: a table of callers who are let in and of those who are not."""

import base64
from datetime import datetime, timedelta
from typing import Any

import jwt
import pytest
from django.test import RequestFactory
from rest_framework.response import Response
from rest_framework.views import APIView

from config.kit import clock
from users.api.auth import ForServer, ForShopper
from users.models import ApiKey, Customer, Identity, Scope, Storefront
from users.services import api_keys

pytestmark = pytest.mark.django_db

SECRET = "s" * 43


class Mine(ForShopper):
    def get(self, request: Any) -> Response:
        return Response({"customer": self.shopper.customer_id, "caller": self.shopper.caller})


class Shops(ForServer):
    def get(self, request: Any) -> Response:
        return Response({"caller": self.server.caller})


def call(view: type[APIView], authorization: str | None) -> Any:
    headers = {} if authorization is None else {"Authorization": authorization}
    return view.as_view()(RequestFactory().get("/api/v1/anything", headers=headers))


@pytest.fixture
def alice() -> Customer:
    now = clock.now()
    customer = Customer.objects.create(user_id="alice", identified=True, first_seen_at=now)
    Identity.objects.create(kind="user_id", value="alice", customer=customer, since=now)
    Storefront.objects.create(name="web", title="Web shop", jwt_secret=SECRET, created_at=now)
    Storefront.objects.create(name="app", title="App", jwt_secret="t" * 43, created_at=now)
    return customer


def token(*, secret: str = SECRET, algorithm: str = "HS256", life: float = 600, **claims: Any) -> str:
    issued = claims.pop("iat", datetime.now().timestamp())
    told = {"sub": "alice", "aud": "web", "iat": int(issued), "exp": int(issued + life)} | claims
    return jwt.encode({name: value for name, value in told.items() if value is not None}, secret, algorithm)


def test_a_shopper_is_let_in_as_himself(alice: Customer) -> None:
    answer = call(Mine, f"Bearer {token()}")
    assert (answer.status_code, answer.data) == (200, {"customer": alice.pk, "caller": f"shopper:{alice.pk}"})


def one_bit_changed(text: str) -> str:
    head, payload, signature = text.split(".")
    raw = bytearray(base64.urlsafe_b64decode(signature + "=="))
    raw[5] ^= 1
    return f"{head}.{payload}." + base64.urlsafe_b64encode(raw).decode().rstrip("=")


HOUR_AGO = (datetime.now() - timedelta(hours=1)).timestamp()
IN_AN_HOUR = (datetime.now() + timedelta(hours=1)).timestamp()


@pytest.mark.parametrize(
    "bad",
    [
        lambda: token(iat=HOUR_AGO),
        lambda: token(iat=IN_AN_HOUR),
        lambda: token(life=901),
        lambda: token(life=10**9),
        lambda: token(aud="app"),
        lambda: token(aud="nobody"),
        lambda: token(aud=["web"]),
        lambda: token(aud="we\0b"),
        lambda: token(aud=None),
        lambda: token(sub=None),
        lambda: token(iat=HOUR_AGO, exp=None),
        lambda: token(sub="ali\0ce"),
        lambda: token(sub="ali\ud800ce"),
        lambda: token(secret="x" * 43),
        lambda: token(secret="", algorithm="none"),
        lambda: token(algorithm="HS512"),
        lambda: one_bit_changed(token()),
        lambda: token()[:-3],
        lambda: "a.b.c",
        lambda: "é",
    ],
)
def test_a_bad_token_is_refused_and_all_alike(alice: Customer, bad: Any) -> None:
    answer = call(Mine, f"Bearer {bad()}")
    assert answer.status_code == 401
    assert answer.data == {"error": {"code": "bad_token", "message": "The token is not valid."}}
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="regulars"'


def test_without_credentials_one_is_asked_for_them(alice: Customer) -> None:
    answer = call(Mine, None)
    assert (answer.status_code, answer.data["error"]["code"]) == (401, "not_authenticated")


def test_somebody_unknown_and_somebody_erased_are_not_found(alice: Customer) -> None:
    unknown = call(Mine, f"Bearer {token(sub='bob')}")
    Customer.objects.update(erased_at=clock.now())
    erased = call(Mine, f"Bearer {token()}")
    missing = {"error": {"code": "not_found", "message": "There is no such thing."}}
    assert (unknown.status_code, unknown.data) == (erased.status_code, erased.data) == (404, missing)


def test_a_server_key_is_let_in_as_bearer_and_as_basic() -> None:
    key, secret = api_keys.create(name="Back end", scope=Scope.SERVER, by=None)
    basic = base64.b64encode(f"{secret}:".encode()).decode()
    for authorization in (f"Bearer {secret}", f"Basic {basic}"):
        answer = call(Shops, authorization)
        assert (answer.status_code, answer.data) == (200, {"caller": f"key:{key.pk}"})


def test_other_keys_are_refused(alice: Customer) -> None:
    write = api_keys.create(name="Window", scope=Scope.WRITE, by=None)[1]
    key, revoked = api_keys.create(name="Old", scope=Scope.SERVER, by=None)
    api_keys.revoke(key, by=None)
    for secret in (write, revoked, "rgs_never", "nothing", token()):
        assert call(Shops, f"Bearer {secret}").status_code == 401
    assert call(Mine, f"Bearer {revoked}").status_code == 401


def test_of_a_key_only_the_digest_is_kept() -> None:
    key, secret = api_keys.create(name="Back end", scope=Scope.SERVER, by=None)
    row = ApiKey.objects.filter(pk=key.pk).values().get()
    assert row["prefix"] == secret[:8]
    assert not any(secret in str(value) for value in row.values())
