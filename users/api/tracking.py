"""The tracking API at /v1/: a request in, one durable row, an answer out.

Written against the WSGI environment rather than a framework's request, so that the server may answer it
without Django's middleware (``docs/adr``); ``tracking_urls`` offers the same function as Django views.
"""

import base64
import binascii
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import parse_qs

import orjson
from django.conf import settings
from django.db import InterfaceError, InternalError, OperationalError, connection

from config.kit import clock
from users import scopes
from users.models import ApiKey, Scope
from users.services import api_keys
from users.services.accept import accept
from users.services.rate_limit import RateLimit
from users.tracking import body as bodies
from users.tracking.items import Reading, read_body
from users.tracking.refusals import BodyRefused

T = TypeVar("T")
log = logging.getLogger(__name__)

Environ = dict[str, Any]
Headers = list[tuple[str, str]]

CORS: Headers = [("Access-Control-Allow-Origin", "*")]
USUAL_HEADERS = "Authorization, Content-Type, Content-Encoding, X-Retry-Count"
HEADER_NAMES = re.compile(r"[A-Za-z0-9-]+(?: *, *[A-Za-z0-9-]+)*")
JSON: Headers = [*CORS, ("Content-Type", "application/json"), ("X-Content-Type-Options", "nosniff")]
UNAVAILABLE = (OperationalError, InterfaceError, InternalError)
RETRY_AFTER = 5
"""Seconds a client should wait when the store is away."""
LONGEST_QUERY = 8_192
DRAINED = 4 * 1024 * 1024
"""Bytes of a too large body that are read and thrown away, so that the client reads our answer."""

rate = RateLimit(settings.TRACKING_RATE)


@dataclass(frozen=True, slots=True)
class Route:
    """What an address takes: events of one kind, or a batch; history starts nothing."""

    kind: str | None
    is_history: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: bytes
    headers: Headers


ROUTES: dict[str, Route] = {
    f"/v1/{name}": Route(kind)
    for kind in ("identify", "track", "page", "screen", "group", "alias")
    for name in (kind, kind[0])
} | {
    "/v1/batch": Route(None),
    "/v1/b": Route(None),
    "/beacon/v1/batch": Route(None),
    "/v1/import": Route(None, is_history=True),
}


def is_ours(path: str) -> bool:
    """Whether this is an address of the tracking API."""
    return path.rstrip("/") in ROUTES


def application(environ: Environ, start_response: Callable[..., Any]) -> list[bytes]:
    """The tracking API as a WSGI application; for the paths that ``is_ours`` says."""
    told = answer(environ)
    status = f"{told.status} {HTTPStatus(told.status).phrase}"
    start_response(status, [*told.headers, ("Content-Length", str(len(told.body)))])
    return [told.body]


def answer(environ: Environ) -> Answer:
    """Answer a request to one of ``ROUTES``. Never raises because of what a client sent."""
    if environ["REQUEST_METHOD"] == "OPTIONS":
        return Answer(204, b"", preflight(environ))
    try:
        return Answer(200, orjson.dumps(_take(environ)), JSON)
    except BodyRefused as refused:
        return refusal(refused)
    except UNAVAILABLE as problem:
        log.warning("tracking_unavailable", extra={"problem": type(problem).__name__})
        return refusal(BodyRefused("unavailable", retry_after=RETRY_AFTER))


def preflight(environ: Environ) -> Headers:
    """What a browser may send: the headers it asks about, whichever its SDK adds. No cookie is ever looked at."""
    asked = str(environ.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS", ""))[:500].strip()
    return [
        *CORS,
        ("Access-Control-Allow-Methods", "GET, POST, OPTIONS"),
        ("Access-Control-Allow-Headers", asked if HEADER_NAMES.fullmatch(asked) else USUAL_HEADERS),
        ("Access-Control-Max-Age", "86400"),
        ("Vary", "Access-Control-Request-Headers"),
    ]


def refusal(refused: BodyRefused) -> Answer:
    """The one error shape; ``code`` and ``message`` stand at the top as well, where the SDKs read them."""
    error = {"code": refused.code, "message": refused.message}
    headers = list(JSON)
    if refused.retry_after is not None:
        headers.append(("Retry-After", str(refused.retry_after)))
    if refused.status == 405:
        headers.append(("Allow", "POST, OPTIONS"))
    return Answer(refused.status, orjson.dumps({"success": False, "error": error, **error}), headers)


def _take(environ: Environ) -> dict[str, Any]:
    """Authenticate, read, store; what the client is told."""
    if environ["REQUEST_METHOD"] != "POST":
        raise BodyRefused("method_not_allowed")
    route = ROUTES[environ["PATH_INFO"].rstrip("/")]
    given = _key_outside_body(environ)
    key = None if given is None else _living(given)
    body = bodies.read(_raw(environ), is_batch=route.kind is None)
    if key is None:
        key = _living(body.write_key or "")
    if route.is_history and key.scope != Scope.SERVER:
        raise BodyRefused("not_allowed")
    if not scopes.allows(key.may, "events:write"):
        raise BodyRefused("scope_missing")
    received_at = _again_when_cut(clock.counted_now)
    # Read once: an event without an id of its own is given one, and keeps it when it is stored again.
    reading = read_body(body, kind=route.kind, received_at=received_at)
    _again_when_cut(lambda: _store(reading, route, key, received_at))
    return {
        "success": True,
        "accepted": len(reading.accepted),
        "duplicates": reading.duplicates,
        "rejected": [
            {"index": refused.index, "code": refused.code, "field": refused.field}
            for refused in reading.rejected
        ],
    }


def _store(reading: Reading, route: Route, key: ApiKey, received_at: datetime) -> None:
    accept(
        reading.accepted,
        key=key,
        confirmed=key.scope == Scope.SERVER,
        is_history=route.is_history,
        received_at=received_at,
        rejected=reading.rejected,
    )


def _living(secret: str) -> ApiKey:
    key = _again_when_cut(lambda: api_keys.find(secret))
    if key is None:
        raise BodyRefused("bad_key")
    wait = rate.wait(f"tracking:{key.pk}")
    if wait:
        raise BodyRefused("too_many_requests", retry_after=wait)
    return key


def _again_when_cut(act: Callable[[], T]) -> T:
    """Do it once more on a new connection when the old one turns out to be dead.

    If only the answer to a commit was lost, the items are stored twice and applied once.
    """
    try:
        return act()
    except (OperationalError, InterfaceError):
        if connection.in_atomic_block or connection.is_usable():
            raise
        connection.close()
        return act()


def _key_outside_body(environ: Environ) -> str | None:
    """The key of the Authorization header (Basic "key:" or Bearer), else of the query."""
    scheme, _, value = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value).decode().partition(":")[0] or None
        except (binascii.Error, ValueError):
            raise BodyRefused("bad_key") from None
    if scheme.lower() == "bearer":
        return str(value.strip())
    named = parse_qs(environ.get("QUERY_STRING", "")[:LONGEST_QUERY]).get("writeKey")
    return named[0] if named else None


def _raw(environ: Environ) -> bytes:
    """The body's bytes, never many over the limit. In chunks it has no length, and the server ends it."""
    told = str(environ.get("CONTENT_LENGTH") or "")
    if not told.isdecimal():
        is_open = bool(environ.get("wsgi.input_terminated")) and not told
        return bytes(environ["wsgi.input"].read(bodies.LARGEST_BODY + 1 if is_open else 0))
    length = int(told[:12])
    if length > bodies.LARGEST_BODY:
        _drain(environ["wsgi.input"], length)
        raise BodyRefused("body_too_large")
    return bytes(environ["wsgi.input"].read(length))


def _drain(stream: Any, length: int) -> None:
    left = min(length, DRAINED)
    while left > 0 and (part := stream.read(min(left, 65_536))):
        left -= len(part)
