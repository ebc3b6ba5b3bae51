"""The preference page, and the page that confirms a yes. No log-in, no JavaScript, no cookies.

The signed token is the proof of who it is; GET never changes anything.
"""

import uuid
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from config.kit import clock
from config.kit.refusal import Refusal
from users import tokens
from users.models import Channel, ContactPoint, Customer
from users.services import opt_in, preferences
from users.services.preferences import Preferences, Wish, title_of
from users.services.rate_limit import RateLimit
from users.services.survivors import survivor_of
from users.shop import shop_name

POSTS = RateLimit(limit=20)
"""Presses of a button per address and window."""
WORDING = "preference-page-1"
SAID = ("granted", "refused")
LANGUAGES = tuple(code for code, _name in settings.LANGUAGES)


@method_decorator(csrf_exempt, name="dispatch")
class TokenView(View):
    """A page for the bearer of a token, in the browser's language or the one that ``?lang=`` names."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Choose the language, count what is posted, show refusals."""
        wanted = request.GET.get("lang", "")
        language = wanted if wanted in LANGUAGES else translation.get_language() or "en"
        with translation.override(language):
            if request.method == "POST" and POSTS.wait(f"page:{_address(request)}"):
                return self.page("users/public/refused.html", {"sentence": _("Too often. Please wait.")}, 429)
            try:
                return super().dispatch(request, *args, **kwargs)
            except Refusal as refusal:
                return self.page("users/public/refused.html", {"sentence": refusal.message}, refusal.status)

    def page(self, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
        """A page that no cache keeps and no search engine lists."""
        other = next(code for code in LANGUAGES if code != translation.get_language())
        frame = {"shop_name": shop_name.get(), "other_language": other}
        response = render(self.request, template, {**frame, **context}, status=status)
        response["Cache-Control"] = "no-store"
        response["X-Robots-Tag"] = "noindex"
        response["Referrer-Policy"] = "no-referrer"
        return response


class PreferencePage(TokenView):
    """What a customer wants to hear, over what, how often; and whether to be profiled."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """The form as things stand."""
        return self._form(customer_of(token), done=False)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """Save it; everything is on record at once."""
        customer = customer_of(token)
        now = clock.now()
        shown = _shown(customer, preferences.preferences_of(customer.pk, now))
        wish = Wish(
            key=f"page:{uuid.uuid4()}",
            source="preference page",
            answers=_answers(request, shown),
            most_per_week=_whole(request.POST.get("most_per_week", "")),
            no_profiling="no_profiling" in request.POST,
            wording=WORDING,
            ip=_address(request),
            proven=True,
        )
        preferences.change(customer.pk, wish, now=now)
        return self._form(customer_of(token), done=True)

    def _form(self, customer: Customer, *, done: bool) -> HttpResponse:
        held = preferences.preferences_of(customer.pk, clock.now())
        labels = dict(Channel.choices)
        context = {
            "topics": [
                (topic, [(choice, labels[choice.channel]) for choice in choices])
                for topic, choices in _shown(customer, held)
            ],
            "most_per_week": held.most_per_week or 0,
            "frequencies": range(1, preferences.MOST_PER_WEEK + 1),
            "no_profiling": held.no_profiling,
            "done": done,
        }
        return self.page("users/public/preferences.html", context)


class ConfirmPage(TokenView):
    """GET shows one button and does nothing; POST puts the yes into the ledger."""

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        """What is asked."""
        return self._page(title_of(opt_in.request_of(token, clock.now()).topic), done=False)

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        """Yes; pressing it again changes nothing."""
        request_ = opt_in.confirm(token, ip=_address(request), now=clock.now())
        return self._page(title_of(request_.topic), done=True)

    def _page(self, topic: str, *, done: bool) -> HttpResponse:
        return self.page("users/public/confirm.html", {"topic": topic, "done": done})


def customer_of(token: str) -> Customer:
    """The customer whose preferences a token opens. Refuses ``not_found``, always alike."""
    whose = tokens.read(tokens.Purpose.PREFERENCES, token, now=clock.now())
    found = whose and Customer.objects.living().filter(pk=survivor_of(whose.customer_id)).first()
    if not found:
        raise Refusal("not_found", _("This link does not work, or no longer."), status=404)
    return found


def _shown(
    customer: Customer, held: Preferences
) -> list[tuple[preferences.TopicChoices, list[preferences.Choice]]]:
    """Topics with the channels that concern this customer: those with an address or an answer."""
    addressed = set(ContactPoint.objects.filter(customer_id=customer.pk).values_list("channel", flat=True))
    return [
        (topic, [c for c in topic.channels if c.channel in addressed or c.state != "none"])
        for topic in held.topics
    ]


def _answers(
    request: HttpRequest, shown: list[tuple[preferences.TopicChoices, list[preferences.Choice]]]
) -> dict[tuple[str, str], bool]:
    """Every box that was shown: ticked means yes; an empty one that nobody has answered says nothing."""
    ticked = set(request.POST.getlist("want"))
    return {
        (topic.topic, choice.channel): f"{topic.topic}:{choice.channel}" in ticked
        for topic, choices in shown
        for choice in choices
        if choice.state in SAID or f"{topic.topic}:{choice.channel}" in ticked
    }


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 4 else None


def _address(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))
