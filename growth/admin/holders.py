"""The customers behind a figure: those who hold, await or owe points, and those of one level."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.kit.admin import OperatorPage
from config.kit.paging import page
from config.kit.parts import Cell, Choice, Column, Crumb, Empty, Filter, Table
from growth.models import Balance, CustomerLevel, Level

ACCOUNTS = {"active": "active", "pending": "pending", "owed": "debt"}


class Holders(OperatorPage):
    """Customers with points in one account, the largest first."""

    title = gettext_lazy("Customers with points")
    purpose = gettext_lazy("Whose points stand behind the figures; open one for the whole ledger.")
    template_name = "operator/list.html"

    def get_crumbs(self) -> list[Crumb]:
        """Under growth."""
        return [Crumb(gettext_lazy("Growth"), reverse("growth:home"))]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """One page of balances."""
        wanted = self.request.GET.get("show", "")
        show = wanted if wanted in ACCOUNTS else "active"
        found = page(
            _holding(ACCOUNTS[show]), (f"-{ACCOUNTS[show]}", "-pk"), self.request.GET.get("cursor", "")
        )
        choices = [
            Choice("active", _("Can be spent")),
            Choice("pending", _("Pending")),
            Choice("owed", _("Owed to the shop")),
        ]
        return super().get_context_data(**kwargs) | {
            "filters": [Filter("show", _("Points"), choices, wanted if wanted in ACCOUNTS else "")],
            "table": Table(
                columns=[
                    Column(_("Customer"), "person"),
                    Column(_("Points"), "number"),
                    Column(_("Pending"), "number"),
                    Column(_("Owed"), "number"),
                    Column("", "text"),
                ],
                rows=[_balance_row(balance) for balance in found.rows],
                empty=Empty(_("Nobody"), _("No customer has such points now."), icon="redeem"),
                next=found.next,
                previous=found.previous,
            ),
        }


class LevelCustomers(OperatorPage):
    """The customers on one step of the ladder, the highest growth value first."""

    purpose = gettext_lazy(
        "Customers of one level; those who never earned are on the lowest without a row here."
    )
    template_name = "operator/list.html"

    @property
    def level(self) -> Level:
        """The level of the address."""
        return get_object_or_404(Level, pk=self.kwargs["pk"])

    def get_title(self) -> str:
        """The level's name."""
        return self.level.title

    def get_crumbs(self) -> list[Crumb]:
        """Under the levels."""
        return [
            Crumb(gettext_lazy("Growth"), reverse("growth:home")),
            Crumb(gettext_lazy("Levels"), reverse("growth:levels")),
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """One page of customers."""
        rows = CustomerLevel.objects.select_related("customer").filter(level=self.level)
        found = page(rows, ("-growth_value", "-pk"), self.request.GET.get("cursor", ""))
        return super().get_context_data(**kwargs) | {
            "table": Table(
                columns=[
                    Column(_("Customer"), "person"),
                    Column(_("Growth value"), "number"),
                    Column(_("Since"), "time"),
                    Column(_("Kept until"), "day"),
                ],
                rows=[[row.customer, row.growth_value, row.since, row.judged_at] for row in found.rows],
                empty=Empty(_("Nobody has reached this level yet"), icon="military_tech"),
                next=found.next,
                previous=found.previous,
            ),
        }


def _holding(account: str) -> "QuerySet[Balance]":
    # The customers of one page are fetched by themselves: joined, a million would be before the largest are known.
    return Balance.objects.prefetch_related("customer").filter(**{f"{account}__gt": 0})


def _balance_row(balance: Balance) -> list[Any]:
    ledger = Cell(_("Ledger"), url=reverse("growth:ledger", args=[balance.pk]))
    return [balance.customer, balance.active, balance.pending, balance.debt, ledger]
