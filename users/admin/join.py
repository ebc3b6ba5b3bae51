"""Join a customer with another one by hand: find, look at what would happen, confirm by typing."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from config.kit import words
from config.kit.admin import OperatorPage
from config.kit.given_names import as_read
from config.kit.parts import Cell, Column, Crumb, Empty, Table
from config.kit.refusal import Refusal
from users.dimensions import dimension
from users.models import Channel, Customer, Role
from users.reports import finding
from users.services import find, hand_join

CANDIDATES = 20


class JoinPage(OperatorPage):
    """Two records of one person become one. What would happen stands here before it does."""

    title = gettext_lazy("Join with another customer")
    purpose = gettext_lazy(
        "For one person with two records. Look at what moves, then confirm; it cannot be undone."
    )
    template_name = "users/join.html"
    roles_that_see = (Role.OPERATOR,)
    roles_that_act = (Role.OPERATOR,)

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the customer."""
        number = self.kwargs["customer_id"]
        whose = Customer.objects.living().filter(pk=number).first()
        return [
            Crumb(gettext_lazy("Customers"), reverse("users:customers")),
            Crumb(str(whose or _("Customer")), reverse("users:customer", args=[number])),
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The search, or the preview of the one that was chosen."""
        customer = find.by_id(self.kwargs["customer_id"])
        context = super().get_context_data(**kwargs) | {"customer": customer, "query": self._text}
        if self._other:
            try:
                return context | _preview(hand_join.preview(customer.pk, self._other))
            except Refusal as refusal:
                context["why_not"] = refusal.message
        found = (
            [one for one in finding.find(self._text, CANDIDATES) if one.pk != customer.pk]
            if self._text
            else []
        )
        return context | {"table": self._found(found) if self._text else None}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Join, then show the survivor."""
        other = request.POST.get("with", "")
        survivor = hand_join.join_by_hand(
            self.kwargs["customer_id"],
            int(other) if other.isdecimal() and len(other) < 19 else 0,
            typed=request.POST.get("typed", "")[:40],
            by=self.operator,
            now=self.now,
        )
        self.say(_("The two are one customer now."))
        return HttpResponseRedirect(reverse("users:customer", args=[survivor.pk]))

    @property
    def _text(self) -> str:
        return self.request.GET.get("q", "").replace("\0", "").strip()[:200]

    @property
    def _other(self) -> int:
        told = self.request.GET.get("with", "")
        return int(told) if told.isdecimal() and len(told) < 19 else 0

    def _found(self, found: Sequence[Any]) -> Table:
        return Table(
            [
                Column(_("Customer"), "person"),
                Column(_("User ID")),
                Column(_("Number"), "number"),
                Column(""),
            ],
            [
                [
                    one,
                    one.user_id or "",
                    Cell(str(one.pk)),
                    Cell(_("Look at the join"), url=f"?with={one.pk}"),
                ]
                for one in found
            ],
            Empty(
                _("No other customer fits"),
                _("Search for the whole e-mail, phone, openid, user ID or order number of the other record."),
                icon="person_search",
            ),
        )


def _preview(seen: hand_join.Preview) -> dict[str, Any]:
    survivor, absorbed = str(seen.survivor), words.aside(str(seen.absorbed), seen.word)
    return {
        "preview": seen,
        "moved": Table(
            [Column(_("What")), Column(survivor, "number"), Column(absorbed, "number")],
            [[row.title, row.kept, row.absorbed] for row in seen.moved],
            Empty(_("Nothing moves"), _("Neither has any history.")),
        ),
        "traits": Table(
            [Column(_("Trait")), Column(survivor), Column(absorbed), Column(_("After the join"))],
            [
                [
                    capfirst(str(t.title)),
                    _shown(t.name, t.kept),
                    _shown(t.name, t.absorbed),
                    Cell(_shown(t.name, t.result), tone="good"),
                ]
                for t in seen.traits
            ],
            Empty(_("No difference"), _("Both say the same, or nothing.")),
        ),
        "consents": Table(
            [
                Column(_("Topic")),
                Column(_("Message channel")),
                Column(survivor),
                Column(absorbed),
                Column(_("After the join")),
            ],
            [
                [
                    c.topic,
                    Channel(c.channel).label,
                    _answer(c.kept),
                    _answer(c.absorbed),
                    Cell(_answer(c.result), kind="tag", tone="good" if c.result else "bad"),
                ]
                for c in seen.consents
            ],
            Empty(_("No answer yet"), _("Neither has said anything about messages.")),
        ),
        "contacts": Table(
            [Column(_("Message channel")), Column(_("Address")), Column(_("State afterwards")), Column("")],
            [
                [
                    Channel(c.channel).label,
                    c.address,
                    c.state,
                    _("both have it") if c.is_shared else _("comes along"),
                ]
                for c in seen.contacts
            ],
            Empty(_("No address comes along")),
        ),
    }


def _shown(name: str, value: Any) -> StrOrPromise:
    """A trait in words: stored values by the labels of their dimension."""
    if isinstance(value, list):
        return words.listed(as_read(str(one)) for one in value) or "–"
    if isinstance(value, datetime):
        return words.absolute(value)
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if value in (None, ""):
        return "–"
    by = dimension(name)
    return by.label(value) if by and isinstance(value, str) else str(value)


def _answer(granted: bool | None) -> StrOrPromise:
    if granted is None:
        return _("never asked")
    return _("Granted") if granted else _("Refused")
