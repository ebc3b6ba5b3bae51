"""The page of the core customers: the few who bring 80 % of the revenue, the curve, who is near."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.kit import words
from config.kit.charts import Chart, Series
from config.kit.parts import Cell, Column, Empty, Stat, Table
from users.admin.value_page import Section, ValuePage
from users.groups import group_url
from users.models import CustomerValue, ValueDay
from users.reports import value as reports
from users.services.value.run import TOPS
from users.shop import currency

SHOWN = 20


class CorePage(ValuePage):
    """The smallest set of customers who bring 80 % of the revenue of a year."""

    title = gettext_lazy("Core customers")
    purpose = gettext_lazy(
        "The smallest set of customers that brings 80 per cent of the net revenue of the last 365 days."
    )

    def sections(self, day: ValueDay) -> list[Section]:
        """Who they are, the curve, the cuts, the first of them."""
        stats = _stats(day)
        return [
            Section(_("Who they are"), stats=stats[:3]),
            Section(_("What they bring"), stats=stats[3:]),
            Section(_("Pareto curve"), chart=_curve(day)),
            Section(
                _("From the top down"),
                _("Of customers with revenue in the last 365 days; who equals the last one is in."),
                table=_tops(day),
            ),
            Section(_("The first of them"), table=_first()),
        ]


def _stats(day: ValueDay) -> list[Stat]:
    shop, total = currency.get(), sum(row[2] for row in day.figures["core"])
    customers = sum(row[1] for row in day.figures["core"])
    core = next((row for row in day.figures["core"] if row[0]), [True, 0, 0, None])
    near, near_revenue = day.figures["near_core"]
    return [
        Stat(_("Core customers"), core[1], url=group_url("core"), window=_("last 365 days")),
        Stat(
            _("Share of the customers with revenue"),
            core[1] / customers if customers else None,
            "percent",
            of=customers,
        ),
        Stat(_("Share of the revenue"), core[2] / total if total else None, "percent", of=customers),
        Stat(_("Their revenue"), core[2], "money", currency=shop, window=_("last 365 days, net")),
        Stat(_("The least of them brought"), core[3], "money", currency=shop),
        Stat(
            _("Nearly core"),
            near,
            url=group_url("core", near=1) if near else "",
            note=_("at least %(share)s of that; %(money)s together")
            % {"share": words.percent(reports.NEAR_CORE, 0), "money": words.money(near_revenue, shop)},
        ),
    ]


def _curve(day: ValueDay) -> Chart:
    """Share of the revenue by share of the customers, the best first; ties share a step."""
    rows = day.figures["pareto"]
    customers, revenue = sum(row[1] for row in rows), sum(row[2] for row in rows)
    shares, titles, seen, earned = [], [], 0, 0
    for _top, count, money in rows:
        seen, earned = seen + count, earned + money
        titles.append(words.percent(seen / customers))
        shares.append(earned / revenue)
    return Chart(
        "pareto",
        _("Share of the revenue by share of the customers, the best first"),
        titles,
        [Series(_("Share of the revenue"), shares)],
        unit="percent",
        category_title=_("Share of the customers"),
        summary=_("n = %(n)s customers with revenue in the last 365 days") % {"n": words.number(customers)},
    )


def _tops(day: ValueDay) -> Table:
    cuts = reports.cuts_of(day.day)
    rows = day.figures["pareto"]
    total = sum(row[2] for row in rows)
    return Table(
        columns=[
            Column(_("Top")),
            Column(_("Customers"), "number"),
            Column(_("Revenue at least"), "money"),
            Column(_("Share of the revenue"), "percent", hint=_("of the revenue of the last 365 days")),
        ],
        rows=[
            [
                Cell(f"{n}%", url=group_url("top", by="revenue", n=n)),
                Cell(sum(row[1] for row in rows if row[0] <= n), url=group_url("top", by="revenue", n=n)),
                cuts.get(("top_revenue", n)),
                sum(row[2] for row in rows if row[0] <= n) / total if total else None,
            ]
            for n in TOPS
        ],
        empty=Empty(_("Nothing to show yet")),
        caption=_("From the top down"),
    )


def _first() -> Table:
    first = CustomerValue.objects.filter(is_core=True, revenue_year__gt=0).select_related(
        "customer", "customer__standing"
    )
    return Table(
        columns=[
            Column(_("Customer"), "person"),
            Column(_("Revenue of a year"), "money"),
            Column(_("RFM group")),
            Column(_("Stage"), "stage"),
            Column(_("Churn risk"), "percent"),
        ],
        rows=[
            [
                one.customer,
                one.revenue_year,
                one.get_rfm_group_display(),
                one.customer.standing.stage,
                None if one.churn_risk is None else one.churn_risk / 100,
            ]
            for one in first.order_by("-revenue_year", "customer_id")[:SHOWN]
        ],
        empty=Empty(_("No core customer yet"), _("They appear with the first revenue of the last 365 days.")),
        caption=_("The first of them"),
    )
