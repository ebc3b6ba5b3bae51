"""Orders: net revenue by day and source, the share linked to known customers, the list, and one order."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.http import Http404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django_stubs_ext import StrOrPromise

from config.kit import words
from config.kit.admin import OperatorPage
from config.kit.charts import Chart, Series
from config.kit.given_names import as_read
from config.kit.paging import page
from config.kit.parts import Action, Cell, Choice, Column, Crumb, Empty, Fact, Filter, Stat, Table
from users.groups import group_url
from users.models import Customer, Order, OrderClaim, OrderLine, Refund
from users.order_sources import source_names
from users.reports import sales
from users.reports.figures import today_in_shop
from users.reports.periods import Period, day_of, period_filters, read_period
from users.sentences import sentence
from users.shop import currency

WINDOWS = ("1", "7", "30", "90")
STATES = {
    "counting": gettext_lazy("Counting"),
    "returned": gettext_lazy("Cancelled or wholly refunded"),
    "unpaid": gettext_lazy("Not paid"),
    "unconfirmed": gettext_lazy("Not confirmed"),
    "claimed": gettext_lazy("Told as somebody else's too"),
}
WHERE: Mapping[str, dict[str, Any]] = {
    "counting": {"counts": True},
    "returned": {"counts": False, "confirmed": True, "paid_at__isnull": False},
    "unpaid": {"confirmed": True, "paid_at__isnull": True},
    "unconfirmed": {"confirmed": False},
}


class OrdersPage(OperatorPage):
    """What was sold in a period, by source, and the orders themselves."""

    title = gettext_lazy("Orders")
    purpose = gettext_lazy(
        "Net revenue by day and source, refunds on their own day, and every order behind it."
    )
    template_name = "users/orders.html"

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the reports."""
        return [Crumb(gettext_lazy("Reports"), reverse("users:reports"))]

    def get_actions(self) -> Sequence[Action]:
        """Rates and connections beside."""
        return [
            Action(_("Exchange rates"), reverse("users:rates"), icon="currency_exchange"),
            Action(_("Products"), reverse("users:products"), icon="inventory_2"),
        ]

    @cached_property
    def period(self) -> Period:
        """The period; ``day`` and ``days`` (up to today) are how the home page links."""
        asked = self.request.GET
        day = day_of(asked.get("day", ""))
        if day is not None:
            return Period(day, day)
        if asked.get("days", "") in WINDOWS:
            today = today_in_shop(self.now)
            return Period(today - timedelta(days=int(asked["days"]) - 1), today)
        return read_period(asked, self.now)

    @cached_property
    def sources(self) -> list[str]:
        """Those that have brought an order."""
        return sales.sources()

    @cached_property
    def source_names(self) -> dict[str, str]:
        """Their names."""
        return source_names(self.sources)

    @property
    def source(self) -> str:
        """The one chosen."""
        wanted = self.request.GET.get("source", "")
        return wanted if wanted in self.sources else ""

    @cached_property
    def found(self) -> tuple[sales.Sales, sales.Sales]:
        """What was sold, and in the period before."""
        return sales.sales_and_before(self.period, self.now, source=self.source)

    def get_as_of(self) -> datetime | None:
        """When that was counted."""
        return self.found[0].as_of

    @property
    def state(self) -> str:
        """Which orders the list shows."""
        wanted = self.request.GET.get("state", "")
        return wanted if wanted in STATES else "counting"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Figures, chart, list."""
        found, before = self.found
        return super().get_context_data(**kwargs) | {
            "filters": self._filters(),
            "stats": self._stats(found, before),
            "chart": self._chart(found),
            "table": self._table(),
        }

    def _filters(self) -> list[Filter]:
        chosen = self.request.GET.get("state", "")
        return [
            *period_filters(self.request.GET),
            Filter(
                "source",
                _("Source"),
                [Choice(one, self.source_names[one]) for one in self.sources],
                self.source,
            ),
            Filter(
                "state",
                _("Orders"),
                [Choice(*one) for one in STATES.items()],
                chosen if chosen in STATES else "",
            ),
        ]

    def _stats(self, found: sales.Sales, before: sales.Sales) -> list[Stat]:
        window, code = self.period.sentence, currency.get()
        earlier = _("in the %(n)d days before") % {"n": self.period.days}
        span = {"first": self.period.first, "last": self.period.last, "source": self.source}
        ordered = group_url("ordered", **span)
        average = round(found.revenue / found.orders) if found.orders else None
        return [
            Stat(
                _("Net revenue"), found.revenue, "money", window=window, before=before.revenue,
                before_window=earlier, currency=code, url=ordered,
                note=_("Without tax and shipping, refunds on their own day"),
            ),
            Stat(_("Orders"), found.orders, window=window, before=before.orders, before_window=earlier,
                 url=ordered),
            Stat(_("Net revenue per order"), average, "money", window=window, currency=code, url=ordered,
                 note=_("n = %(n)s orders") % {"n": words.number(found.orders)}),
            Stat(
                _("Linked to a known customer"), found.linked_share, "percent", of=found.orders, window=window,
                url=ordered,
                note=_("%(money)s of %(linked)s orders; the others are visitors' orders")
                % {"money": words.money(found.linked, code), "linked": words.number(found.linked_orders)},
            ),
            Stat(_("Refunded"), found.refunded, "money", window=window, before=before.refunded,
                 before_window=earlier, currency=code, more_is="bad",
                 url=group_url("refunded", **span)),
        ]  # fmt: skip

    def _chart(self, found: sales.Sales) -> Chart:
        days = [self.period.first + timedelta(days=n) for n in range(self.period.days)]
        return Chart(
            "daily-revenue",
            _("Daily net revenue by source"),
            [words.day(day) for day in days],
            [
                Series(self.source_names.get(origin, origin) or _("Other sources"), values)
                for origin, values in sales.series(found, self.period)
            ],
            unit="money",
            currency=currency.get(),
            category_title=_("Day"),
            unfinished=int(self.period.last >= today_in_shop(self.now)),
            summary=_("An order stands on its own day, a refund takes off on its own."),
        )

    def _table(self) -> Table:
        rows = Order.objects.select_related("customer").filter(
            ordered_at__gte=self.period.begin, ordered_at__lt=self.period.end, **WHERE.get(self.state, {})
        )
        if self.source:
            rows = rows.filter(source=self.source)
        if self.state == "claimed":
            claims = OrderClaim.objects.values_list("customer_id", "source", "number")[:1000]
            rows = rows.filter(pk__in=list(claims))
        found = page(
            rows, ("-ordered_at", "-customer_id", "-source", "-number"), self.request.GET.get("cursor", "")
        )
        return Table(
            columns=[
                Column(_("Order")),
                Column(_("Customer"), "person"),
                Column(_("When"), "time"),
                Column(_("Source")),
                Column(_("State"), "tag"),
                Column(_("Total"), "money"),
                Column(_("Refunded"), "money"),
                Column(_("Net"), "money", hint=_("Total without tax, shipping and refunds")),
            ],
            rows=[
                [
                    Cell(order.number, url=order_url(order)),
                    order.customer,
                    order.ordered_at,
                    self.source_names.get(order.source, order.source),
                    state_cell(order),
                    Cell(order.total, currency=order.currency),
                    Cell(order.refunded or None, currency=order.currency),
                    order.net,
                ]
                for order in found.rows
            ],
            empty=Empty(_("No order in this window"), _("Choose a longer window."), icon="shopping_bag"),
            next=found.next,
            previous=found.previous,
        )


class OrderPage(OperatorPage):
    """One order."""

    purpose = gettext_lazy("What was ordered, what was given back, who told it when.")
    template_name = "users/order.html"

    @cached_property
    def story(self) -> sales.OrderStory:
        """The order with its lines, refunds and events. Raises Http404."""
        found = sales.story(self.kwargs["customer_id"], self.kwargs["source"], self.kwargs["number"])
        if found is None:
            raise Http404
        return found

    def get_title(self) -> StrOrPromise:
        """Its number."""
        return _("Order %(number)s") % {"number": self.story.order.number}

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the orders."""
        return [Crumb(OrdersPage.title, reverse("users:orders"))]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Facts, lines, refunds, claims, events."""
        story, code = self.story, currency.get()
        money = story.order.currency
        return super().get_context_data(**kwargs) | {
            "order": story.order,
            "facts": _facts(story.order, code),
            "lines": Table(
                columns=[Column(_("Product")), Column(_("Category")), Column(_("Quantity"), "number"),
                         Column(_("Price"), "money"), Column(_("Amount"), "money"),
                         Column(_("Net"), "money",
                                hint=_("What is left of it in the order's net, in the shop's currency"))],
                rows=[
                    [
                        Cell(as_read(line.name) or line.product_id or line.sku, hint=line.product_id),
                        as_read(line.category), line.quantity, Cell(line.price, currency=money),
                        Cell(line.amount, currency=money), Cell(line.share, currency=code),
                    ]
                    for line in story.lines
                ],
                empty=Empty(_("No product was told"), _("The shop told this order without its products.")),
            ),
            "refunds": Table(
                columns=[Column(_("When"), "time"), Column(_("Refund")), Column(_("Of what")),
                         Column(_("Amount"), "money")],
                rows=[
                    [one.refunded_at, one.refund_id, _named(one, story.lines), Cell(one.amount, currency=money)]
                    for one in story.refunds
                ],
                empty=Empty(_("Nothing was given back")),
            ),
            "claims": story.claims,
            "events": Table(
                columns=[Column(_("When"), "time"), Column(_("What")), Column(_("Believed"), "tag")],
                rows=[
                    [
                        at, sentence(name, told),
                        Cell(_("yes"), tone="good") if confirmed else Cell(_("not confirmed"), tone="warn"),
                    ]
                    for at, name, told, confirmed in story.events
                ],
                empty=Empty(_("No event is kept any more")),
            ),
        }  # fmt: skip


def _named(refund: Refund, lines: Sequence[OrderLine]) -> Cell:
    """The lines that a refund named, by the names they were sold under; else that it named none."""
    if not refund.lines:
        return Cell(_("all lines"), tone="muted")
    names = {
        key: as_read(line.name) or key
        for line in lines
        for key in (line.line_id, line.product_id, line.sku)
        if key
    }
    told = ([one.get(key, "") for key in ("line_id", "product_id", "sku")] for one in refund.lines)
    return Cell(
        words.listed(
            next((names[key] for key in keys if key in names), " ".join(filter(None, keys))) for keys in told
        )
    )


def order_url(order: Order) -> str:
    """The page of an order."""
    return reverse("users:order", args=[order.customer_id, order.source, order.number])


def state_cell(order: Order) -> Cell:
    """In one word."""
    if not order.confirmed:
        return Cell(_("not confirmed"), tone="warn")
    if order.cancelled_at is not None:
        return Cell(_("Cancelled"), tone="bad")
    if order.paid_at is None:
        return Cell(_("Not paid"), tone="muted")
    if not order.counts:
        return Cell(_("Refunded"), tone="bad")
    return (
        Cell(_("Partly refunded"), tone="warn")
        if order.refunded
        else Cell(pgettext("order", "Paid"), tone="good")
    )


def _facts(order: Order, code: str) -> list[Fact]:
    money = order.currency
    customer: Customer = order.customer
    facts = [
        Fact(_("State"), Cell(state_cell(order).value, kind="tag", tone=state_cell(order).tone)),
        Fact(_("Customer"), Cell(customer, kind="person")),
        Fact(
            _("Source"),
            Cell(
                source_names([order.source])[order.source],
                url=f"{reverse('users:orders')}?source={order.source}",
            ),
        ),
        Fact(_("Ordered"), Cell(order.ordered_at, kind="time")),
        Fact(_("Paid"), Cell(order.paid_at, kind="time")),
        Fact(_("Cancelled"), Cell(order.cancelled_at, kind="time")),
        Fact(_("Total"), Cell(order.total, kind="money", currency=money)),
        Fact(_("Tax"), Cell(order.tax, kind="money", currency=money)),
        Fact(_("Shipping"), Cell(order.shipping, kind="money", currency=money)),
        Fact(_("Discount"), Cell(order.discount, kind="money", currency=money)),
        Fact(_("Refunded"), Cell(order.refunded, kind="money", currency=money)),
        Fact(_("Net"), Cell(order.net, kind="money", currency=code)),
        Fact(_("Coupon"), Cell(order.coupon)),
    ]
    if money != code:
        facts.append(
            Fact(
                _("Exchange rate"),
                Cell(_("that of the day of the order"), url=f"{reverse('users:rates')}?currency={money}"),
            )
        )
    return facts
