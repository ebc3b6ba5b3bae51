"""Channel profit and loss: cost, joins, retention, revenue, CAC and payback per channel, tied to the ledger."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.kit import words
from config.kit.admin import OperatorPage
from config.kit.charts import MOST_SERIES, Chart, Series
from config.kit.parts import Action, Cell, Column, Crumb, Empty, Fact, Stat, Table
from config.kit.sheets import csv_response
from users.groups import group_url
from users.groups.acquisition import UNKNOWN
from users.reports import channels as report
from users.reports.channels import STAYING_DAYS, ChannelLine, ProfitAndLoss
from users.reports.figures import today_in_shop
from users.reports.periods import period_filters, read_period
from users.shop import currency

DEFAULT_DAYS = 365
CHARTED = 8


class ChannelsReport(OperatorPage):
    """The report."""

    title = gettext_lazy("Channels")
    purpose = gettext_lazy(
        "What each channel costs, whom it brings, who stays, and when it has paid for itself."
    )
    template_name = "users/channels.html"

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the reports."""
        return [Crumb(gettext_lazy("Reports"), reverse("users:reports"))]

    def get_as_of(self) -> datetime:
        """The instant the figures stand for."""
        return self.found.as_of

    def get_file(self) -> HttpResponseBase | None:
        """The lines of both levels as CSV."""
        return self._csv() if "csv" in self.request.GET else None

    @cached_property
    def found(self) -> ProfitAndLoss:
        """The report of the period."""
        period = read_period(self.request.GET.dict(), self.now, default=DEFAULT_DAYS)
        return report.profit_and_loss(period, self.now)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Filters, what must be said first, the table, the check, the charts."""
        found, money = self.found, currency.get()
        return super().get_context_data(**kwargs) | {
            "filters": period_filters(self.request.GET.dict()),
            "period": found.period.sentence,
            "links": [
                Action(_("Daily costs"), reverse("users:costs"), icon="payments"),
                Action(_("Source codes"), reverse("users:sources"), icon="qr_code_2"),
            ],
            "warnings": list(self._warnings()),
            "stats": self._stats(money),
            "table": self._table(money),
            "check": self._check(money),
            "difference": found.difference,
            "charts": [self._joins(), self._money(money)],
        }

    def _warnings(self) -> Iterator[str]:
        found = self.found
        if found.total.margin is None:
            yield _(
                "The gross margin is not set, so neither profit nor payback can be said. Set it under Settings › Shop."
            )
        if not found.total.sums.cost:
            yield _("No cost is entered for this period, so nothing is known of what a customer costs.")
        leader = report.leader([report.Share(line.channel, line.sums.joined) for line in found.lines])
        if leader and leader.channel:
            yield _(
                "Over half of the new customers come through one channel: %(channel)s, %(share)s of %(n)s."
            ) % {
                "channel": leader.channel.title,
                "share": words.percent(leader.joined / found.total.sums.joined),
                "n": words.number(found.total.sums.joined),
            }
        if (today_in_shop(self.now) - found.period.last).days <= STAYING_DAYS:
            yield _(
                "Day 30 of the newest customers has not come yet: retention is of those who joined at least 30 days"
                " ago, so far."
            )

    def _stats(self, money: str) -> list[Stat]:
        total = self.found.total
        return [
            Stat(_("Registrations"), total.sums.joined, url=self._url(total, "joined")),
            Stat(_("First order"), total.sums.buyers, url=self._url(total, "bought")),
            Stat(_("Cost"), total.sums.cost, "money", currency=money, url=self._costs()),
            Stat(_("Cost per new buyer"), _whole(total.cac), "money", currency=money, more_is="bad"),
            Stat(_("Net revenue to date"), total.revenue, "money", currency=money),
            Stat(_("Profit to date"), _whole(total.profit), "money", currency=money),
        ]

    def _table(self, money: str) -> Table:
        opened = self.request.GET.get("open", "")
        rows = []
        for line in self.found.lines:
            is_open = bool(line.channel and opened in (line.channel.slug, "all"))
            rows.append(self._row(line, self._toggle(line, is_open), money))
            if is_open:
                rows += [self._row(lower, Cell(f"↳ {_name(lower)}"), money) for lower in line.lower]
        if rows:
            rows.append(
                self._row(self.found.total, Cell(_("All channels"), hint=self.found.period.sentence), money)
            )
        empty = Empty(
            _("Nobody joined or bought in this period"),
            _("Choose a longer period. Channels are told by source codes, UTM, referring sites and traits."),
            Action(_("Source codes"), reverse("users:sources")),
            icon="hub",
        )
        query = self.request.GET.copy()
        query["csv"] = "1"
        return Table(
            _columns(), rows, empty, caption=_("Channel profit and loss"), csv_url=f"?{query.urlencode()}"
        )

    def _row(self, line: ChannelLine, name: Cell, money: str) -> list[Any]:
        sums = line.sums
        return [
            name,
            Cell(line.reach or None, hint=_("%(n)s visits") % {"n": words.number(line.touches)}),
            Cell(sums.joined, url=self._url(line, "joined")),
            Cell(_share(line), url=self._url(line, "stayed") if sums.stayed else ""),
            Cell(sums.buyers, url=self._url(line, "bought")),
            Cell(sums.cost or None, currency=money, url=self._costs()),
            Cell(_whole(line.cac), currency=money),
            Cell(line.revenue, currency=money, url=self._url(line, "bought")),
            Cell(_whole(line.ltv), currency=money),
            self._payback(line),
            Cell(_whole(line.profit), currency=money, tone="bad" if line.profit and line.profit < 0 else ""),
        ]

    def _payback(self, line: ChannelLine) -> Cell:
        if not line.sums.cost:
            return Cell(_("no cost"), tone="muted")
        if line.margin is None:
            return Cell(_("margin not set"), tone="muted")
        if (day := line.payback) is None:
            return Cell(_("not yet"), tone="warn", kind="tag")
        after = _("day %(n)s of the period") % {"n": words.number((day - self.found.period.first).days + 1)}
        return Cell(day, hint=after, kind="day")

    def _toggle(self, line: ChannelLine, is_open: bool) -> Cell:
        """The name of an upper channel; where it has lower ones, a link that shows or hides them."""
        if not line.lower or line.channel is None:
            return Cell(_name(line))
        query = self.request.GET.copy()
        query["open"] = "" if is_open else line.channel.slug
        mark = "▾" if is_open else "▸"
        hint = _("Hide the lower channels") if is_open else _("Show the lower channels")
        return Cell(f"{mark} {_name(line)}", url=f"?{query.urlencode()}", hint=hint)

    def _url(self, line: ChannelLine, what: str) -> str:
        period = self.found.period
        parameters: dict[str, object] = {"what": what, "first": period.first, "last": period.last}
        if line is not self.found.total:
            parameters["channel"] = line.channel.slug if line.channel else UNKNOWN
            if line.is_own:
                parameters["own"] = 1
        return group_url("acquired", **parameters)

    def _costs(self) -> str:
        return f"{reverse('users:costs')}?{urlencode({'month': f'{self.found.period.last:%Y-%m}'})}"

    def _check(self, money: str) -> list[Fact]:
        found = self.found
        return [
            Fact(_("All lines together"), Cell(found.total.revenue, kind="money", currency=money)),
            Fact(
                _("Customers whose first order was at another time"),
                Cell(found.others, kind="money", currency=money),
            ),
            Fact(_("The whole order ledger"), Cell(found.ledger, kind="money", currency=money)),
            Fact(
                _("Difference"),
                Cell(
                    words.money(found.difference, money),
                    kind="tag",
                    tone="bad" if found.difference else "good",
                ),
            ),
        ]

    def _joins(self) -> Chart:
        lines = self.found.lines[:CHARTED]
        return Chart(
            "joins",
            _("Registrations and first orders"),
            [_name(line) for line in lines],
            [
                Series(_("Registrations"), [line.sums.joined for line in lines]),
                Series(_("First order"), [line.sums.buyers for line in lines]),
            ][:MOST_SERIES],
            kind="bar",
            horizontal=True,
            category_title=_("Channel"),
            summary=self.found.period.sentence,
            height=300,
        )

    def _money(self, money: str) -> Chart:
        lines = self.found.lines[:CHARTED]
        series = [
            Series(_("Cost"), [line.sums.cost for line in lines]),
            Series(_("Net revenue to date"), [line.revenue for line in lines]),
        ]
        if self.found.total.margin is not None:
            series.append(Series(_("Profit to date"), [_whole(line.profit) for line in lines], kind="bar"))
        return Chart(
            "money",
            _("Cost, revenue and profit"),
            [_name(line) for line in lines],
            series,
            kind="bar",
            unit="money",
            currency=money,
            horizontal=True,
            category_title=_("Channel"),
            summary=self.found.period.sentence,
            height=300,
        )

    def _csv(self) -> HttpResponseBase:
        head = (
            *(
                "upper",
                "channel",
                "visits",
                "reach",
                "joined",
                "matured",
                "stayed",
                "first_orders",
                "cost_minor",
            ),
            *("revenue_minor", "payback_day", "profit_minor"),
        )
        return csv_response("channels", head, (row for line in self.found.lines for row in _written(line)))


def _written(line: ChannelLine) -> Iterator[tuple[Any, ...]]:
    """A line and those below it as rows of a file."""
    upper = line.channel.slug if line.channel else ""
    for one in (line, *line.lower):
        slug = "" if one is line else one.channel.slug if one.channel else ""
        sums = one.sums
        yield (
            *(
                upper,
                slug,
                one.touches,
                one.reach,
                sums.joined,
                sums.matured,
                sums.stayed,
                sums.buyers,
                sums.cost,
            ),
            *(one.revenue, one.payback, _whole(one.profit)),
        )


def _columns() -> list[Column]:
    return [
        Column(_("Channel")),
        Column(_("People reached"), "number", hint=_("Different people at the links of its source codes")),
        Column(_("Registrations"), "number", hint=_("Registered in the period")),
        Column(
            _("Stayed"), hint=_("Active on day 30 after joining or later, of those who joined 30 days ago")
        ),
        Column(_("First order"), "number", hint=_("First order that counts in the period")),
        Column(_("Cost"), "money", hint=_("Entered for the days of the period")),
        Column(_("CAC"), "money", hint=_("Cost ÷ customers with their first order in the period")),
        Column(
            _("Net revenue"), "money", hint=_("Of those customers, to date, net of tax, shipping and refunds")
        ),
        Column(_("Per buyer"), "money", hint=_("Historic LTV: net revenue ÷ those customers")),
        Column(_("Payback"), hint=_("First day on which their revenue × gross margin reached the cost")),
        Column(_("Profit"), "money", hint=_("Net revenue × gross margin − cost")),
    ]


def _name(line: ChannelLine) -> str:
    if line.channel is None:
        return _("Not known")
    return _("%(channel)s itself") % {"channel": line.channel.title} if line.is_own else line.channel.title


def _share(line: ChannelLine) -> str:
    if line.staying is None:
        return "–"
    return share_of(line.staying, line.sums.matured)


def share_of(share: float | None, n: int) -> str:
    """A percentage with its n."""
    if share is None:
        return "–"
    told = _("%(share)s of %(n)s") % {"share": words.percent(share), "n": words.number(n)}
    return told.replace(" ", "\u00a0")  # one line in a narrow column


def _whole(amount: Any) -> int | None:
    """An amount in whole minor units."""
    return None if amount is None else round(amount)
