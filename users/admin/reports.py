"""The reports: every question that has a page, grouped by what an operator wants to know."""

from dataclasses import dataclass
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from config.kit.admin import OperatorPage, may_open


@dataclass(frozen=True, slots=True)
class Report:
    """A report: its title, the question it answers, its address name, its symbol."""

    title: StrOrPromise
    about: StrOrPromise
    page: str
    icon: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """Reports that belong together."""

    title: StrOrPromise
    reports: tuple[Report, ...]


SHELVES = (
    Shelf(
        _("Who is here, who stays"),
        (
            Report(
                _("From visitor to core"),
                _("How many are known, registered, paying and core, by channel."),
                "users:ladder",
                "stairs",
            ),
            Report(
                _("Activity"),
                _("How many are active a day, a week, a month, and how often."),
                "users:activity",
                "bolt",
            ),
            Report(
                _("Stages over time"),
                _("How customers move between stages, and how long they stay."),
                "users:flows",
                "timeline",
            ),
            Report(
                _("Retention"),
                _("How many of those who began together are still here."),
                "users:retention",
                "grid_on",
            ),
            Report(
                _("Retained users"), _("Which channel brings people who stay."), "users:retained", "anchor"
            ),
            Report(
                _("Funnel"),
                _("How many go all the way, and where the others leave."),
                "users:funnel",
                "filter_alt",
            ),
            Report(
                _("Features in use"),
                _("Which share of customers uses what, and for how long they visit."),
                "users:features",
                "widgets",
            ),
        ),
    ),
    Shelf(
        _("What they are worth"),
        (
            Report(
                _("RFM"),
                _("Recency, frequency and money: who is who among buyers."),
                "users:rfm",
                "grid_view",
            ),
            Report(_("Core customers"), _("The few who bring most of the revenue."), "users:core", "diamond"),
            Report(
                _("Repurchase"),
                _("How many buy again, after how long, and what next."),
                "users:repurchase",
                "autorenew",
            ),
            Report(
                _("Value by cohort"),
                _("What customers have brought since they began."),
                "users:ltv",
                "stacked_line_chart",
            ),
            Report(
                _("Predictions"),
                _("Expected orders and value, and how far the model can be trusted."),
                "users:model",
                "query_stats",
            ),
            Report(
                _("Opinion leaders"),
                _("Who brings friends, shares and helps, with the evidence."),
                "users:leaders",
                "campaign",
            ),
        ),
    ),
    Shelf(
        _("Where they come from"),
        (
            Report(
                _("Channels"),
                _("What each channel costs, brings and earns, to the cent."),
                "users:channels",
                "hub",
            ),
            Report(
                _("Source codes"),
                _("Links and QR codes with their owners, and what they brought."),
                "users:sources",
                "qr_code_2",
            ),
            Report(_("Daily costs"), _("What was spent per channel and day."), "users:costs", "payments"),
        ),
    ),
    Shelf(
        _("Who they are, how to reach them"),
        (
            Report(
                _("Portrait"), _("Any group beside any other: what sets it apart."), "users:portrait", "face"
            ),
            Report(
                _("Reach"),
                _("Which channels reach how many, and who lacks what."),
                "users:reach",
                "contact_phone",
            ),
            Report(
                _("Orders"),
                _("Net revenue by day and source, and the share linked to known customers."),
                "users:orders",
                "receipt_long",
            ),
            Report(
                _("Products"), _("Categories, products, and who owns what."), "users:products", "inventory_2"
            ),
            Report(
                _("Attributes"),
                _("What the traffic tells of customers beyond the profile."),
                "users:attributes",
                "data_object",
            ),
        ),
    ),
)


class ReportsPage(OperatorPage):
    """The shelf of reports."""

    title = _("Reports")
    purpose = _(
        "What happened, who they are, what they are worth. Every number opens the customers behind it."
    )
    template_name = "users/reports.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Shelves with the reports this operator may open."""
        shelves = [
            (shelf.title, [(report, url) for report in shelf.reports if (url := self._open(report))])
            for shelf in SHELVES
        ]
        return super().get_context_data(**kwargs) | {"shelves": [one for one in shelves if one[1]]}

    def _open(self, report: Report) -> str:
        try:
            url = reverse(report.page)
        except NoReverseMatch:  # an address that no app has
            return ""
        return url if may_open(self.request.user, url) else ""
