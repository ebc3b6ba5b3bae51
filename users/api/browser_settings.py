"""What the browser SDK asks for before it sends: where the events go, and nothing else is switched on."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from config.kit.api import error
from users.api.tracking import CORS, preflight
from users.models import Scope
from users.services import api_keys


@csrf_exempt  # Nothing happens here.
def show(request: HttpRequest, key: str) -> HttpResponse:
    """The settings of a write key. A server key has no business in a browser and is not found."""
    if request.method == "OPTIONS":
        return HttpResponse(status=204, headers=dict(preflight(request.META)))
    if request.method not in ("GET", "HEAD"):
        told = error("method_not_allowed", "Use GET.")
        return JsonResponse(told, status=405, headers={**dict(CORS), "Allow": "GET, HEAD, OPTIONS"})
    found = api_keys.find(key)
    if found is None or found.scope != Scope.WRITE:
        return JsonResponse(error("not_found", "There is no such write key."), status=404, headers=dict(CORS))
    return JsonResponse(_settings(key), headers={**dict(CORS), "Cache-Control": "public, max-age=60"})


def _settings(key: str) -> dict[str, Any]:
    """The shape that @segment/analytics-next reads."""
    public = urlsplit(settings.PUBLIC_URL)
    return {
        "integrations": {
            "Segment.io": {
                "apiKey": key,
                "apiHost": f"{public.netloc}{public.path}/v1",
                "protocol": public.scheme,
                "unbundledIntegrations": [],
                "addBundledMetadata": True,
                "maybeBundledConfigIds": {},
                "versionSettings": {"version": "4.4.7", "componentTypes": ["browser"]},
            }
        },
        "plan": {
            "track": {"__default": {"enabled": True, "integrations": {}}},
            "identify": {"__default": {"enabled": True}},
            "group": {"__default": {"enabled": True}},
        },
        "edgeFunction": {},
        "analyticsNextEnabled": True,
        "middlewareSettings": {},
        "enabledMiddleware": {},
        "metrics": {"sampleRate": 0},
        "legacyVideoPluginsEnabled": False,
        "remotePlugins": [],
    }
