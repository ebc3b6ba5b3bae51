"""How long each kind of data is kept, with a look at what would go; and who was erased."""

from typing import Any

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from config.kit import words
from config.kit.parts import Cell, Column, Empty, Table
from users.admin.settings import SettingsForm
from users.keeping import MOST_COUNTED, Keeping, kinds
from users.models import ErasedIdentity, Erasure
from users.services import settings as service

LONGEST = 36_500


class KeepingForm(forms.Form):
    """Days per kind."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind in kinds:
            self.fields[kind.name] = forms.IntegerField(
                label=kind.title,
                help_text=kind.about,
                min_value=0,
                max_value=LONGEST,
                initial=kind.days.get(),
            )


class KeepingPage(SettingsForm):
    """The days, a look ahead before saving, and the erasures."""

    title = gettext_lazy("Privacy")
    purpose = gettext_lazy("How many days each kind of data is kept; 0 means for ever.")
    template_name = "users/keeping.html"
    edits = True
    form_class = KeepingForm
    submit = gettext_lazy("Save")
    done = gettext_lazy("Saved. What is older is removed within the hour.")

    def form_valid(self, form: KeepingForm) -> HttpResponse:
        """Save; or only look, when the other button was pressed."""
        if "preview" in self.request.POST:
            return self.render_to_response(self.get_context_data(form=form, preview=self._preview(form)))
        return super().form_valid(form)

    def act(self, form: KeepingForm) -> None:
        """Store what changed."""
        days = {kinds[name].days.name: value for name, value in form.cleaned_data.items()}
        service.change(days, by=self.operator)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Erasures below the form."""
        return super().get_context_data(**kwargs) | {"erasures": _erasures()}

    def _preview(self, form: KeepingForm) -> Table:
        return Table(
            columns=[Column(_("What")), Column(_("Older than")), Column(_("Would go"))],
            rows=[self._would_go(kind, form.cleaned_data[kind.name]) for kind in kinds],
            empty=Empty(_("Nothing is kept for a time")),
            caption=_("What would be removed"),
        )

    def _would_go(self, kind: Keeping, days: int) -> list[StrOrPromise]:
        cutoff = kind.cutoff(self.now, days)
        if cutoff is None:
            return [kind.title, _("kept for ever"), _("nothing")]
        rows = kind.due(cutoff, MOST_COUNTED + 1)
        more = rows > MOST_COUNTED
        told = _("more than %(n)s") % {"n": words.number(MOST_COUNTED)} if more else words.number(rows)
        return [kind.title, words.day(cutoff), told]


def _erasures() -> Table:
    """The newest erasures; how many items named each of them since."""
    found = list(Erasure.objects.select_related("by").order_by("-at")[:50])
    refused: dict[int, int] = {}
    for customer_id, items in ErasedIdentity.objects.filter(
        customer__in=[one.customer_id for one in found], refused__gt=0
    ).values_list("customer_id", "refused"):
        refused[customer_id] = refused.get(customer_id, 0) + items
    return Table(
        columns=[
            Column(_("Customer")),
            Column(_("Erased"), "time"),
            Column(_("By")),
            Column(_("Rows"), "number"),
            Column(_("Turned away since"), "number"),
        ],
        rows=[
            [
                Cell(f"#{one.customer_id}", url=reverse("users:erased", args=[one.customer_id])),
                one.at,
                Cell(str(one.by) if one.by else _("the customer, or a restored dump")),
                sum(one.removed.values()),
                refused.get(one.customer_id, 0),
            ]
            for one in found
        ],
        empty=Empty(_("Nobody has been erased"), _("Erasures start on a customer's page.")),
        caption=_("Erasures"),
    )
