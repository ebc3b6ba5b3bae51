"""The demo shop's storefront: hands calls in at the front door, over HTTP with a server key of its own."""

import hashlib
import hmac
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import httpx
import orjson
from django.conf import settings
from django.core.wsgi import get_wsgi_application

from config.kit import clock
from users.models import ApiKey, Scope
from users.services.api_keys import PREFIXES
from users.services.demo.storytelling import Call

BODY_CALLS = 2_000
BODY_BYTES = 450_000
ATTEMPTS = 40


class DoorClosed(RuntimeError):
    """The front door did not take what the demo's storefront handed in."""


class FrontDoor:
    """``POST /v1/import`` and ``/v1/batch`` as a shop's back end calls them."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def hand_in(self, body: bytes, *, history: bool) -> None:
        """Hand in one body; waits while the door says "later". Raises DoorClosed when anything is refused."""
        path = "/v1/import" if history else "/v1/batch"
        for _ in range(ATTEMPTS):
            answer = self._client.post(path, content=body, headers={"Content-Type": "application/json"})
            if answer.status_code not in (429, 503):
                break
            time.sleep(min(float(answer.headers.get("Retry-After", "1")), 5.0))
        if answer.status_code != 200 or answer.json().get("rejected"):
            raise DoorClosed(f"{path} answered {answer.status_code}: {answer.text[:500]}")

    def hand_in_all(self, calls: Iterable[Call], *, history: bool) -> int:
        """Hand in calls in as many bodies as they need; how many calls."""
        count = 0
        for body, size in bodies(calls):
            self.hand_in(body, history=history)
            count += size
        return count


def bodies(calls: Iterable[Call]) -> Iterator[tuple[bytes, int]]:
    """Bodies of a batch call within the door's limits, with the number of calls in each."""
    parts: list[bytes] = []
    size = 0
    for call in calls:
        text = orjson.dumps(call)
        if parts and (len(parts) == BODY_CALLS or size + len(text) > BODY_BYTES):
            yield _body(parts), len(parts)
            parts, size = [], 0
        parts.append(text)
        size += len(text) + 1
    if parts:
        yield _body(parts), len(parts)


def _body(parts: list[bytes]) -> bytes:
    return b'{"batch":[' + b",".join(parts) + b"]}"


@contextmanager
def front_door(*, patience: float = 0.0) -> Iterator[FrontDoor]:
    """The running web process where there is one, else the same application inside this process.

    ``patience``: how many seconds to wait for a web process that may just be starting.
    """
    with inside_or_running(patience=patience) as client:
        yield FrontDoor(client)


@contextmanager
def inside_or_running(*, patience: float = 0.0) -> Iterator[httpx.Client]:
    """A client of the web process, as ``front_door`` says, with the demo storefront's key."""
    secret = _server_key()
    with httpx.Client(base_url=f"http://127.0.0.1:{settings.PORT}", auth=(secret, ""), timeout=60) as client:
        if settings.DEMO and _answers(client, patience):
            yield client
            return
    inside = httpx.WSGITransport(app=get_wsgi_application())
    with httpx.Client(transport=inside, base_url="http://localhost", auth=(secret, "")) as client:
        yield client


def _answers(client: httpx.Client, patience: float) -> bool:
    deadline = time.monotonic() + patience
    while not (ours := _is_ours(client)) and time.monotonic() < deadline:
        time.sleep(0.5)
    return ours


def _is_ours(client: httpx.Client) -> bool:
    """Whether a web process answers there and knows our key (it may be another shop's)."""
    try:
        return client.post("/v1/batch", json={"batch": []}).status_code not in (
            401,
            403,
            404,
        )
    except httpx.TransportError:
        return False


def _server_key() -> str:
    """The demo storefront's server key, derived from the installation's secret; registered when missing."""
    digest = hmac.new(settings.SECRET_KEY.encode(), b"the demo shop's storefront", hashlib.sha256)
    secret = f"{PREFIXES[Scope.SERVER]}{digest.hexdigest()}"
    ApiKey.objects.get_or_create(
        digest=hashlib.sha256(secret.encode()).hexdigest(),
        defaults={
            "name": "Demo shop",
            "scope": Scope.SERVER,
            "prefix": secret[:8],
            "created_at": clock.now(),
        },
    )
    return secret
