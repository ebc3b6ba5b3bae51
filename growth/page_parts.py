"""What growth lends to the home page and the customer page."""

from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from growth.admin.ledger import entry_table, level_facts
from growth.admin.overview import outstanding_stats
from growth.models import CheckIn, Entry
from growth.reports import points as reports
from growth.reports import treasury
from users import scopes
from users.models import Customer
from users.pages import CustomerPanel, HomeCard, JoinCount, counter, customer_panel, home_card, join_count

LATEST = 5


def build_card(now: datetime) -> dict[str, Any]:
    """What customers hold in points."""
    return {"stats": outstanding_stats(treasury.outstanding(now), now), "url": reverse("growth:home")}


def build_panel(customer: Customer, now: datetime) -> dict[str, Any]:
    """One customer's points, level and last movements."""
    return {
        "points": reports.points_of(customer.pk, now),
        "facts": level_facts(customer.pk),
        "calendar": reports.calendar_of(customer, now),
        "table": entry_table(list(reports.history_of(customer.pk).order_by("-at", "-key")[:LATEST])),
        "url": reverse("growth:ledger", args=[customer.pk]),
    }


home_card(HomeCard("points", _("Points outstanding"), 60, "growth/home_card.html", build_card))
customer_panel(CustomerPanel("points", _("Points and level"), 50, "growth/customer_panel.html", build_panel))
join_count(JoinCount("points", _("Entries in the points ledger"), 50, counter(Entry)))
join_count(JoinCount("check_ins", _("Check-ins"), 51, counter(CheckIn)))
scopes.lend("points", _("Points"))
