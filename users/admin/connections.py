"""Shop connections: shops that deliver by webhook, their addresses and secrets, what came and what became of it."""

from collections.abc import Collection, Sequence
from typing import Any, ClassVar

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from config.kit.admin import OWNER, OperatorPage
from config.kit.given_names import as_read
from config.kit.paging import page
from config.kit.parts import Action, Cell, Choice, Column, Crumb, Empty, Fact, Filter, Table
from users.admin.secret import SecretPage
from users.models import Role, ShopConnection, ShopDelivery, ShopKind
from users.services import shop_connections, shop_deliveries
from users.services.shop_deliveries import REASONS

LIST = "users:connections"
SEEING = (OWNER, Role.OPERATOR, Role.ANALYST)
TONES = {"taken": "good", "ignored": "muted", "dead": "bad"}
TOPICS = {
    ShopKind.SHOPIFY: "orders/create, orders/paid, orders/updated, orders/cancelled, refunds/create, "
    "customers/create, customers/update, products/update, customers/redact, shop/redact",
    ShopKind.WOOCOMMERCE: "order.created, order.updated, order.deleted, customer.created, customer.updated, "
    "product.created, product.updated",
    ShopKind.YOUZAN: "trade_TradeCreate, trade_TradePaid, trade_TradeSuccess, trade_TradeClose, "
    "trade_refund_RefundSuccess",
}


class ConnectionList(OperatorPage):
    """Every connection."""

    title = gettext_lazy("Shop connections")
    purpose = gettext_lazy("Shops, tills and marketplaces that tell Regulars of their orders by webhook.")
    template_name = "operator/list.html"
    roles_that_see = SEEING

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the settings."""
        return [Crumb(gettext_lazy("Settings"), reverse("users:settings"))]

    def get_actions(self) -> Sequence[Action]:
        """A new one."""
        return [Action(gettext_lazy("Connect a shop"), reverse("users:connection_create"), icon="add")]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """At most 200, by name."""
        table = Table(
            columns=[
                Column(_("Name")),
                Column(_("Kind")),
                Column(_("Order source")),
                Column(_("State"), "tag"),
                Column(_("Last received"), "time"),
                Column(_("Deliveries"), "number"),
                Column(_("Refused"), "number", hint=_("Deliveries whose signature was wrong")),
                Column(_("Last failure"), "time"),
            ],
            rows=[_row(one) for one in ShopConnection.objects.order_by("name", "pk")[:200]],
            empty=Empty(
                _("No shop is connected yet"),
                _("Shopify, WooCommerce and Youzan can tell Regulars of orders, refunds and customers."),
                Action(_("Connect a shop"), reverse("users:connection_create")),
                icon="cable",
            ),
        )
        return super().get_context_data(**kwargs) | {"table": table}


def list_crumbs() -> list[Crumb]:
    """To the list of connections."""
    return [
        Crumb(gettext_lazy("Settings"), reverse("users:settings")),
        Crumb(ConnectionList.title, reverse(LIST)),
    ]


class NewConnectionForm(forms.Form):
    """What a connection needs to know."""

    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"),
        choices=ShopKind.choices,
        widget=forms.RadioSelect,
        initial=ShopKind.SHOPIFY,
    )
    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)
    source = forms.CharField(
        label=gettext_lazy("Order source"),
        max_length=40,
        help_text=gettext_lazy(
            "One word for where these orders come from, such as “webshop” or “tmall”: reports and rules split by it, "
            "and order numbers of different sources never collide. It cannot be changed."
        ),
    )
    client_id = forms.CharField(
        label=gettext_lazy("Client ID"),
        max_length=100,
        required=False,
        help_text=gettext_lazy("Youzan only."),
    )
    secret = forms.CharField(
        label=gettext_lazy("Secret"),
        max_length=200,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy(
            "What the shop signs with. Shopify and Youzan show theirs; for WooCommerce leave it empty to get a new one."
        ),
    )
    shares_ids = forms.BooleanField(
        label=gettext_lazy("Customers and products have the same numbers as in the tracking API"),
        required=False,
        help_text=gettext_lazy(
            "Without it their numbers begin with the source, so that they are never mixed up."
        ),
    )


class NewConnection(SecretPage):
    """A new connection; its secret is shown once."""

    title = gettext_lazy("Connect a shop")
    purpose = gettext_lazy("Its address and its secret are shown on the next page, the secret only once.")
    form_class = NewConnectionForm
    submit = gettext_lazy("Connect")
    roles_that_see = (OWNER,)
    connection: ShopConnection | None = None

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the connections; after it is made, to the connection."""
        crumbs = list_crumbs()
        if self.connection is not None:
            crumbs.append(
                Crumb(as_read(self.connection.name), reverse("users:connection", args=[self.connection.pk]))
            )
        return crumbs

    def make(self, form: Any) -> tuple[str, str]:
        """Its name and secret."""
        told = form.cleaned_data
        self.connection, secret = shop_connections.connect(
            **(told | {"kind": ShopKind(told["kind"]), "source": told["source"].strip().lower()}),
            by=self.operator,
        )
        return self.connection.name, secret


class AboutConnection(OperatorPage):
    """A page about one connection."""

    roles_that_see: ClassVar[Collection[str] | None] = SEEING

    @cached_property
    def connection(self) -> ShopConnection:
        """Which one. Raises Http404."""
        found = ShopConnection.objects.filter(pk=self.kwargs["connection_id"]).first()
        if found is None:
            raise Http404
        return found

    def get_title(self) -> StrOrPromise:
        """Its name."""
        return as_read(self.connection.name)


class ConnectionPage(AboutConnection):
    """One connection: what to enter in the shop, how it goes, what came last."""

    purpose = gettext_lazy("What to enter in the shop, what came from it, and what became of that.")
    template_name = "users/connection.html"
    roles_that_act = (Role.OPERATOR,)

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the connections."""
        return list_crumbs()

    def get_actions(self) -> Sequence[Action]:
        """Secret, switch, replay."""
        one, here = self.connection, self.request.path
        actions = []
        if self.request.user.role == OWNER:  # type: ignore[union-attr]  # the frame let operators in only
            actions.append(
                Action(_("New secret"), reverse("users:connection_secret", args=[one.pk]), icon="key")
            )
        question = _("Switch “%(name)s” off? The shop is then answered that there is no such address.") % {
            "name": one.name
        }
        actions.append(
            Action(
                _("Switch off"),
                here,
                method="post",
                name="switch",
                value="off",
                confirm=question,
                danger=True,
            )
            if one.is_on
            else Action(_("Switch on"), here, method="post", name="switch", value="on")
        )
        if shop_deliveries.dead(one).exists():
            actions.append(
                Action(
                    _("Send the dead ones in again"),
                    here,
                    icon="replay",
                    method="post",
                    name="replay",
                    value="all",
                )
            )
        return actions

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Facts, and one page of deliveries."""
        state = self.request.GET.get("state", "")
        rows = ShopDelivery.objects.filter(connection=self.connection).defer("body")
        if state in ShopDelivery.State.values:
            rows = rows.filter(state=state)
        found = page(rows, ("-received_at", "-pk"), self.request.GET.get("cursor", ""))
        choices = [Choice(value, label) for value, label in ShopDelivery.State.choices]
        return super().get_context_data(**kwargs) | {
            "enter": self._enter(),
            "about": self._about(),
            "filters": [Filter("state", _("Fate"), choices, state)],
            "table": Table(
                columns=[
                    Column(_("Received"), "time"),
                    Column(_("Topic")),
                    Column(_("Fate"), "tag"),
                    Column(_("Why")),
                    Column(_("Events"), "number"),
                    Column(_("Sent in again"), "time"),
                    Column("", "action"),
                ],
                rows=[self._delivery(one) for one in found.rows],
                empty=Empty(
                    _("Nothing came yet"),
                    _("Enter the address and the secret in the shop, then place a test order there."),
                    icon="cable",
                ),
                next=found.next,
                previous=found.previous,
            ),
        }

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Switch, replay one, replay the dead."""
        if switch := request.POST.get("switch", ""):
            shop_connections.switch(self.connection.pk, is_on=switch == "on", by=self.operator)
            self.say(_("Saved."))
        elif request.POST.get("replay") == "all":
            taken, still = shop_deliveries.replay_dead(self.connection, by=self.operator)
            self.say(_("%(taken)s taken, %(still)s still dead.") % {"taken": taken, "still": still})
        else:
            self._replay(request.POST.get("replay", ""))
        return HttpResponseRedirect(request.get_full_path())

    def _replay(self, number: str) -> None:
        known = ShopDelivery.objects.filter(connection=self.connection)
        if not (number.isdecimal() and len(number) < 19 and known.filter(pk=int(number)).exists()):
            raise Http404
        delivery = shop_deliveries.replay(int(number), by=self.operator)
        self.say(_("Sent in again: %(fate)s.") % {"fate": delivery.get_state_display()})

    def _enter(self) -> list[Fact]:
        one = self.connection
        address = self.request.build_absolute_uri(f"/hooks/{one.kind}/{one.token}")
        return [
            Fact(_("Address"), Cell(address)),
            Fact(_("Topics"), Cell(TOPICS[ShopKind(one.kind)])),
            Fact(_("Format"), Cell("JSON")),
        ]

    def _about(self) -> list[Fact]:
        one = self.connection
        facts = [
            Fact(_("Kind"), Cell(one.get_kind_display())),
            Fact(_("Order source"), Cell(one.source, url=f"{reverse('users:orders')}?source={one.source}")),
            Fact(_("State"), _state(one)),
            Fact(_("First ping"), Cell(one.pinged_at, kind="time")),
            Fact(_("Last received"), Cell(one.received_at, kind="time")),
            Fact(_("Deliveries"), Cell(one.received, kind="number")),
            Fact(_("Came again"), Cell(one.repeated, kind="number", hint=_("Repeats, which change nothing"))),
            Fact(
                _("Refused"), Cell(one.refused, kind="number", hint=_("Deliveries whose signature was wrong"))
            ),
            Fact(_("Last refused"), Cell(one.refused_at, kind="time")),
            Fact(_("Last failure"), Cell(one.failed_at, kind="time")),
        ]
        if one.failure:
            facts.append(Fact(_("Why"), Cell(REASONS.get(one.failure, one.failure))))
        return facts

    def _delivery(self, one: ShopDelivery) -> list[Any]:
        again = Action(
            _("Send it in again"), self.request.path, method="post", name="replay", value=str(one.pk)
        )
        return [
            one.received_at,
            one.topic,
            Cell(one.get_state_display(), tone=TONES[one.state]),  # type: ignore[arg-type]  # a tone's name
            REASONS.get(one.code, one.code),
            one.items,
            one.replayed_at,
            again if self.may_act else None,
        ]


class NewSecretForm(forms.Form):
    """The new secret."""

    secret = forms.CharField(
        label=gettext_lazy("Secret"),
        max_length=200,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=NewConnectionForm.base_fields["secret"].help_text,
    )


class RenewConnectionSecret(AboutConnection, SecretPage):
    """Another secret for a connection."""

    purpose = gettext_lazy(
        "From then on, what is signed with the old secret is refused; shops send it again."
    )
    form_class = NewSecretForm
    submit = gettext_lazy("Use this secret")
    roles_that_see = (OWNER,)

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the connection."""
        return [
            *list_crumbs(),
            Crumb(as_read(self.connection.name), reverse("users:connection", args=[self.connection.pk])),
        ]

    def make(self, form: Any) -> tuple[str, str]:
        """Its name and the secret."""
        connection, secret = shop_connections.renew_secret(
            self.connection.pk, secret=form.cleaned_data["secret"], by=self.operator
        )
        return connection.name, secret


def _row(one: ShopConnection) -> list[Any]:
    return [
        Cell(as_read(one.name), url=reverse("users:connection", args=[one.pk])),
        one.get_kind_display(),
        one.source,
        _state(one),
        one.received_at,
        one.received,
        one.refused,
        Cell(one.failed_at, hint=REASONS.get(one.failure, one.failure)),
    ]


def _state(one: ShopConnection) -> Cell:
    if not one.is_on:
        return Cell(_("Switched off"), tone="muted", kind="tag")
    if one.received_at is None:
        return Cell(_("Waits for the first delivery"), tone="warn", kind="tag")
    return Cell(_("Connected"), tone="good", kind="tag")
