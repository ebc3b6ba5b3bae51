"""One effect per Idempotency-Key: the answer is stored in the transaction of the effect."""

import hashlib
import json
from collections.abc import Callable, Collection
from functools import wraps
from typing import Any, TypeVar, cast

from django.db import transaction
from django.db.models import JSONField, Value
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from config.kit import clock
from config.kit.batches import execute
from config.kit.refusal import Refusal
from users.api.auth import ServerCaller, Shopper
from users.models import IdempotencyRecord

LONGEST_KEY = 128
HEADER = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    required=True,
    description="Chosen by the caller, at most 128 characters. The same key and request get the same answer.",
)

Method = TypeVar("Method", bound=Callable[..., Response])


def idempotent(method: Method) -> Method:
    """For a DRF view's post, put, patch or delete: requires `Idempotency-Key` and gives one effect per key.

    The method runs in a transaction with the record. A second call with the same key and request waits for
    the first and gets its answer; another request under the key is refused with 422. A call that was refused
    had no effect, so it leaves no record and may be repeated. What a view's ``said_once`` names is not stored:
    the first answer has it, a repeated one has null in its place.
    """

    @extend_schema(parameters=[HEADER])
    @wraps(method)
    def once(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        caller = cast(ServerCaller | Shopper, request.user).caller
        key, digest = _key(request), _digest(request, getattr(view, "told_by", None))
        with transaction.atomic():
            if not _begin(caller, key, digest):
                return _stored(caller, key, digest)
            response = method(view, request, *args, **kwargs)
            if response.status_code >= 400:
                transaction.set_rollback(True)
            else:
                _keep(caller, key, response, getattr(view, "said_once", ()))
        return response

    once.is_idempotent = True  # type: ignore[attr-defined]  # read by tests/architecture
    return cast(Method, once)


def effectless(method: Method) -> Method:
    """For a POST that only reads, because its question is too long for an address: no key, nothing to repeat."""
    method.is_idempotent = True  # type: ignore[attr-defined]  # read by tests/architecture
    return method


def _key(request: Request) -> str:
    key = str(request.headers.get("Idempotency-Key", "")).strip()
    if not key:
        raise Refusal("idempotency_key_missing", _("Send an Idempotency-Key."), field="Idempotency-Key")
    if len(key) > LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise Refusal(
            "bad_idempotency_key",
            _("An Idempotency-Key has at most 128 plain characters."),
            field="Idempotency-Key",
        )
    return key


def _digest(request: Request, told_by: Callable[[Request], bytes] | None) -> str:
    """What was asked: the method, the address and the bytes of the body.

    A view whose bodies are too large to be held says by ``told_by`` what stands for the body.
    """
    http = request._request
    body = http.body if told_by is None else told_by(request)
    told = b"\0".join([str(http.method).encode(), http.get_full_path().encode(), body])
    return hashlib.sha256(told).hexdigest()


def _begin(caller: str, key: str, digest: str) -> bool:
    """Take the key; waits for a call under way with it. False when it has been answered."""
    return bool(
        execute(
            "INSERT INTO users_idempotencyrecord (caller, key, request_digest, status, answer, created_at)"
            " VALUES (%s, %s, %s, 0, 'null', %s) ON CONFLICT DO NOTHING",
            [caller, key, digest, clock.now()],
        )
    )


def _keep(caller: str, key: str, response: Response, said_once: Collection[str]) -> None:
    answer = None if response.data is None else json.loads(JSONRenderer().render(response.data))
    if isinstance(answer, dict):
        answer |= {name: None for name in said_once if name in answer}
    # An answer without a body is JSON's null; None by itself would be the column's.
    IdempotencyRecord.objects.filter(caller=caller, key=key).update(
        status=response.status_code, answer=Value(answer, JSONField())
    )


def _stored(caller: str, key: str, digest: str) -> Response:
    record = IdempotencyRecord.objects.get(caller=caller, key=key)
    if record.request_digest != digest:
        raise Refusal(
            "idempotency_key_reused",
            _("This Idempotency-Key was used for another request."),
            field="Idempotency-Key",
            status=422,
        )
    return Response(record.answer, status=record.status)
