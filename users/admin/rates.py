"""Exchange rates: one rate per currency and day, entered for a stretch of days; what was waiting is let go."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from config.kit.admin import FormPage
from config.kit.paging import page
from config.kit.parts import Choice, Column, Crumb, Empty, Filter, Table
from users import shop
from users.models import DeadLetter, ExchangeRate, Role
from users.services.enter_rate import set_rate
from users.services.orders import NO_RATE


class RateForm(forms.Form):
    """A rate for some days."""

    currency = forms.RegexField(
        r"^[A-Za-z]{3}$",
        label=gettext_lazy("Currency"),
        help_text=gettext_lazy("Three letters, such as EUR."),
    )
    first = forms.DateField(label=gettext_lazy("From day"), widget=forms.DateInput(attrs={"type": "date"}))
    last = forms.DateField(label=gettext_lazy("To day"), widget=forms.DateInput(attrs={"type": "date"}))
    rate = forms.DecimalField(
        label=gettext_lazy("Rate"),
        max_digits=18,
        decimal_places=8,
        help_text=gettext_lazy("What one unit of it was worth in the shop's currency on these days."),
    )


class RatesPage(FormPage):
    """The rates and a form for more."""

    title = gettext_lazy("Exchange rates")
    purpose = gettext_lazy(
        "Orders in other currencies count at the rate of their own day; without one they wait."
    )
    template_name = "users/rates.html"
    form_class = RateForm
    submit = gettext_lazy("Enter the rate")
    roles_that_act = (Role.OPERATOR,)
    released = 0

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the orders."""
        return [Crumb(gettext_lazy("Orders"), reverse("users:orders"))]

    def get_consequence(self, form: Any) -> str:
        """What waits."""
        waiting = DeadLetter.objects.filter(code=NO_RATE, replayed_at__isnull=True).count()
        if not waiting:
            return ""
        sentence = ngettext(
            "%(n)s event waits for a rate and is let go when that of its day is entered.",
            "%(n)s events wait for a rate and are let go when that of their day is entered.",
            waiting,
        )
        return sentence % {"n": waiting}

    def act(self, form: Any) -> str:
        """Enter it."""
        told = form.cleaned_data
        released = set_rate(**(told | {"currency": told["currency"].upper()}), by=self.operator)
        if released:
            self.say(
                ngettext("%(n)s event was let go.", "%(n)s events were let go.", released) % {"n": released}
            )
        return self.request.path

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """One page of rates, the newest day first."""
        known = list(ExchangeRate.objects.order_by("currency").values_list("currency", flat=True).distinct())
        wanted = self.request.GET.get("currency", "")
        rows = ExchangeRate.objects.filter(currency=wanted) if wanted in known else ExchangeRate.objects.all()
        found = page(rows, ("-day", "currency"), self.request.GET.get("cursor", ""))
        own = shop.currency.get()
        return super().get_context_data(**kwargs) | {
            "filters": [
                Filter(
                    "currency",
                    _("Currency"),
                    [Choice(one, one) for one in known],
                    wanted if wanted in known else "",
                )
            ],
            "table": Table(
                columns=[
                    Column(_("Day"), "day"),
                    Column(_("Currency")),
                    Column(_("One unit in %(currency)s") % {"currency": own}, "number"),
                ],
                rows=[[row.day, row.currency, row.rate] for row in found.rows],
                empty=Empty(
                    _("No rate yet"),
                    _("They are needed only for orders in another currency than the shop's."),
                    icon="currency_exchange",
                ),
                next=found.next,
                previous=found.previous,
            ),
        }
