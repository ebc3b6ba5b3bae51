"""Where the links of source codes land: the touch is noted, the stored target opened. Nothing else is."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views import View

from config.kit import clock
from users.models import SourceCode, Storefront
from users.public.visitors import address_of, is_program, remember, visitor_of
from users.services.rate_limit import RateLimit
from users.services.sources import CODE, allowed_hosts, is_allowed, landing_address, note_touch
from users.shop import shop_name
from users.touches import LONGEST, UTM

MOST = 60
"""Landings that one address may ask for in ten seconds; a whole office may stand behind it."""
limit = RateLimit(MOST)


class LandingView(View):
    """``/s/<code>``: to the stored target with the code and its UTM; anything else to a plain page."""

    def get(self, request: HttpRequest, code: str) -> HttpResponseBase:
        """Note the touch and lead on; programs and heads are counted apart."""
        if wait := limit.wait(f"landing:{address_of(request)}"):
            return HttpResponse(
                _("Too many visits at once. Please come again in a moment."),
                status=429,
                content_type="text/plain; charset=utf-8",
                headers={"Retry-After": str(wait), "Cache-Control": "no-store"},
            )
        source = self._source(code)
        if source is None:
            return self._front(request)
        asked = {f"utm_{name}": request.GET.get(f"utm_{name}", "")[:LONGEST] for name in UTM}
        visitor, by_bot = visitor_of(request), is_program(request)
        referrer = request.headers.get("Referer", "")[:2000]
        note_touch(source, visitor=visitor, asked=asked, referrer=referrer, by_bot=by_bot, now=clock.now())
        response = HttpResponseRedirect(landing_address(source, asked))
        response["Cache-Control"] = "no-store"
        response["X-Robots-Tag"] = "noindex"
        if not by_bot:
            remember(response, visitor)
        return response

    head = get

    def _source(self, code: str) -> SourceCode | None:
        """An open code whose target is still a page of the shop."""
        code = code.lower()
        if not CODE.fullmatch(code):
            return None
        source = SourceCode.objects.filter(code=code, closed_at=None).first()
        return source if source and is_allowed(source.target, allowed_hosts()) else None

    def _front(self, request: HttpRequest) -> HttpResponse:
        """A page that says so and offers the shop's front."""
        wanted, codes = request.GET.get("lang", ""), [code for code, _name in settings.LANGUAGES]
        language = wanted if wanted in codes else translation.get_language() or "en"
        with translation.override(language):
            other = next(code for code in codes if code != language)
            context = {"shop_name": shop_name.get(), "front": front_of_shop(), "other_language": other}
            response = render(request, "users/public/unknown_link.html", context, status=404)
        response["Cache-Control"] = "no-store"
        return response


def front_of_shop() -> str:
    """The address of the first storefront, "" where none is known."""
    hosts = allowed_hosts()
    for origins in Storefront.objects.order_by("pk").values_list("allowed_origins", flat=True):
        for origin in origins:
            if isinstance(origin, str) and origin != settings.PUBLIC_URL and is_allowed(origin, hosts):
                return origin
    return ""
