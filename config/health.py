"""What machines ask: is the process alive, is the service ready, what are the figures."""

import hmac

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView

from config.heartbeat import ages
from config.kit.gauges import exposition
from config.schedule import QUEUES

STALE_AFTER = 60.0
"""Seconds after which a missing sign of life counts as dead."""

LOOPBACK = {"127.0.0.1", "::1", ""}


@never_cache
@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is asked."""
    return JsonResponse({"alive": True})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when database, Redis, workers, beat and every queue are well, else 503; the body says which."""
    parts = {"database": _database(), **_signs()}
    ready = all(part["ok"] for part in parts.values())
    return JsonResponse({"ready": ready, "checks": parts}, status=200 if ready else 503)


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus figures: with METRICS_TOKEN as a bearer or, when none is set, from this machine only."""
    if not _may_read_metrics(request):
        return JsonResponse({"error": {"code": "forbidden", "message": "Set METRICS_TOKEN."}}, status=403)
    figures: HttpResponse = ExportToDjangoView(request)
    figures.content += exposition().encode()
    return figures


def _may_read_metrics(request: HttpRequest) -> bool:
    if settings.METRICS_TOKEN:
        given = request.headers.get("Authorization", "")
        return hmac.compare_digest(given.encode(), f"Bearer {settings.METRICS_TOKEN}".encode())
    forwarded = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    return not forwarded and request.META.get("REMOTE_ADDR", "") in LOOPBACK


def _database() -> dict[str, object]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as problem:
        return {"ok": False, "why": type(problem).__name__}
    return {"ok": True}


def _signs() -> dict[str, dict[str, object]]:
    queues = [f"queue:{queue}" for queue in QUEUES]
    try:
        found = ages("worker", "beat", *queues)
    except redis.RedisError as problem:
        return {"redis": {"ok": False, "why": type(problem).__name__}}
    signs: dict[str, dict[str, object]] = {
        name: {"ok": age is not None and age < STALE_AFTER, "seconds": age} for name, age in found.items()
    }
    return {"redis": {"ok": True}, **signs}
