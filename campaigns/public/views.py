"""What links in messages open: the way out, clicks, the open pixel. No log-in, no JavaScript, no cookies."""

from base64 import b64decode
from datetime import timedelta

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.utils import translation
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from campaigns.models import Delivery, Link
from campaigns.services.deliveries import find_delivery
from campaigns.services.receipts import Visit, note_click, note_open
from campaigns.services.unsubscribe import unsubscribe
from campaigns.tokens import Purpose, read
from config.kit import clock
from users.services.preferences import preferences_url
from users.shop import shop_name

PIXEL = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


def visit_of(request: HttpRequest) -> Visit:
    """Who seems to have opened this address."""
    return Visit(request.method or "", request.headers.get("User-Agent", ""))


def delivery_of(purpose: Purpose, token: str) -> Delivery | None:
    """The delivery of a genuine token for this purpose, else None."""
    about = read(purpose, token)
    return find_delivery(about) if about else None


# Mail programs post without a cookie or a form of ours (RFC 8058); the signed token is the proof.
@method_decorator(csrf_exempt, name="dispatch")
class UnsubscribeView(View):
    """GET shows one button and does nothing; POST unsubscribes."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """The page with the button."""
        return self._page(request, delivery_of(Purpose.UNSUBSCRIBE, token), done=False)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """Refuse the topic, at once and for good."""
        delivery = delivery_of(Purpose.UNSUBSCRIBE, token)
        if delivery is not None:
            unsubscribe(delivery, ip=request.META.get("REMOTE_ADDR"), now=clock.now())
        return self._page(request, delivery, done=True)

    def _page(self, request: HttpRequest, delivery: Delivery | None, *, done: bool) -> HttpResponse:
        chinese = translation.get_language() == "zh-hans"
        topic = delivery.step.campaign.topic if delivery else None
        context = {
            "shop_name": shop_name.get(),
            "topic": (topic.name_zh if chinese and topic.name_zh else topic.name) if topic else "",
            "known": delivery is not None,
            "preferences_url": _preferences(delivery) if delivery else "",
            "done": done,
        }
        status = 200 if delivery else 404
        response = render(request, "campaigns/public/unsubscribe.html", context, status=status)
        response["Cache-Control"] = "no-store"
        response["X-Robots-Tag"] = "noindex"
        return response


def _preferences(delivery: Delivery) -> str:
    """For the visit: this link's own token has no end, so what it opens has one."""
    return preferences_url(delivery.customer_id, clock.now(), good_for=timedelta(days=1))


class ClickView(View):
    """Leads to the stored target of a link, whose only key is a signed token, and notes the click."""

    def get(self, request: HttpRequest, token: str) -> HttpResponseBase:
        """To the target; the head of it is asked for by programs and counted as theirs."""
        about = read(Purpose.CLICK, token)
        link = Link.objects.filter(pk=about.link_id, step_id=about.step_id).first() if about else None
        if about is None or link is None:
            return render(
                request, "campaigns/public/unknown.html", {"shop_name": shop_name.get()}, status=404
            )
        delivery = find_delivery(about)
        if delivery is not None:
            note_click(delivery, link, visit_of(request), clock.now())
        response = HttpResponseRedirect(link.url)
        response["Cache-Control"] = "no-store"
        response["Referrer-Policy"] = "no-referrer"
        return response

    head = get


class OpenView(View):
    """An invisible picture whose loading says that the message was opened."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """Always the same picture, so that a guess learns nothing."""
        delivery = delivery_of(Purpose.OPEN, token)
        if delivery is not None:
            note_open(delivery, visit_of(request), clock.now())
        response = HttpResponse(PIXEL, content_type="image/gif")
        response["Cache-Control"] = "no-store"
        return response

    head = get
