"""One product: what it sold by day and in the usual windows, who bought it, what stands beside it; and its settings."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.http import Http404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from config.kit import words
from config.kit.admin import FormPage
from config.kit.charts import Chart, Series
from config.kit.parts import Cell, Column, Crumb, Empty, Fact, Table
from users.admin.products import ProductsPage
from users.groups import group_url
from users.models import Product, Role
from users.reports import product as report
from users.reports import sales
from users.reports.figures import today_in_shop
from users.reports.periods import Period, period_filters, read_period
from users.services import products
from users.shop import currency


class ProductForm(forms.Form):
    """What an operator sets of a product."""

    category = forms.CharField(
        label=gettext_lazy("Category"),
        max_length=100,
        required=False,
        help_text=gettext_lazy(
            "A path, such as “Music > Jazz”; a new one grows the tree. All its order lines follow."
        ),
    )
    warranty_months = forms.IntegerField(
        label=gettext_lazy("Warranty in months"),
        required=False,
        min_value=0,
        max_value=products.LONGEST_WARRANTY,
        help_text=gettext_lazy("What is usual for it; a warranty card may say otherwise."),
    )


class ProductPage(FormPage):
    """What a product sold, and its category and warranty."""

    purpose = gettext_lazy("What it sold, who bought it and what with it; its category and its warranty.")
    template_name = "users/product.html"
    edits = True
    form_class = ProductForm
    roles_that_act = (Role.OPERATOR,)

    @cached_property
    def product(self) -> Product:
        """Which one. Raises Http404."""
        found = Product.objects.filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise Http404
        return found

    @cached_property
    def today(self) -> date:
        """The day of the shop, which is not over."""
        return today_in_shop(self.now)

    @cached_property
    def period(self) -> Period:
        """The days of the charts and of what is bought together; today belongs to those that lead up to it."""
        asked = read_period(self.request.GET, self.now, default=90)
        return Period(asked.first, self.today) if asked.last == self.today - timedelta(days=1) else asked

    @cached_property
    def story(self) -> report.Story:
        """What it sold."""
        return report.story(self.product.product_id, self.period, self.today, self.now)

    def get_as_of(self) -> datetime:
        """When that was counted."""
        return self.story.as_of

    def get_title(self) -> StrOrPromise:
        """Its name."""
        return str(self.product)

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the products."""
        return [Crumb(ProductsPage.title, reverse("users:products"))]

    def get_initial(self) -> dict[str, Any]:
        """As it is."""
        return {"category": self.product.category, "warranty_months": self.product.warranty_months}

    def act(self, form: Any) -> str:
        """Set it, and back to the products."""
        products.set_product(self.product.product_id, **form.cleaned_data, by=self.operator)
        return reverse("users:products")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Figures and charts where it was ever sold in what they cover, and the form."""
        days = self.story.days
        context = super().get_context_data(**kwargs) | {"facts": self._facts()}
        if not days:
            return context | {
                "nothing": Empty(
                    _("Not sold in two years"),
                    _("Once an order that counts names it, what it sells and who buys it stand here."),
                    icon="inventory_2",
                )
            }
        return context | {
            "filters": period_filters(self.request.GET),
            "windows": self._windows(days),
            "unknown": report.total(days, self.period).unknown,
            "charts": self._charts(days),
            "together": self._together(),
            "together_when": self.period.sentence,
        }

    def _facts(self) -> list[Fact]:
        number = self.product.product_id
        owners = sales.owners_of([number]).get(number, 0)
        return [
            Fact(_("Product ID"), Cell(number)),
            Fact(_("Price"), Cell(self.product.price, kind="money", currency=currency.get())),
            Fact(_("Owned by"), Cell(owners, kind="number", url=group_url("owners", product=number))),
        ]

    def _windows(self, days: Mapping[date, report.Sold]) -> Table:
        so_far = report.total(days, Period(self.today, self.today))
        unfinished = Cell(_("Today, not over yet"), tone="warn", kind="tag")
        return Table(
            columns=[
                Column(_("Window"), hint=_("Whole days up to yesterday, shop time")),
                Column(_("Pieces"), "number"),
                Column(_("Pieces in the window before"), "number"),
                Column(_("Net revenue"), "money", hint=_("The order's net shared among its lines by amount")),
                Column(_("Net revenue in the window before"), "money"),
                Column(_("Buyers"), "number"),
                Column(_("Bought again"), "number", hint=_("Customers who bought it on two days or more")),
                Column(_("Share of buyers who bought again"), "percent"),
            ],
            rows=[
                *(self._window(one) for one in self.story.windows),
                [unfinished, so_far.pieces, None, so_far.money, None, self._so_far(), None, None],
            ],
            empty=Empty(_("No sale")),
            caption=_("Sold in the usual windows"),
        )  # fmt: skip

    def _window(self, one: report.Window) -> list[Any]:
        whom = {"product": self.product.product_id, "first": one.period.first, "last": one.period.last}
        of = _("n = %(n)s buyers") % {"n": words.number(one.buyers)}
        return [
            Cell(_("last %(n)s days") % {"n": one.period.days}, hint=one.period.sentence),
            one.sold.pieces,
            one.before.pieces,
            one.sold.money,
            one.before.money,
            Cell(one.buyers, url=group_url("product_buyers", **whom)),
            Cell(one.again, url=group_url("product_buyers", again="yes", **whom)),
            Cell(one.again / one.buyers if one.buyers else None, hint=of),
        ]

    def _so_far(self) -> Cell:
        url = group_url("product_buyers", product=self.product.product_id, first=self.today, last=self.today)
        return Cell(_("show"), url=url, kind="text")

    def _charts(self, days: Mapping[date, report.Sold]) -> list[Chart]:
        span = [self.period.first + timedelta(days=n) for n in range(self.period.days)]
        sold = [days.get(day, report.Sold()) for day in span]
        number = self.product.product_id
        urls = [group_url("product_buyers", product=number, first=day, last=day) for day in span]
        shared: dict[str, Any] = {
            "categories": [words.day(day) for day in span],
            "kind": "bar",
            "category_title": _("Day"),
            "unfinished": int(self.period.last >= self.today),
            "height": 200,
        }
        return [
            Chart(
                "product-money",
                _("Net revenue by day"),
                series=[Series(_("Net revenue"), [one.money for one in sold])],
                unit="money",
                currency=currency.get(),
                summary=_("Its part of the orders of the day, refunds taken off on the day of the order."),
                **shared,
            ),
            Chart(
                "product-pieces",
                _("Pieces by day"),
                series=[Series(_("Pieces"), [one.pieces for one in sold], urls=urls)],
                summary=_("Pieces in orders that count."),
                **shared,
            ),
        ]

    def _together(self) -> Table:
        span = {"first": self.period.first, "last": self.period.last}
        found = self.story.together
        return Table(
            columns=[
                Column(_("Product")),
                Column(_("Orders with both"), "number"),
                Column(_("Share of its %(n)s orders") % {"n": words.number(found[0].of if found else 0)}, "percent"),
                Column(_("Customers"), "number"),
            ],
            rows=[self._beside(one, span) for one in found],
            empty=Empty(
                _("Nothing else in its orders"),
                _("Products that stand in one order with it would be listed here; choose a longer window."),
                icon="shopping_bag",
            ),
            caption=_("Often bought together"),
        )  # fmt: skip

    def _beside(self, one: report.Beside, span: Mapping[str, date]) -> list[Any]:
        link = reverse("users:product", args=[one.product.pk]) if one.product.pk else ""
        both = {"product": self.product.product_id, "beside": one.product.product_id}
        return [
            Cell(str(one.product), url=link, hint=one.product.product_id),
            one.orders,
            one.orders / one.of,
            Cell(one.customers, url=group_url("bought_together", **both, **span)),
        ]
