"""Who seems to open a public page: a person or a program, from where, and whether too often."""

import re
from uuid import UUID, uuid4

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

COOKIE = "regulars_visitor"
COOKIE_AGE = 365 * 24 * 3600
_PROGRAMS = re.compile(
    r"bot|crawl|spider|slurp|preview|scan|curl|wget|python|java/|go-http|httpclient|libwww|headless|monitor"
    r"|facebookexternalhit|whatsapp|telegram|lighthouse",
    re.I,
)


def is_program(request: HttpRequest) -> bool:
    """A program rather than a person: it only asked for the head, says so, or says nothing."""
    agent = request.headers.get("User-Agent", "")[:500]
    return request.method != "GET" or not agent or bool(_PROGRAMS.search(agent))


def visitor_of(request: HttpRequest) -> UUID:
    """The anonymous id of the browser's cookie, a new one where there is none that we made."""
    try:
        return UUID(request.COOKIES.get(COOKIE, ""), version=4)
    except ValueError:
        return uuid4()


def remember(response: HttpResponseBase, visitor: UUID) -> None:
    """Keep the anonymous id in a cookie of ours that no script reads."""
    response.set_cookie(
        COOKIE, str(visitor), max_age=COOKIE_AGE, secure=settings.HTTPS, httponly=True, samesite="Lax"
    )


def address_of(request: HttpRequest) -> str:
    """The address that asks; behind the one trusted proxy, the one that it saw."""
    if settings.BEHIND_PROXY and (forwarded := request.headers.get("X-Forwarded-For", "")):
        return forwarded.rpartition(",")[2].strip()[:64]
    return str(request.META.get("REMOTE_ADDR", ""))
