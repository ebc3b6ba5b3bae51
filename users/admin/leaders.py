"""The page of the opinion leaders: who brings friends, shares and helps, with the evidence."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.kit.paging import page
from config.kit.parts import Cell, Column, Empty, Stat, Table
from users.admin.value_page import Section, ValuePage
from users.evidence import evidence
from users.groups import group_url
from users.models import CustomerValue, Fan, ValueDay


class LeadersPage(ValuePage):
    """Customers whose word reaches others."""

    title = gettext_lazy("Opinion leaders")
    purpose = gettext_lazy(
        "Who brings friends, shares and helps: evidence of the last 365 days, weighed and added up."
    )

    def sections(self, day: ValueDay) -> list[Section]:
        """How the score is made, fans, and the leaders."""
        return [
            Section(_("How the score is made"), table=_weights(), wide=False),
            Section(_("Fans"), _fans_note(), stats=_fans(day), wide=False),
            Section(_("Leaders"), table=self._leaders()),
        ]

    def _leaders(self) -> Table:
        rows = CustomerValue.objects.filter(leader_score__gt=0).select_related("customer__standing")
        found = page(rows, ("-leader_score", "-customer_id"), self.request.GET.get("cursor", ""))
        return Table(
            columns=[
                Column(_("Customer"), "person"),
                Column(_("Score"), "number"),
                *(Column(one.title, "number") for one in evidence),
                Column(_("Orders"), "number"),
            ],
            rows=[
                [
                    one.customer,
                    Cell(one.leader_score, url=group_url("leaders", least=one.leader_score)),
                    *(one.leader_parts.get(part.name) for part in evidence),
                    one.customer.standing.orders,
                ]
                for one in found.rows
            ],
            empty=Empty(
                _("No opinion leader yet"),
                _("Whoever shares products, writes reviews or brings friends appears here the next day."),
                icon="campaign",
            ),
            caption=_("Leaders"),
            next=found.next,
            previous=found.previous,
        )


def _weights() -> Table:
    return Table(
        columns=[Column(_("Evidence")), Column(_("Points each"), "number")],
        rows=[[one.title, one.weight] for one in evidence],
        empty=Empty(_("Nothing to show yet")),
        caption=_("How the score is made"),
    )


def _fans_note() -> str:
    return _(
        "Brand fans are settled and have done two of: review, referral, reply, survey answer, in 90 days. Content fans "
        "looked at content four times in 28 days. Passers-by came on one day and did not order."
    )


def _fans(day: ValueDay) -> list[Stat]:
    counts = dict(day.figures["fans"])
    return [
        Stat(kind.label, counts.get(kind.value, 0), url=group_url("fan", of=kind.value), more_is="")
        for kind in Fan
    ]
