"""Products with what they brought and who owns them, and the tree of categories they stand in."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.http import Http404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from config.kit.admin import FormPage, OperatorPage
from config.kit.given_names import as_read
from config.kit.parts import Action, Cell, Choice, Column, Crumb, Empty, Filter, Table
from users.groups import group_url
from users.models import Category, Product, Role
from users.reports import sales
from users.reports.periods import Period, period_filters, read_period
from users.services import categories

MOST_FOUND = 100


class ProductsPage(OperatorPage):
    """The products that brought most in a period, or those a search finds."""

    title = gettext_lazy("Products")
    purpose = gettext_lazy("What each product brought, refunds taken off, who bought it and who owns it now.")
    template_name = "operator/list.html"

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the reports."""
        return [Crumb(gettext_lazy("Reports"), reverse("users:reports"))]

    def get_actions(self) -> Sequence[Action]:
        """The tree."""
        return [Action(_("Categories"), reverse("users:categories"), icon="account_tree")]

    @cached_property
    def period(self) -> Period:
        """The period."""
        return read_period(self.request.GET, self.now, default=90)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Filters and the table."""
        return super().get_context_data(**kwargs) | {
            "filters": [
                *period_filters(self.request.GET),
                Filter(
                    "category",
                    _("Category"),
                    [Choice(path, as_read(path)) for path in self.paths],
                    self.wanted,
                ),
            ],
            "searchable": _("Name or number of a product"),
            "query": self.query,
            "table": self._table(self._rows()),
        }

    def get_as_of(self) -> datetime:
        """When the products were counted."""
        return self.sold.as_of

    @cached_property
    def wanted(self) -> str:
        """The path of the category asked for; "" for all."""
        asked = self.request.GET.get("category", "")
        return asked if asked in self.paths else ""

    @cached_property
    def paths(self) -> list[str]:
        """The categories to choose from."""
        return list(Category.objects.order_by("path").values_list("path", flat=True)[:500])

    @cached_property
    def query(self) -> str:
        """What is searched for."""
        return self.request.GET.get("q", "").replace("\0", "").strip()[:100]

    @cached_property
    def named(self) -> list[Product]:
        """The products that the search finds, by name or number."""
        query = self.query
        by_name = Product.objects.filter(name__icontains=query) | Product.objects.filter(
            product_id__istartswith=query
        )
        return list(by_name.order_by("name", "product_id")[:MOST_FOUND])

    @cached_property
    def sold(self) -> sales.ProductsSold:
        """What was sold: of what the search finds, else of the products that stand in the category."""
        if self.query:
            return sales.product_sales(self.period, self.now, only=[one.product_id for one in self.named])
        within = sales.products_within(self.wanted) if self.wanted else None
        return sales.product_sales(self.period, self.now, only=within)

    def _rows(self) -> list[sales.ProductSales]:
        """What is shown; found products that were not sold, too."""
        if not self.query:
            return list(self.sold.products)
        sold = {one.product.product_id: one for one in self.sold.products}
        owners = sales.owners_of([one.product_id for one in self.named if one.product_id not in sold])
        return [
            sold.get(one.product_id) or sales.ProductSales(one, 0, 0, 0, 0, 0, owners.get(one.product_id, 0))
            for one in self.named
        ]

    def _table(self, rows: list[sales.ProductSales]) -> Table:
        return Table(
            columns=[
                Column(_("Product")),
                Column(_("Category")),
                Column(_("Orders"), "number"),
                Column(_("Customers"), "number"),
                Column(_("Bought again"), "number", hint=_("Customers who bought it on two days or more")),
                Column(_("Pieces"), "number"),
                Column(
                    _("Net revenue"),
                    "money",
                    hint=_("The order's net shared among its lines by amount"),
                ),
                Column(_("Owned by"), "number", hint=_("Customers who own it now")),
                Column(_("Warranty in months"), "number"),
            ],
            rows=[self._row(one) for one in rows],
            empty=Empty(
                _("No product was sold"), _("Products of orders would be listed here."), icon="inventory_2"
            ),
            caption=self.period.sentence,
        )

    def _row(self, one: sales.ProductSales) -> list[Any]:
        product, number = one.product, one.product.product_id
        link = reverse("users:product", args=[product.pk]) if product.pk else ""
        span = {"first": self.period.first, "last": self.period.last}
        return [
            Cell(str(product), url=link, hint=number),
            as_read(product.category),
            one.orders,
            Cell(one.customers, url=group_url("product_buyers", product=number, **span)),
            Cell(one.again, url=group_url("product_buyers", product=number, again="yes", **span)),
            one.pieces,
            one.revenue,
            Cell(one.owners, url=group_url("owners", product=number)),
            product.warranty_months,
        ]


class CategoriesPage(OperatorPage):
    """The tree of categories."""

    title = gettext_lazy("Categories")
    purpose = gettext_lazy(
        "The tree that products stand in. Rules that name a category include all below it."
    )
    template_name = "operator/list.html"

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the products."""
        return [Crumb(ProductsPage.title, reverse("users:products"))]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """At most 1,000, in the order of their paths, with the number of products directly in each."""
        rows = Category.objects.order_by("path")[:1000]
        counted = sales.products_by_category()
        table = Table(
            columns=[
                Column(_("Category")),
                Column(_("Path")),
                Column(_("Products"), "number", hint=_("Directly in it")),
            ],
            rows=[
                [
                    Cell(
                        "　" * row.path.count(categories.BETWEEN) + as_read(row.name),
                        url=reverse("users:category", args=[row.pk]),
                    ),
                    as_read(row.path),
                    Cell(counted.get(row.pk, 0), url=f"{reverse('users:products')}?category={row.path}"),
                ]
                for row in rows
            ],
            empty=Empty(
                _("No category yet"),
                _("Categories of products in orders grow this tree."),
                icon="account_tree",
            ),
        )
        return super().get_context_data(**kwargs) | {"table": table}


class CategoryForm(forms.Form):
    """One act on a category."""

    ACTS = (
        ("rename", gettext_lazy("Rename")),
        ("move", gettext_lazy("Move below another, or to the top")),
        ("merge", gettext_lazy("Merge into another")),
    )
    act = forms.ChoiceField(
        label=gettext_lazy("Act"), choices=ACTS, widget=forms.RadioSelect, initial="rename"
    )
    name = forms.CharField(label=gettext_lazy("New name"), max_length=100, required=False)
    other = forms.ModelChoiceField(
        label=gettext_lazy("The other category"),
        queryset=Category.objects.order_by("path"),
        required=False,
        help_text=gettext_lazy("Below which it moves (empty: the top), or into which it is merged."),
    )


class CategoryPage(FormPage):
    """One category: rename, move, merge."""

    purpose = gettext_lazy("Rules that name it by an old name go on to mean it.")
    form_class = CategoryForm
    roles_that_act = (Role.OPERATOR,)

    @cached_property
    def category(self) -> Category:
        """Which one. Raises Http404."""
        found = Category.objects.filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise Http404
        return found

    def get_title(self) -> StrOrPromise:
        """Its path."""
        return str(self.category)

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the tree."""
        return [Crumb(CategoriesPage.title, reverse("users:categories"))]

    def get_initial(self) -> dict[str, Any]:
        """Its name."""
        return {"act": "rename", "name": self.category.name}

    def act(self, form: Any) -> str:
        """Do it, and back to the tree."""
        told, pk = form.cleaned_data, self.category.pk
        other = told["other"]
        if told["act"] == "rename":
            categories.rename(pk, name=told["name"], by=self.operator)
        elif told["act"] == "move":
            categories.move(pk, below=None if other is None else other.pk, by=self.operator)
        else:
            categories.merge(pk, into=0 if other is None else other.pk, by=self.operator)
        return reverse("users:categories")
