"""The customer page: one person's whole story on one page, with panels that the other apps lend."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext
from django_stubs_ext import StrOrPromise

from config.kit import words
from config.kit.admin import OperatorPage, may_open
from config.kit.given_names import as_read
from config.kit.parts import Action, Cell, Column, Crumb, Empty, Fact, Stat, Table, Tone
from config.kit.refusal import Refusal
from users.admin.customer_columns import channel_name
from users.admin.late import LatePanels
from users.consent_words import source_words
from users.models import AttributeDefinition, ContactState, Customer, CustomerAlias, Erasure, MoveCause, Role
from users.pages import CustomerPanel, customer_panels
from users.phase import phase
from users.reports import customer as report
from users.reports.periods import EARLIEST, LATEST
from users.services import contact_acts, opt_in, tags
from users.services.contacts import PUSH
from users.services.preferences import title_of
from users.shop import currency

CONTACT_TONES: dict[str, Tone] = {
    ContactState.VERIFIED: "good",
    ContactState.BOUNCING: "warn",
    ContactState.BLOCKED: "bad",
}


class CustomerPage(LatePanels, OperatorPage):
    """Who it is, the stage, the story, the value; then what segments, campaigns, growth and feedback know."""

    template_name = "users/customer.html"
    roles_that_act = (Role.OPERATOR, Role.SUPPORT)
    partials = {"timeline-older": "users/timeline.html"}
    panel_template = "users/customer_panel.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page; a record that was joined into another leads there, an erased one to its empty place."""
        try:
            return super().get(request, *args, **kwargs)
        except Http404:
            asked = self.kwargs["customer_id"]
            if Erasure.objects.filter(pk=asked).exists():
                return HttpResponseRedirect(reverse("users:erased", args=[asked]))
            survivor = CustomerAlias.objects.filter(old_id=asked).first()
            if survivor is None:
                raise
            return HttpResponseRedirect(reverse("users:customer", args=[survivor.customer_id]))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Put a tag on or take one off; add an address, say what became of one, or remove it."""
        if "contact" in request.POST:
            self._act_on_contact(request.POST)
        elif "untag" in request.POST:
            tag_id = request.POST["untag"]
            if tag_id.isdecimal() and len(tag_id) < 10:
                tags.take_off(self.customer, int(tag_id), by=self.operator)
        else:
            tags.put_on(self.customer, request.POST.get("tag", ""), by=self.operator, now=self.now)
        return HttpResponseRedirect(request.path)

    def _act_on_contact(self, told: QueryDict) -> None:
        act, channel, address = (
            told.get(name, "").replace("\0", "") for name in ("contact", "channel", "address")
        )
        if act == "add":
            if channel in PUSH:
                raise Refusal("comes_by_itself", _("A push address is told by the app or browser itself."))
            contact_acts.add_by_hand(self.customer, channel, address, by=self.operator, now=self.now)
        elif act == "remove":
            contact_acts.remove_by_hand(self.customer, channel, address, by=self.operator)
        else:
            contact_acts.set_by_hand(self.customer, channel, address, act, by=self.operator, now=self.now)

    def get_actions(self) -> Sequence[Action]:
        """What operators do with a customer, as far as their role allows it."""
        acts = (
            (_("Data and privacy"), "users:privacy", "shield"),
            (_("Join with another customer"), "users:join", "merge"),
            (_("Record an answer"), "users:customer_consent", "contract_edit"),
            (_("Edit the profile"), "users:customer_edit", "edit"),
        )
        if "customer" not in self.__dict__:
            return []
        lent = [(title, reverse(page, args=[self.kwargs["customer_id"]]), icon) for title, page, icon in acts]
        return [Action(title, url, icon=icon) for title, url, icon in lent if may_open(self.operator, url)]

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

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What is seen at once, one panel for itself, or only older events when the timeline asks for them."""
        customer = self.customer
        context = super().get_context_data(**kwargs) | {"customer": customer}
        if self.late_name:
            panel = self.known(_panels().get(self.late_name))
            return context | {"panel": panel, "values": panel.build(customer, self.now)}
        if self.is_part:
            return context | {"timeline": report.timeline(customer.pk, self._before)}
        return context | self._story(customer)

    @property
    def _before(self) -> datetime | None:
        """Where older events begin; None unless it is an instant with its zone, as our links name it."""
        try:
            before = parse_datetime(self.request.GET.get("before", "").replace("\0", ""))
        except ValueError:
            return None
        return before if before and before.tzinfo and EARLIEST <= before.year <= LATEST else None

    def _story(self, customer: Customer) -> dict[str, Any]:
        stages, believed = report.stage_history(customer.pk)
        return {
            "standing": customer.standing,
            "stats": self._stats(customer),
            "profile": _profile(customer, self.now.astimezone(words.shop_zone())),
            "phase": phase(
                customer.standing.active_days,
                customer.standing.first_order_at,
                customer.standing.last_activity_at,
                words.shop_zone(),
            ),
            "stages": stages,
            "strip": report.strip(stages, self.now),
            "stage_table": _stage_table(stages, believed),
            "contacts": [(c, CONTACT_TONES.get(c.state, "")) for c in report.contacts(customer.pk)],
            "by_hand": [(channel.value, channel.label) for channel in contact_acts.TYPED],
            "tags": report.tags(customer.pk),
            "panels": self._drawn([*sorted(customer_panels, key=lambda panel: panel.position), ORDERS]),
            "side_panels": self._drawn(SIDE),
            "zone": settings.SHOP_TIME_ZONE,
        }

    def _drawn(self, panels: Sequence[CustomerPanel]) -> list[tuple[CustomerPanel, dict[str, Any] | None]]:
        """Panels with their values where the page is to come with them; None: fetched by themselves."""
        wanted = self.wants
        return [(p, p.build(self.customer, self.now) if wanted(p.name) else None) for p in panels]

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


def _consents(customer: Customer, now: datetime) -> dict[str, Any]:
    """The answers in force, what waits for a confirmation, and the whole ledger."""
    ledger = report.ledger(customer.pk)
    table = Table(
        [
            Column(pgettext("an answer", "Given"), "time"),
            Column(_("Topic")),
            Column(_("Message channel")),
            Column(_("Answer"), "tag"),
            Column(_("Source")),
            Column(_("Wording")),
            Column(_("IP address")),
            Column(_("Evidence")),
        ],
        [
            [
                c.given_at,
                title_of(c.topic),
                c.get_channel_display(),
                Cell(_("Granted"), tone="good") if c.granted else Cell(_("Refused"), tone="bad"),
                source_words(c.source),
                c.wording,
                c.ip or "",
                c.evidence,
            ]
            for c in ledger
        ],
        Empty(_("No answer yet"), _("Answers stand here for ever, the latest first.")),
        caption=_("Consent ledger"),
    )
    return {
        "consents": [(c, title_of(c.topic), source_words(c.source)) for c in ledger if c.is_current],
        "pending": [(r, title_of(r.topic)) for r in opt_in.open_requests(customer.pk, now)],
        "ledger": table,
    }


def _orders(customer: Customer, now: datetime) -> dict[str, Any]:
    return {"orders": report.orders(customer.pk)}


def _timeline(customer: Customer, now: datetime) -> dict[str, Any]:
    return {"timeline": report.timeline(customer.pk, None)}


def _identities(customer: Customer, now: datetime) -> dict[str, Any]:
    return {"identities": report.identities(customer.pk)}


ORDERS = CustomerPanel("orders", gettext_lazy("Orders"), 90, "users/orders_panel.html", _orders)
SIDE = (
    CustomerPanel("consents", gettext_lazy("Consents"), 10, "users/consents_panel.html", _consents),
    CustomerPanel("timeline", gettext_lazy("Timeline"), 20, "users/timeline_panel.html", _timeline),
    CustomerPanel(
        "identities", gettext_lazy("Recognised by"), 30, "users/identities_panel.html", _identities
    ),
)


def _panels() -> dict[str, CustomerPanel]:
    """Every panel by its name, those of other apps too."""
    return {panel.name: panel for panel in (*customer_panels, ORDERS, *SIDE)}


def _profile(customer: Customer, now: datetime) -> list[Fact]:
    place = _joined((customer.city, customer.region, words.country(customer.country)))
    pairs: list[tuple[StrOrPromise, Cell]] = [
        (_("User ID"), Cell(customer.user_id)),
        (_("Registered"), Cell(customer.registered_at, kind="time")),
        (_("First seen"), Cell(customer.first_seen_at, kind="time")),
        (_("Came through"), Cell(channel_name(customer.channel))),
        (_("Source code"), Cell(customer.source_code)),
        (_("Gender"), Cell(customer.get_gender_display() if customer.gender else "")),
        (_("Birthday"), Cell(customer.birthday, kind="day")),
        (_("Age"), Cell(_age(customer.birthday, now), kind="number")),
        (_("Place"), Cell(place)),
        (_("Language"), Cell(words.language(customer.language))),
        (_("Time zone"), Cell(words.zone(customer.time_zone) if customer.time_zone else "")),
        (_("Occupation"), Cell(as_read(customer.occupation))),
        (_("Industry"), Cell(as_read(customer.industry))),
        (_("Income band"), Cell(as_read(customer.income_band))),
        (_("Education"), Cell(as_read(customer.education))),
        (_("Interests"), Cell(_joined(customer.interests))),
        (_("Wants at most"), Cell(_wish(customer.most_per_week))),
        *((title, Cell(_plain(value))) for title, value in _attributes(customer)),
    ]
    return [Fact(title, cell) for title, cell in pairs if cell.value not in (None, "")]


def _joined(values: Iterable[object]) -> str:
    """Texts beside each other, as the reader says and separates them; empty ones left out."""
    return words.listed(as_read(str(value)) for value in values if value != "")


def _age(birthday: date | None, now: datetime) -> int | None:
    """Whole years at ``now``, whose date decides."""
    if birthday is None:
        return None
    today = now.date()
    return today.year - birthday.year - ((today.month, today.day) < (birthday.month, birthday.day))


def _wish(most: int | None) -> str:
    return ngettext("%(n)d message a week", "%(n)d messages a week", most) % {"n": most} if most else ""


def _attributes(customer: Customer) -> list[tuple[str, Any]]:
    """Custom attributes under their names for people, without the hidden ones."""
    known = {one.name: one for one in AttributeDefinition.objects.filter(name__in=customer.attributes)}
    hidden = {name for name, one in known.items() if one.is_hidden}
    shown = sorted(item for item in customer.attributes.items() if item[0] not in hidden)
    return [(known[name].title if name in known else name, value) for name, value in shown[:30]]


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list):
        return _joined(value)
    if isinstance(value, dict):
        return words.listed(words.named(name, _plain(inner)) for name, inner in value.items())
    return as_read(str(value))


def _how_long(stretch: report.Stretch) -> Cell:
    """How long a stage lasted; of one that turned out not to have been, that it was only believed."""
    if stretch.superseded_at:
        return Cell(
            _("superseded"), kind="tag", tone="muted", hint=_("Believed until something older arrived")
        )
    return Cell(words.duration(stretch.length) if stretch.length else _("until now"))


def _stage_table(stages: Sequence[report.Stretch], believed: Sequence[report.Stretch]) -> Table:
    causes = dict(MoveCause.choices)
    return Table(
        columns=[
            Column(_("Stage"), "stage"),
            Column(_("Since"), "time"),
            Column(_("For")),
            Column(_("Because of")),
            Column(_("Thresholds"), hint=_("The version of the thresholds that held")),
        ],
        rows=[
            [s.stage, s.began, _how_long(s), causes[s.cause], _("version %(n)s") % {"n": s.rule_version}]
            for s in (*reversed(stages), *believed)
        ],
        empty=Empty(_("No move yet"), _("The first visit or order will be the first move.")),
        caption=_("Stage history"),
    )
