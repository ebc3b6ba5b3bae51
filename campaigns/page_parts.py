"""What campaigns lend to the home page, the customer page, the search and the first day's checklist."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.admin.lists import outcome_cell
from campaigns.models import Campaign, CampaignKind, CampaignState, Delivery
from campaigns.reports.outcome import RECENT, recently
from config.kit.given_names import as_read
from config.kit.parts import Cell, Column, Empty, Stat, Table
from users.models import Customer
from users.pages import (
    CustomerPanel,
    FirstStep,
    Hit,
    HomeCard,
    JoinCount,
    Outreach,
    Searcher,
    counter,
    customer_panel,
    first_step,
    home_card,
    join_count,
    lend_outreach,
    searcher,
)
from users.shop import currency

MESSAGES_SHOWN = 10


def build_card(now: datetime) -> dict[str, Any]:
    """What was sent in the last days and what came of it."""
    found = recently(now, RECENT)
    window = _("campaigns of the last %(n)d days") % {"n": RECENT.days}
    behind = reverse("campaigns:recent")
    return {
        "url": reverse("campaigns:list"),
        "stats": [
            Stat(_("Sent"), found.sent, window=window, url=f"{behind}?outcome=sent"),
            Stat(_("Opened by people"), found.opened, window=window, url=f"{behind}?did=opened"),
            Stat(_("Clicked by people"), found.clicked, window=window, url=f"{behind}?did=clicked"),
            Stat(_("Orders credited"), found.orders, window=window, url=f"{behind}?did=ordered"),
            Stat(
                _("Revenue credited"),
                found.revenue,
                kind="money",
                currency=currency.get(),
                window=window,
                url=f"{behind}?did=ordered",
            ),
        ],
    }


def build_panel(customer: Customer, now: datetime) -> dict[str, Any]:
    """The customer's latest messages, sent or not, with the reason."""
    deliveries = (
        Delivery.objects.filter(customer=customer)
        .select_related("step__campaign", "outranked_by")
        .order_by("-due_at", "-step_id")[:MESSAGES_SHOWN]
    )
    rows = [
        [_name(delivery), outcome_cell(delivery), delivery.settled_at or delivery.due_at]
        for delivery in deliveries
    ]
    columns = [Column(_("Message")), Column(_("Outcome")), Column(_("When"), "time")]
    empty = Empty(_("No message yet"), _("What was sent, and what was not and why, appears here."))
    return {"table": Table(columns, rows, empty)}


def _name(delivery: Delivery) -> Cell:
    campaign = delivery.step.campaign
    if campaign.kind == CampaignKind.SERVICE:
        return Cell((delivery.variables or {}).get("subject") or as_read(campaign.name))
    return Cell(as_read(campaign.name), url=reverse("campaigns:campaign", args=[campaign.pk]))


def find_campaigns(text: str, limit: int) -> list[Hit]:
    """Campaigns by a part of their name."""
    found = Campaign.objects.exclude(kind=CampaignKind.SERVICE).filter(name__icontains=text)
    return [
        Hit(c.name, reverse("campaigns:campaign", args=[c.pk]), str(CampaignState(c.state).label), "campaign")
        for c in found.order_by("-created_at")[:limit]
    ]


def first_campaign_started() -> "QuerySet[Campaign]":
    """Campaigns that have left the draft."""
    return Campaign.objects.exclude(kind=CampaignKind.SERVICE).exclude(state=CampaignState.DRAFT)


home_card(HomeCard("campaigns", gettext_lazy("What was sent"), 50, "campaigns/home_card.html", build_card, 2))
customer_panel(
    CustomerPanel("messages", gettext_lazy("Messages"), 50, "campaigns/customer_panel.html", build_panel)
)
searcher(Searcher("campaigns", gettext_lazy("Campaigns"), 30, "campaigns:list", find_campaigns))
first_step(
    FirstStep(
        "first_campaign",
        gettext_lazy("Send the first campaign"),
        60,
        "campaigns:list",
        first_campaign_started,
    )
)
join_count(JoinCount("messages", gettext_lazy("Messages"), 40, counter(Delivery)))
# Service messages are no attempt to win anybody back.
lend_outreach(
    Outreach(
        "campaigns",
        "SELECT delivery.customer_id, coalesce(delivery.settled_at, delivery.claimed_at) AS at"
        " FROM campaigns_delivery delivery JOIN campaigns_step step ON step.id = delivery.step_id"
        " JOIN campaigns_campaign campaign ON campaign.id = step.campaign_id"
        " WHERE delivery.state IN ('sending', 'sent', 'unknown') AND campaign.kind <> 'service'",
    )
)
