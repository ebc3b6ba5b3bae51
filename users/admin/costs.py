"""Daily costs per channel: a month at a glance, entering, correcting, taking back."""

from calendar import monthrange
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import Sum
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from config.kit import words
from config.kit.admin import FormPage
from config.kit.charts import Chart, Series
from config.kit.currencies import minor_digits
from config.kit.parts import Action, Cell, Choice, Column, Crumb, Empty, Filter, Table
from users.admin.acquisition_channels import ChannelField
from users.models import AcquisitionChannel, ChannelCost, Role
from users.money import NotMoney, minor_units
from users.reports.figures import today_in_shop
from users.reports.periods import day_of
from users.services.costs import CostRow, set_costs, spread
from users.shop import currency

MONTHS = 24
LONGEST_SPAN = 366
SHOWN = 400
PER_DAY, IN_ALL = "day", "all"


class CostForm(forms.Form):
    """An amount for a channel on one day or on each of several."""

    channel = ChannelField()
    source_code = forms.CharField(
        label=gettext_lazy("Source code"),
        max_length=60,
        required=False,
        help_text=gettext_lazy("Empty: a cost of the channel as a whole."),
    )
    first = forms.DateField(
        label=gettext_lazy("From day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    last = forms.DateField(
        label=gettext_lazy("To day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("Empty: that one day."),
    )
    amount = forms.CharField(
        label=gettext_lazy("Amount"),
        max_length=20,
        help_text=gettext_lazy("In the shop's currency, such as 120.50; 0 takes an entry away."),
    )
    spread = forms.ChoiceField(
        label=gettext_lazy("The amount is"),
        choices=[
            (PER_DAY, gettext_lazy("for each day")),
            (IN_ALL, gettext_lazy("for all days together, spread evenly")),
        ],
        initial=PER_DAY,
    )

    def clean_amount(self) -> int:
        """In minor units of the shop's currency."""
        try:
            return minor_units(self.cleaned_data["amount"].replace(",", ""), currency.get())
        except NotMoney:
            raise forms.ValidationError(_("Write an amount like 120.50.")) from None

    def clean(self) -> dict[str, Any]:
        """The days in order, and not too many."""
        told = super().clean() or self.cleaned_data
        first = told.get("first")
        told["last"] = last = told.get("last") or first
        if first and last and not 0 <= (last - first).days < LONGEST_SPAN:
            self.add_error("last", _("Give a day that is not before the first and at most a year later."))
        return told

    def rows(self) -> list[CostRow]:
        """The entries that the form means."""
        told = self.cleaned_data
        days = [told["first"] + timedelta(days=n) for n in range((told["last"] - told["first"]).days + 1)]
        amounts = spread(told["amount"], days) if told["spread"] == IN_ALL else [told["amount"]] * len(days)
        slug, code = told["channel"].slug, told["source_code"].strip()
        return [CostRow(day, slug, amount, code) for day, amount in zip(days, amounts, strict=True)]


class CostsPage(FormPage):
    """The costs of a month, and the form."""

    title = gettext_lazy("Daily costs")
    purpose = gettext_lazy("What was spent per channel and day; what a customer costs follows from it.")
    template_name = "users/costs.html"
    roles_that_act = (Role.OPERATOR, Role.ANALYST)
    form_class = CostForm
    submit = gettext_lazy("Enter the cost")
    done = gettext_lazy("The costs are entered.")

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the reports."""
        return [Crumb(gettext_lazy("Reports"), reverse("users:reports"))]

    @cached_property
    def month(self) -> date:
        """The first day of the month that is shown."""
        asked = self.request.GET.get("month", "")
        return day_of(f"{asked[:7]}-01") or today_in_shop(self.now).replace(day=1)

    @property
    def last_day(self) -> date:
        """The last day of the month."""
        return self.month.replace(day=monthrange(self.month.year, self.month.month)[1])

    def get_initial(self) -> dict[str, Any]:
        """What a correction of a line begins with, else yesterday."""
        if (entry := self.entry) is None:
            return {"first": today_in_shop(self.now) - timedelta(days=1)}
        digits = minor_digits(currency.get())
        return {
            "channel": entry.channel.slug,
            "source_code": entry.source.code if entry.source else "",
            "first": entry.day,
            "amount": f"{Decimal(entry.amount).scaleb(-digits):.{digits}f}",
        }

    def get_consequence(self, form: Any) -> StrOrPromise:
        """What entering does to what is there."""
        return _(
            "What is entered for the same days, channel and code is replaced; the audit trail keeps both."
        )

    def post(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Take an entry away, or save the form."""
        taken = request.POST.get("remove", "")
        if not taken.isdecimal():
            return super().post(request, *args, **kwargs)
        entry = ChannelCost.objects.select_related("channel", "source").filter(pk=int(taken[:18])).first()
        if entry is not None:
            code = entry.source.code if entry.source else ""
            set_costs([CostRow(entry.day, entry.channel.slug, None, code)], by=self.operator)
        self.say(_("The entry is gone."))
        return HttpResponseRedirect(request.get_full_path())

    def act(self, form: CostForm) -> str:
        """Enter, then show the month."""
        set_costs(form.rows(), by=self.operator)
        return f"{self.request.path}?month={form.cleaned_data['first']:%Y-%m}"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The month's entries and its days as a chart."""
        entries = (
            ChannelCost.objects.select_related("channel__parent", "source")
            .filter(day__range=(self.month, self.last_day))
            .order_by("-day", "channel__name", "pk")
        )
        total = entries.aggregate(total=Sum("amount"))["total"] or 0
        return super().get_context_data(**kwargs) | {
            "filters": [self._months()],
            "table": self._table(entries[:SHOWN]),
            "chart": self._chart(),
            "total": total,
            "removal": self._removal(),
            "month": words.month(self.month),
            "is_invented": any(entry.is_invented for entry in entries[:SHOWN]),
        }

    def _months(self) -> Filter:
        first = today_in_shop(self.now).replace(day=1)
        months = [first]
        while len(months) < MONTHS:
            months.append((months[-1] - timedelta(days=1)).replace(day=1))
        choices = [Choice(f"{month:%Y-%m}", words.month(month)) for month in months]
        return Filter(
            "month", _("Month"), choices, f"{self.month:%Y-%m}" if "month" in self.request.GET else ""
        )

    def _table(self, entries: Any) -> Table:
        money = currency.get()
        rows = [
            [
                Cell(entry.day, url=self._correction(entry), hint=_("Correct it"), kind="day"),
                _path(entry.channel),
                entry.source.code if entry.source else "",
                Cell(entry.amount, currency=money),
                Cell(_("invented"), kind="tag", tone="warn") if entry.is_invented else "",
                entry.entered_at,
            ]
            for entry in entries
        ]
        columns = [
            Column(_("Day"), "day"),
            Column(_("Channel")),
            Column(_("Source code")),
            Column(_("Amount"), "money"),
            Column(_("Note")),
            Column(_("Entered on"), "time"),
        ]
        empty = Empty(
            _("No cost in this month"),
            _("Enter what a channel cost above, or import a file of costs. Without costs nothing is known of"
              " what a customer costs."),
            icon="payments",
        )  # fmt: skip
        return Table(columns, rows, empty, caption=_("Daily costs"))

    def _correction(self, entry: ChannelCost) -> str:
        return f"?month={self.month:%Y-%m}&entry={entry.pk}#cost"

    @cached_property
    def entry(self) -> ChannelCost | None:
        """The entry that is being corrected, if any."""
        asked = self.request.GET.get("entry", "")
        if not asked.isdecimal():
            return None
        return ChannelCost.objects.select_related("channel", "source").filter(pk=int(asked[:18])).first()

    def _removal(self) -> Action | None:
        entry = self.entry
        if entry is None:
            return None
        amount = words.money(entry.amount, currency.get())
        ask = _("Take the entry of %(amount)s on %(day)s away?") % {
            "amount": amount,
            "day": words.day(entry.day),
        }
        here = f"{self.request.path}?month={self.month:%Y-%m}"
        return Action(
            _("Remove"), here, method="post", name="remove", value=str(entry.pk), confirm=ask, danger=True
        )

    def _chart(self) -> Chart:
        spent = dict(
            ChannelCost.objects.filter(day__range=(self.month, self.last_day))
            .order_by()
            .values_list("day")
            .annotate(Sum("amount"))
        )
        days = [self.month + timedelta(days=n) for n in range((self.last_day - self.month).days + 1)]
        return Chart(
            "costs",
            _("Spent per day"),
            [words.day(day, "short") for day in days],
            [Series(_("Cost"), [spent.get(day, 0) for day in days])],
            kind="bar",
            unit="money",
            currency=currency.get(),
            category_title=_("Day"),
            height=180,
        )


def _path(channel: AcquisitionChannel) -> str:
    return f"{channel.parent.title} › {channel.title}" if channel.parent else channel.title
