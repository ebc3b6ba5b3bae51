"""A storefront for tests: speaks to a running web server over real HTTP, as a back end or a browser."""

import json
import secrets
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
import jwt

from config.kit import clock
from users.models import Scope
from users.models import Storefront as Registered
from users.services import api_keys

JWT_SECRET = "the storefront's own secret, 32 bytes or more"


class Storefront:
    """Calls of one shop. ``key`` with scope server is believed, with scope write it is only heard."""

    def __init__(self, url: str, scope: Scope = Scope.SERVER) -> None:
        api_keys.forget_all()
        self.key, self.secret = api_keys.create(name=f"Test shop ({scope})", scope=scope, by=None)
        self.client = httpx.Client(base_url=url, auth=(self.secret, ""), timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.close()

    def send(self, *calls: dict[str, Any], history: bool = False) -> dict[str, Any]:
        """Hand in calls; what the front door answered."""
        answer = self.client.post("/v1/import" if history else "/v1/batch", json={"batch": calls})
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document


def identify(user: str, *, at: datetime | None = None, **traits: Any) -> dict[str, Any]:
    """An identify call."""
    return _call("identify", user, at, traits=traits)


def track(user: str, event: str, *, at: datetime | None = None, **properties: Any) -> dict[str, Any]:
    """A track call."""
    return _call("track", user, at, event=event, properties=properties)


def order(user: str, number: str, dollars: float, *, at: datetime | None = None) -> dict[str, Any]:
    """A paid order of one record."""
    line = {
        "product_id": "jaz-001",
        "name": "Blue Harbour",
        "category": "Jazz",
        "price": dollars,
        "quantity": 1,
    }
    return track(
        user, "Order Completed", at=at, order_id=number, total=dollars, currency="USD", products=[line]
    )


def refund(user: str, number: str, dollars: float, *, at: datetime | None = None) -> dict[str, Any]:
    """Money given back for an order."""
    return track(
        user, "Order Refunded", at=at, order_id=number, refund_id=f"R-{number}", total=dollars, currency="USD"
    )


def agrees(topic: str, granted: bool = True, channel: str = "email") -> dict[str, Any]:
    """An answer to be asked, as a trait."""
    return {"channel": channel, "topic": topic, "granted": granted, "wording": "test-1"}


def shopper(url: str, user: str) -> httpx.Client:
    """A shopper's own client: the storefront signs a short token for the userId."""
    name = "test-shop"
    Registered.objects.get_or_create(
        name=name, defaults={"title": "Test shop", "jwt_secret": JWT_SECRET, "created_at": clock.now()}
    )
    now = clock.lease_now()
    claims = {"sub": user, "aud": name, "iat": now, "exp": now + timedelta(minutes=10)}
    token = jwt.encode(claims, JWT_SECRET, algorithm="HS256")
    return httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=30)


def path_of(link: str) -> str:
    """The path and query of a link in a mail, to be asked of the test's own server."""
    parts = urlsplit(link)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _call(kind: str, user: str, at: datetime | None, **fields: Any) -> dict[str, Any]:
    call = {"type": kind, "userId": user, "messageId": f"{kind}-{secrets.token_hex(8)}", **fields}
    if at is not None:
        call["timestamp"] = at.isoformat()
    return json.loads(json.dumps(call, default=str))  # type: ignore[no-any-return]
