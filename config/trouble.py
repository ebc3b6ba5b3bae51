"""The answer when something failed: to a machine in the one error shape, and to come again where the store is away."""

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import loader
from django.utils.translation import gettext as _

from config.kit.api import error

RETRY_AFTER = 5
"""Seconds a caller should wait when the store is away."""
MACHINES = ("/api/", "/v1/", "/beacon/", "/hooks/")


def failed(request: HttpRequest) -> HttpResponse:
    """Django's handler of what nobody caught: 503 when PostgreSQL is away, full or too slow, else 500."""
    away = isinstance(sys.exc_info()[1], OperationalError | InterfaceError)
    answer = _for_a_machine(away) if request.path.startswith(MACHINES) else _for_a_person()
    if away:
        answer.status_code = 503
        answer["Retry-After"] = str(RETRY_AFTER)
    return answer


def _for_a_machine(away: bool) -> HttpResponse:
    if away:
        told = error("unavailable", _("The store is not available; send again."))
    else:
        told = error("failed", _("Something went wrong. It has been noted."))
    return JsonResponse(told, status=500, headers={"Access-Control-Allow-Origin": "*"})


def _for_a_person() -> HttpResponse:
    return HttpResponse(loader.render_to_string("500.html"), status=500)
