"""The tracking API as Django views."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from users.api import tracking

ADDRESSES = tuple(tracking.ROUTES)


@csrf_exempt  # No cookie is looked at: the key in the request decides.
def track(request: HttpRequest) -> HttpResponse:
    """Hand the request's environment to the tracking API."""
    answer = tracking.answer(request.META)
    return HttpResponse(answer.body, status=answer.status, headers=dict(answer.headers))
