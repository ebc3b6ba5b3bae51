"""The empty place of somebody who was erased: when, by whom, what went, and what is still there without a name."""

from collections.abc import Sequence
from typing import Any

from django.http import Http404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.kit import words
from config.kit.admin import OperatorPage
from config.kit.parts import Cell, Column, Crumb, Empty, Fact, Table
from users.models import ErasedIdentity, Erasure
from users.privacy import in_order, places, quoting
from users.reports.held import held_about


class ErasedPage(OperatorPage):
    """One erasure, and a look through every table that holds rows of customers, made now."""

    purpose = gettext_lazy("Who this was is not known here any more.")
    template_name = "users/erased.html"

    @cached_property
    def erasure(self) -> Erasure:
        """The erasure of the address. Raises Http404."""
        found = Erasure.objects.select_related("by").filter(pk=self.kwargs["customer_id"]).first()
        if found is None:
            raise Http404
        return found

    def get_title(self) -> str:
        """The number that stays."""
        return _("Erased customer #%(number)s") % {"number": self.kwargs["customer_id"]}

    def get_crumbs(self) -> Sequence[Crumb]:
        """Beside the other erasures."""
        return [Crumb(_("Privacy"), reverse("users:keeping"))]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What went, what is left."""
        held = held_about(self.erasure.pk)
        return super().get_context_data(**kwargs) | {
            "facts": self._facts(),
            "went": self._went(),
            "left": Table(
                [Column(_("What")), Column(_("Rows"), "number"), Column(_("Why it stays"))],
                [[one.holding.title, one.rows, one.holding.why] for one in held if one.rows],
                Empty(_("Nothing is left")),
                caption=_("What is left"),
            ),
            "looked_through": words.number(len(held)),
        }

    def _facts(self) -> list[Fact]:
        refused = ErasedIdentity.objects.filter(customer=self.erasure.pk).values_list("refused", flat=True)
        by = str(self.erasure.by) if self.erasure.by else _("the customer, or a restored dump")
        return [
            Fact(_("Erased"), Cell(self.erasure.at, kind="time")),
            Fact(_("By"), Cell(by)),
            Fact(_("Keyed hashes kept"), Cell(len(refused), kind="number")),
            Fact(_("Turned away since"), Cell(sum(refused), kind="number")),
        ]

    def _went(self) -> Table:
        titles = {told.model._meta.label: told.title for told in (*quoting, *in_order())}
        titles |= {place.name: place.title for place in places}
        rows = [[titles.get(name, name), rows] for name, rows in self.erasure.removed.items()]
        return Table([Column(_("What")), Column(_("Rows"), "number")], rows, Empty(_("Nothing was held")))
