"""The list of campaigns, and the customers behind each number of one."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.admin import words
from campaigns.models import (
    Campaign,
    CampaignKind,
    CampaignRun,
    CampaignState,
    Delivery,
    DeliveryState,
    OrderCredit,
    Receipt,
    SkipReason,
)
from campaigns.reports.outcome import RECENT
from config.kit.admin import OperatorPage
from config.kit.given_names import as_read
from config.kit.paging import page
from config.kit.parts import Action, Cell, Choice, Column, Crumb, Empty, Filter, Table
from users.models import Role

# What customers did → the receipts that show it; a click shows that the message was open.
RESPONSES = {"opened": ("opened", "clicked"), "clicked": ("clicked",), "unsubscribed": ("unsubscribed",)}
ORDERED = "ordered"
SAME_DELIVERY = {name: OuterRef(name) for name in ("customer", "step", "occasion")}


class CampaignList(OperatorPage):
    """All campaigns that operators have written, newest first."""

    title = gettext_lazy("Campaigns")
    purpose = gettext_lazy("The right word to the right customers at the right time, and what came of it.")
    template_name = "operator/list.html"
    roles_that_act = (Role.OPERATOR,)

    def get_actions(self) -> Sequence[Action]:
        """Write a new one."""
        return [Action(_("New campaign"), reverse("campaigns:create"), icon="add")]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The filter by state and the table."""
        state = self.request.GET.get("state", "")
        choices = [Choice(value, label) for value, label in CampaignState.choices]
        return super().get_context_data(**kwargs) | {
            "filters": [Filter("state", _("State"), choices, state)],
            "table": self._table(state),
        }

    def _table(self, state: str) -> Table:
        campaigns = Campaign.objects.exclude(kind=CampaignKind.SERVICE).select_related("segment", "topic")
        if state in CampaignState.values:
            campaigns = campaigns.filter(state=state)
        found = page(campaigns, ["-created_at", "-pk"], self.request.GET.get("cursor", ""))
        action = Action(_("New campaign"), reverse("campaigns:create"), icon="add")
        return Table(
            columns=[
                Column(_("Name")),
                Column(_("State"), "tag"),
                Column(_("Segment")),
                Column(_("Topic")),
                Column(_("When")),
                Column(_("Created"), "time"),
            ],
            rows=[self._row(campaign) for campaign in found.rows],
            empty=Empty(
                _("No campaign yet"), _("A campaign says something to a segment, once or regularly."), action,
                icon="campaign",
            ),
            next=found.next,
            previous=found.previous,
        )  # fmt: skip

    def _row(self, campaign: Campaign) -> list[Any]:
        return [
            Cell(as_read(campaign.name), url=reverse("campaigns:campaign", args=[campaign.pk])),
            Cell(CampaignState(campaign.state).label, tone=words.TONES.get(campaign.state, "")),
            campaign.segment.title if campaign.segment else "",
            campaign.topic.name,
            words.schedule(campaign),
            campaign.created_at,
        ]


class DeliveryList(OperatorPage):
    """The customers behind a number of a campaign: by outcome, or by what they did."""

    template_name = "operator/list.html"

    def get_title(self) -> str:
        """The campaign's customers."""
        return _("Customers of “%(name)s”") % {"name": as_read(self.campaign.name)}

    def get_purpose(self) -> str:
        """What the list holds."""
        return _("Everybody who matched, with what became of the message and why.")

    def get_crumbs(self) -> Sequence[Crumb]:
        """By way of the campaign."""
        return [
            Crumb(_("Campaigns"), reverse("campaigns:list")),
            Crumb(as_read(self.campaign.name), reverse("campaigns:campaign", args=[self.campaign.pk])),
        ]

    @property
    def campaign(self) -> Campaign:
        """The campaign of the address."""
        campaigns = Campaign.objects.exclude(kind=CampaignKind.SERVICE)
        return get_object_or_404(campaigns, pk=self.kwargs["campaign_id"])

    def runs(self) -> QuerySet[CampaignRun]:
        """The runs whose deliveries are listed."""
        return self.campaign.runs.all()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The filters by outcome and by response, and the table."""
        outcome, did = self.request.GET.get("outcome", ""), self.request.GET.get("did", "")
        choices = [
            Choice(value, words.outcome_title(value))
            for value in (*DeliveryState.values, *SkipReason.values)
            if value != DeliveryState.SKIPPED
        ]
        responses = [
            Choice("opened", _("Opened")), Choice("clicked", _("Clicked")), Choice(ORDERED, _("Ordered")),
            Choice("unsubscribed", _("Unsubscribed")),
        ]  # fmt: skip
        return super().get_context_data(**kwargs) | {
            "filters": [
                Filter("outcome", _("Outcome"), choices, outcome),
                Filter("did", _("Did"), responses, did),
            ],
            "table": self._table(self._deliveries(outcome, did)),
        }

    def _deliveries(self, outcome: str, did: str) -> QuerySet[Delivery]:
        deliveries = Delivery.objects.filter(run__in=list(self.runs().values_list("pk", flat=True)))
        if outcome in SkipReason.values:
            deliveries = deliveries.filter(state=DeliveryState.SKIPPED, reason=outcome)
        elif outcome in DeliveryState.values:
            deliveries = deliveries.filter(state=outcome)
        if did in RESPONSES:
            receipts = Receipt.objects.filter(kind__in=RESPONSES[did], by_bot=False, **SAME_DELIVERY)
            deliveries = deliveries.filter(Exists(receipts))
        elif did == ORDERED:
            deliveries = deliveries.filter(Exists(OrderCredit.objects.counting().filter(**SAME_DELIVERY)))
        return deliveries

    def _table(self, deliveries: QuerySet[Delivery]) -> Table:
        found = page(
            deliveries.select_related("customer", "customer__standing", "outranked_by"),
            ["customer_id", "step_id", "occasion"],
            self.request.GET.get("cursor", ""),
        )
        return Table(
            columns=[
                Column(_("Customer"), "person"),
                Column(_("Outcome")),
                Column(_("Address")),
                Column(_("Run")),
                Column(_("Settled"), "time"),
            ],
            rows=[self._row(delivery) for delivery in found.rows],
            empty=Empty(_("Nobody"), _("No customer of this campaign is in this state.")),
            next=found.next,
            previous=found.previous,
        )

    def _row(self, delivery: Delivery) -> list[Any]:
        return [
            delivery.customer,
            outcome_cell(delivery),
            delivery.contact,
            delivery.occasion,
            delivery.settled_at,
        ]


class RecentDeliveries(DeliveryList):
    """The customers behind the home page's numbers: of every campaign that ran in the last days."""

    def get_title(self) -> str:
        """All campaigns' customers."""
        return _("Customers of the campaigns of the last %(n)d days") % {"n": RECENT.days}

    def get_crumbs(self) -> Sequence[Crumb]:
        """By way of the campaigns."""
        return [Crumb(_("Campaigns"), reverse("campaigns:list"))]

    def runs(self) -> QuerySet[CampaignRun]:
        """Those that began in the last days."""
        runs = CampaignRun.objects.exclude(campaign__kind=CampaignKind.SERVICE)
        return runs.filter(planned_at__gte=self.now - RECENT)


def outcome_cell(delivery: Delivery) -> Cell:
    """What became of a message, in words, with the winner's name where it lost."""
    title = words.outcome_title(delivery.reason or delivery.state)
    if delivery.outranked_by_id and delivery.outranked_by:
        title = f"{title}: {delivery.outranked_by.name}"
    return Cell(title)
