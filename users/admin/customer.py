"""The customer page: one person's whole story on one page, with panels that the other apps lend."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.functional import cached_property
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from config.kit import words
from config.kit.admin import OperatorPage
from config.kit.parts import Action, Cell, Column, Crumb, Empty, Fact, Stat, Table, Tone
from users.admin.customers import channel_name
from users.models import ContactState, Customer, CustomerAlias, MoveCause, Role, Topic
from users.pages import customer_panels
from users.phase import phase
from users.reports import customer as report
from users.services import tags
from users.shop import currency

CONTACT_TONES: dict[str, Tone] = {
    ContactState.VERIFIED: "good",
    ContactState.BOUNCING: "warn",
    ContactState.BLOCKED: "bad",
}


class CustomerPage(OperatorPage):
    """Who it is, the stage, the story, the value; then what segments, campaigns, growth and feedback know."""

    template_name = "users/customer.html"
    roles_that_act = (Role.OPERATOR, Role.SUPPORT)
    partials = {"timeline-older": "users/timeline.html"}

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page; a record that was joined into another leads there."""
        try:
            return super().get(request, *args, **kwargs)
        except Http404:
            survivor = CustomerAlias.objects.filter(old_id=self.kwargs["customer_id"]).first()
            if survivor is None:
                raise
            return HttpResponseRedirect(reverse("users:customer", args=[survivor.customer_id]))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Put a tag on, or take one off."""
        if "untag" in request.POST:
            tag_id = request.POST["untag"]
            if tag_id.isdecimal() and len(tag_id) < 10:
                tags.take_off(self.customer, int(tag_id), by=self.operator)
        else:
            tags.put_on(self.customer, request.POST.get("tag", ""), by=self.operator, now=self.now)
        return HttpResponseRedirect(request.path)

    @cached_property
    def customer(self) -> Customer:
        """The customer of the address. Raises Http404 for an unknown or erased one."""
        found = (
            Customer.objects.select_related("standing", "channel")
            .filter(pk=self.kwargs["customer_id"], standing__isnull=False)
            .first()
        )
        if found is None or found.erased_at is not None:
            raise Http404
        return found

    def get_title(self) -> StrOrPromise:
        """The name."""
        return str(self.customer) if "customer" in self.__dict__ else _("Customer")

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the list."""
        return [Crumb(_("Customers"), reverse("users:customers"))]

    def get_actions(self) -> Sequence[Action]:
        """The way to the customer's data: a copy of it, and the erasure."""
        if "customer" not in self.__dict__:
            return []
        return [
            Action(_("Data and privacy"), reverse("users:privacy", args=[self.customer.pk]), icon="shield")
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Everything, or only older events when the timeline asks for them."""
        customer = self.customer
        before = parse_datetime(self.request.GET.get("before", "").replace("\0", ""))
        timeline = report.timeline(customer.pk, before)
        context = super().get_context_data(**kwargs) | {"customer": customer, "timeline": timeline}
        return context if self.is_part else context | self._story(customer)

    def _story(self, customer: Customer) -> dict[str, Any]:
        stages = report.stage_history(customer.pk)
        return {
            "standing": customer.standing,
            "stats": self._stats(customer),
            "profile": _profile(customer),
            "phase": phase(
                customer.standing.active_days,
                customer.standing.first_order_at,
                customer.standing.last_activity_at,
                words.shop_zone(),
            ),
            "stages": stages,
            "strip": report.strip(stages, self.now),
            "stage_table": _stage_table(stages),
            "orders": report.orders(customer.pk),
            "identities": report.identities(customer.pk),
            "contacts": [(c, CONTACT_TONES.get(c.state, "")) for c in report.contacts(customer.pk)],
            "consents": [(c, topic_name(c.topic)) for c in report.consents(customer.pk)],
            "tags": report.tags(customer.pk),
            "panels": [
                (panel, panel.build(customer, self.now))
                for panel in sorted(customer_panels, key=lambda panel: panel.position)
            ],
            "zone": settings.SHOP_TIME_ZONE,
        }

    def _stats(self, customer: Customer) -> list[Stat]:
        standing = customer.standing
        average = standing.revenue / standing.orders if standing.orders else None
        shop = currency.get()
        return [
            Stat(_("Orders"), standing.orders, window=_("in all")),
            Stat(_("Revenue"), standing.revenue, "money", window=_("in all, net of refunds"), currency=shop),
            Stat(_("Average order"), average, "money", of=standing.orders, currency=shop),
            Stat(_("Active days"), standing.active_days, window=_("in all, shop time")),
        ]


def topic_name(topic: Topic) -> str:
    """A topic in the reader's language."""
    return topic.name_zh if get_language() == "zh-hans" and topic.name_zh else topic.name


def _profile(customer: Customer) -> list[Fact]:
    place = ", ".join(part for part in (customer.city, customer.region, customer.country) if part)
    pairs: list[tuple[StrOrPromise, Cell]] = [
        (_("User ID"), Cell(customer.user_id)),
        (_("Registered"), Cell(customer.registered_at, kind="time")),
        (_("First seen"), Cell(customer.first_seen_at, kind="time")),
        (_("Came through"), Cell(channel_name(customer.channel))),
        (_("Source code"), Cell(customer.source_code)),
        (_("Gender"), Cell(customer.get_gender_display() if customer.gender else "")),
        (_("Birthday"), Cell(customer.birthday, kind="day")),
        (_("Place"), Cell(place)),
        (_("Language"), Cell(customer.language)),
        (_("Time zone"), Cell(customer.time_zone)),
        (_("Occupation"), Cell(customer.occupation)),
        (_("Industry"), Cell(customer.industry)),
        (_("Income band"), Cell(customer.income_band)),
        (_("Education"), Cell(customer.education)),
        (_("Interests"), Cell(", ".join(map(str, customer.interests)))),
        *((key, Cell(_plain(value))) for key, value in sorted(customer.attributes.items())[:30]),
    ]
    return [Fact(title, cell) for title, cell in pairs if cell.value not in (None, "")]


def _plain(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_plain(inner)}" for name, inner in value.items())
    return str(value)


def _stage_table(stages: Sequence[report.Stretch]) -> Table:
    causes = dict(MoveCause.choices)
    return Table(
        columns=[
            Column(_("Stage"), "stage"),
            Column(_("Since"), "time"),
            Column(_("For")),
            Column(_("Because of")),
        ],
        rows=[
            [s.stage, s.began, words.duration(s.length) if s.length else _("until now"), causes[s.cause]]
            for s in reversed(stages)
        ],
        empty=Empty(_("No move yet"), _("The first visit or order will be the first move.")),
        caption=_("Stage history"),
    )
