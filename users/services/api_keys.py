"""API keys: made once, shown once, found by their digest, revoked for good."""

import hashlib
import secrets
import time
from collections.abc import Iterable

from django.db import transaction

from config.kit import clock
from users import scopes
from users.models import ApiKey, Operator, Scope
from users.services import audit

REMEMBERED_SECONDS = 3.0
"""How long a process may go on believing what it knew of a key; so long a revoked one may still work."""
REMEMBERED_KEYS = 1_000
LONGEST_KEY = 200
PREFIXES = {Scope.WRITE: "rgw_", Scope.SERVER: "rgs_"}

_remembered: dict[str, tuple[float, ApiKey | None]] = {}


def create(*, name: str, scope: Scope, by: Operator | None, may: Iterable[str] = ()) -> tuple[ApiKey, str]:
    """Make a key; the row, and the key itself, which is kept nowhere. ``may``: the only scopes of a server key.

    Refuses ``unknown_scope``.
    """
    allowed = scopes.read(may) if scope == Scope.SERVER else []
    secret = PREFIXES[scope] + secrets.token_urlsafe(32)
    with transaction.atomic():
        key = ApiKey.objects.create(
            name=name,
            scope=scope,
            may=allowed,
            prefix=secret[:8],
            digest=_digest(secret),
            created_at=clock.now(),
        )
        told = {"name": name, "scope": scope.value, **({"may": allowed} if allowed else {})}
        audit.record("api_key.create", by=by, target=key, after=told)
    return key, secret


def revoke(key: ApiKey, *, by: Operator | None) -> None:
    """Make a key worthless; harmless when it is already."""
    with transaction.atomic():
        if ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=clock.now()):
            audit.record("api_key.revoke", by=by, target=key)
    _remembered.pop(key.digest, None)


def find(secret: str) -> ApiKey | None:
    """The living key, or null. Looked up by digest, so that no comparison tells how close a guess was."""
    if not 0 < len(secret) <= LONGEST_KEY:
        return None
    digest = _digest(secret)
    known = _remembered.get(digest)
    if known is not None and time.monotonic() - known[0] < REMEMBERED_SECONDS:
        return known[1]
    key = ApiKey.objects.filter(digest=digest, revoked_at__isnull=True).first()
    if len(_remembered) >= REMEMBERED_KEYS:
        _remembered.clear()
    _remembered[digest] = (time.monotonic(), key)
    return key


def forget_all() -> None:
    """Forget what this process knows of keys."""
    _remembered.clear()


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
