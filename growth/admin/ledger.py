"""One customer's points: every entry, and the form that corrects them."""

import uuid
from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.kit import words
from config.kit.admin import FormPage, OperatorPage
from config.kit.paging import page
from config.kit.parts import Action, Cell, Column, Crumb, Empty, Fact, Stat, Table
from growth.models import Entry
from growth.reports import points as reports
from growth.services.adjust import adjust
from users.models import Customer, Role

LARGEST_ADJUSTMENT = 1_000_000


class OfCustomer:
    """What both pages share: the customer of the address and the way here."""

    kwargs: dict[str, Any]

    @cached_property
    def customer(self) -> Customer:
        """The customer of the address."""
        return get_object_or_404(Customer, pk=self.kwargs["pk"])

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under growth and the customer."""
        return [
            Crumb(gettext_lazy("Growth"), reverse("growth:home")),
            Crumb(str(self.customer), reverse("users:customer", args=[self.customer.pk])),
        ]


class Ledger(OfCustomer, OperatorPage):
    """Every movement of one customer's points, newest first."""

    title = gettext_lazy("Points ledger")
    purpose = gettext_lazy(
        "Every movement of this customer's points. Nothing here is ever changed or deleted."
    )
    template_name = "growth/ledger.html"
    roles_that_act: ClassVar[Sequence[str]] = (Role.OPERATOR,)

    def get_actions(self) -> Sequence[Action]:
        """Correct the points."""
        return [Action(_("Adjust points"), reverse("growth:adjust", args=[self.customer.pk]), icon="edit")]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Figures, level and one page of entries."""
        entries = reports.history_of(self.customer.pk)
        found = page(entries, ("-at", "-key", "-account"), self.request.GET.get("cursor", ""))
        return super().get_context_data(**kwargs) | {
            "customer": self.customer,
            "stats": _stats(reports.points_of(self.customer.pk, self.now)),
            "facts": level_facts(self.customer.pk),
            "table": entry_table(found.rows, next_page=found.next, previous=found.previous),
        }


class AdjustForm(forms.Form):
    """How many, and why. ``asked`` holds what the operator has had read back."""

    points = forms.IntegerField(
        label=gettext_lazy("Points"),
        min_value=-LARGEST_ADJUSTMENT,
        max_value=LARGEST_ADJUSTMENT,
        help_text=gettext_lazy("A negative number removes points; never more than the customer has."),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=200,
        help_text=gettext_lazy("Stays in the customer's history and in the audit trail."),
    )
    key = forms.CharField(widget=forms.HiddenInput, max_length=40)
    asked = forms.CharField(widget=forms.HiddenInput, required=False)

    @property
    def wish(self) -> str:
        """What was entered, in one word to compare with."""
        return f"{self.cleaned_data['points']}|{self.cleaned_data['reason']}"


class Adjust(OfCustomer, FormPage):
    """Add or remove points by hand: first read back, then done."""

    title = gettext_lazy("Adjust points")
    purpose = gettext_lazy("Corrects what went wrong; earning and refunds book themselves.")
    form_class = AdjustForm
    submit = gettext_lazy("Continue")
    done = gettext_lazy("The points are adjusted.")
    roles_that_see: ClassVar[Sequence[str]] = (Role.OPERATOR,)
    roles_that_act: ClassVar[Sequence[str]] = (Role.OPERATOR,)

    def get_initial(self) -> dict[str, Any]:
        """A key of its own, so that a form sent twice counts once."""
        return {"key": uuid.uuid4().hex}

    def form_valid(self, form: AdjustForm) -> HttpResponse:
        """Read the wish back first; act when it comes again unchanged."""
        if form.cleaned_data["asked"] == form.wish:
            return super().form_valid(form)
        again = AdjustForm({**form.cleaned_data, "asked": form.wish})
        again.is_valid()
        context = self.get_context_data(form=again) | {"submit": _("Yes, adjust")}
        return self.render_to_response(context)

    def act(self, form: AdjustForm) -> str:
        """Book it."""
        wish = form.cleaned_data
        adjust(
            self.customer,
            wish["points"],
            reason=wish["reason"],
            key=wish["key"],
            by=self.operator,
            now=self.now,
        )
        return reverse("growth:ledger", args=[self.customer.pk])

    def get_consequence(self, form: Any) -> str:
        """What will be true afterwards."""
        if not (form.is_bound and form.is_valid()):
            return ""
        change, held = form.cleaned_data["points"], reports.points_of(self.customer.pk, self.now)
        after = held.balance + change - min(max(change, 0), held.owed)
        sentence = (
            _("%(name)s gets %(points)s points and will have %(after)s. Noted for ever: “%(reason)s”.")
            if change > 0
            else _("%(name)s loses %(points)s points and will have %(after)s. Noted for ever: “%(reason)s”.")
        )
        return sentence % {
            "name": self.customer,
            "points": words.number(abs(change)),
            "after": words.number(after),
            "reason": form.cleaned_data["reason"],
        }


def entry_table(entries: Sequence[Entry], *, next_page: str = "", previous: str = "") -> Table:
    """Movements of accounts; each names its account."""
    return Table(
        columns=[
            Column(_("When"), "time"),
            Column(_("What")),
            Column(_("Account"), "tag"),
            Column(_("Points"), "number"),
            Column(_("Note")),
        ],
        rows=[_entry_row(entry) for entry in entries],
        empty=Empty(_("No points yet"), _("Paid orders and check-ins would be listed here."), icon="redeem"),
        next=next_page,
        previous=previous,
    )


def level_facts(customer_id: int) -> list[Fact]:
    """Where the customer stands on the ladder, in lines."""
    standing = reports.standing_of(customer_id)
    if standing is None:
        return []
    facts = [
        Fact(_("Level"), Cell(standing.level.title)),
        Fact(_("Growth value"), Cell(standing.growth_value, kind="number")),
    ]
    if standing.next_level is not None:
        missing = {"n": words.number(standing.missing), "level": standing.next_level.title}
        facts.append(Fact(_("Next level"), Cell(_("%(n)s more for %(level)s") % missing)))
    if standing.judged_at is not None:
        facts.append(Fact(_("Kept until"), Cell(standing.judged_at, kind="day")))
    return facts


def _stats(points: reports.Points) -> list[Stat]:
    stats = [
        Stat(_("Can be spent"), points.balance, unit=_("points"), window=_("now")),
        Stat(_("Pending"), points.pending, unit=_("points"), window=_("until the return window has passed")),
        Stat(_("Owed to the shop"), points.owed, unit=_("points"), window=_("settled by the next points")),
    ]
    if points.expires_at is not None:
        window = _("on %(day)s") % {"day": words.day(points.expires_at)}
        stats.append(Stat(_("Expire next"), points.expiring, unit=_("points"), window=window))
    return stats


def _entry_row(entry: Entry) -> list[Any]:
    account = Cell(entry.get_account_display(), tone="warn" if entry.account == "debt" else "")
    return [entry.at, entry.get_kind_display(), account, entry.amount, entry.note]
