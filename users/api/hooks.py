"""Shop webhooks in, at /hooks/<shop>/<token>: verify the raw bytes, keep them, answer as the shop expects.

A body never makes a failure: what cannot be understood is kept as a dead delivery and answered like any other.
Only a wrong signature (401), too many bytes (413), too many requests (429) and a store that is away (503) are
the shop's to hear of.
"""

import json
import logging
from collections.abc import Callable
from typing import Any

from django.db import InterfaceError, InternalError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from users.hooks import woocommerce
from users.hooks.signatures import is_signed, is_youzan, is_youzan_event
from users.hooks.translation import Untranslatable, text
from users.models import ShopConnection, ShopKind
from users.services import shop_deliveries
from users.services.rate_limit import RateLimit
from users.services.shop_deliveries import Arrived, digest

log = logging.getLogger(__name__)

LARGEST_BODY = 1024 * 1024
RETRY_AFTER = 30
UNAVAILABLE = (OperationalError, InterfaceError, InternalError)

rate = RateLimit(2_000)
guesses = RateLimit(100)
"""Wrong signatures of a connection in ten seconds."""


class Refused(Exception):
    """The shop hears no."""

    def __init__(self, status: int, code: str, *, retry_after: int = 0) -> None:
        super().__init__(code)
        self.status, self.code, self.retry_after = status, code, retry_after


@csrf_exempt  # No cookie is looked at: the signature decides.
def receive(request: HttpRequest, kind: str, token: str) -> HttpResponse:
    """Answer one delivery."""
    try:
        if request.method != "POST":
            raise Refused(405, "method_not_allowed")
        connection = _connection(kind, token)
        wait = rate.wait(f"hooks:{connection.pk}")
        if wait:
            raise Refused(429, "too_many_requests", retry_after=wait)
        return DOORS[ShopKind(kind)](connection, request, _raw(request))
    except Refused as refused:
        return _no(refused)
    except UNAVAILABLE as problem:
        log.warning("shop_hook_unavailable", extra={"kind": kind, "problem": type(problem).__name__})
        return _no(Refused(503, "unavailable", retry_after=RETRY_AFTER))


def _shopify(connection: ShopConnection, request: HttpRequest, raw: bytes) -> HttpResponse:
    """No instant is signed: repeats are known by the id of the webhook."""
    _demand(connection, is_signed(raw, request.headers.get("X-Shopify-Hmac-SHA256", ""), connection.secret))
    told = request.headers.get("X-Shopify-Webhook-Id", "")
    topic = request.headers.get("X-Shopify-Topic", "")
    shop_deliveries.take(connection, Arrived(digest(told) if told else digest(topic, raw), topic, raw))
    return JsonResponse({"success": True})


def _woocommerce(connection: ShopConnection, request: HttpRequest, raw: bytes) -> HttpResponse:
    """The id of a delivery is another one each time: repeats are known by what they say."""
    signature = request.headers.get("X-WC-Webhook-Signature", "")
    if not signature and woocommerce.is_ping(raw):
        shop_deliveries.note_ping(connection)
        return JsonResponse({"success": True})
    _demand(connection, is_signed(raw, signature, connection.secret))
    topic = request.headers.get("X-WC-Webhook-Topic", "")
    shop_deliveries.take(connection, Arrived(_resource_key(topic, raw), topic, raw))
    return JsonResponse({"success": True})


def _youzan(connection: ShopConnection, request: HttpRequest, raw: bytes) -> HttpResponse:
    """Either the whole body is signed (a header) or only the message in it (``sign``).

    Repeats are known by the message, whatever else an envelope says that is not signed.
    """
    try:
        envelope = json.loads(raw)
    except (ValueError, RecursionError):
        envelope = None
    told = envelope if isinstance(envelope, dict) else {}
    whole = is_youzan_event(
        raw, request.headers.get("Event-Sign", ""), connection.client_id, connection.secret
    )
    _demand(connection, whole or is_youzan(told, connection.client_id, connection.secret))
    if told.get("test") is True:
        shop_deliveries.note_ping(connection)
    else:
        kind, message = text(told.get("type")), told.get("msg")
        said = message if isinstance(message, str) else json.dumps(message, sort_keys=True)
        key = digest(kind, said) if whole else digest(said)
        shop_deliveries.take(connection, Arrived(key, kind, raw))
    return JsonResponse({"code": 0, "msg": "success"})


DOORS: dict[ShopKind, Callable[[ShopConnection, HttpRequest, bytes], HttpResponse]] = {
    ShopKind.SHOPIFY: _shopify,
    ShopKind.WOOCOMMERCE: _woocommerce,
    ShopKind.YOUZAN: _youzan,
}


def _connection(kind: str, token: str) -> ShopConnection:
    found = ShopConnection.objects.filter(kind=kind, token=token, is_on=True).first()
    if found is None:
        raise Refused(404, "not_found")
    return found


def _demand(connection: ShopConnection, is_right: bool) -> None:
    if is_right:
        return
    wait = guesses.wait(f"hook-guesses:{connection.pk}")
    if wait:
        raise Refused(429, "too_many_requests", retry_after=wait)
    shop_deliveries.note_refused(connection)
    raise Refused(401, "bad_signature")


def _resource_key(topic: str, raw: bytes) -> str:
    """Which resource, as of when, told how; with the body, for two changes may happen within a second."""
    try:
        body: Any = shop_deliveries.document(ShopKind.WOOCOMMERCE, raw)
    except Untranslatable:
        return digest(topic, raw)
    return digest(topic, text(body.get("id")), text(body.get("date_modified_gmt")), raw)


def _raw(request: HttpRequest) -> bytes:
    told = str(request.META.get("CONTENT_LENGTH") or "")
    if told.isdecimal() and int(told[:12]) > LARGEST_BODY:
        _drain(request, int(told[:12]))
        raise Refused(413, "body_too_large")
    raw = request.read(LARGEST_BODY + 1)
    if len(raw) > LARGEST_BODY:
        raise Refused(413, "body_too_large")
    return bytes(raw)


def _drain(request: HttpRequest, length: int) -> None:
    """Read some of what is not wanted, so that the shop reads our answer instead of a reset."""
    left = min(length, 4 * LARGEST_BODY)
    while left > 0 and (part := request.read(min(left, 65_536))):
        left -= len(part)


def _no(refused: Refused) -> HttpResponse:
    error = {"code": refused.code, "message": refused.code.replace("_", " ")}
    answer = JsonResponse({"success": False, "error": error}, status=refused.status)
    if refused.retry_after:
        answer["Retry-After"] = str(refused.retry_after)
    if refused.status == 405:
        answer["Allow"] = "POST"
    return answer
