"""Reach: which channels reach how many, who lacks what, and who may be told what."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.kit import words
from config.kit.admin import OperatorPage
from config.kit.charts import Chart, Series
from config.kit.parts import Cell, Column, Crumb, Empty, Stat, Table
from users.groups import group_url
from users.models import Channel, Reach, Topic
from users.reports import reach as report
from users.services.preferences import title_of

SHOWN = (Reach.USABLE, Reach.VERIFIED, Reach.BOUNCING, Reach.BLOCKED, Reach.UNUSABLE, Reach.LACKING)


class ReachPage(OperatorPage):
    """Shares of all identified customers, counted every ten minutes."""

    title = gettext_lazy("Reach")
    purpose = gettext_lazy("Which channels reach how many customers, who lacks what, and who agreed to what.")
    template_name = "users/reach.html"

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the reports."""
        return [Crumb(gettext_lazy("Reports"), reverse("users:reports"))]

    def get_as_of(self) -> datetime | None:
        """When it was counted."""
        return self.figures.computed_at

    @cached_property
    def figures(self) -> report.Figures:
        """As last counted."""
        return report.figures(self.now)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Shares per channel, states per channel, consents per topic."""
        known = self.figures
        reached = [known.counts.get((channel, Reach.USABLE), 0) for channel in report.CHANNELS]
        return super().get_context_data(**kwargs) | {
            "stats": [_stat(channel, known) for channel in report.CHANNELS],
            "chart": Chart(
                "reach",
                _("Reachable customers per channel"),
                [str(channel.label) for channel in report.CHANNELS],
                [Series(_("Reachable"), reached)],
                kind="bar",
                summary=_("Of %(n)s customers.") % {"n": words.number(known.everybody)},
            ),
            "states": _states(known),
            "topics": _topics(known),
        }


def _stat(channel: Channel, known: report.Figures) -> Stat:
    usable = known.counts.get((channel, Reach.USABLE), 0)
    return Stat(
        channel.label,
        usable / known.everybody if known.everybody else None,
        "percent",
        of=known.everybody,
        window=_("%(n)s reachable") % {"n": words.number(usable)},
        url=group_url("reach", channel=channel.value, what=Reach.USABLE.value),
    )


def _states(known: report.Figures) -> Table:
    return Table(
        [
            Column(_("Message channel")),
            *(Column(what.label, "number") for what in SHOWN),
            Column(_("Reachable, not verified"), "number"),
        ],
        [
            [
                channel.label,
                *(_cell(known.counts.get((channel, what), 0), channel, what) for what in SHOWN),
                _unverified(known.unverified(channel), channel),
            ]
            for channel in report.CHANNELS
        ],
        Empty(_("No customer yet"), _("Addresses come with the traffic, by import or by hand.")),
        caption=_("States of addresses"),
    )


def _cell(customers: int, channel: Channel, what: Reach) -> Cell:
    url = group_url("reach", channel=channel.value, what=what.value) if customers else ""
    return Cell(customers, url=url)


def _unverified(customers: int, channel: Channel) -> Cell:
    return Cell(customers, url=group_url("unverified", channel=channel.value) if customers else "")


def _topics(known: report.Figures) -> Table:
    """Reachable and consented, as counts that open and as shares of the reachable."""
    return Table(
        [Column(_("Topic")), *(Column(channel.label, "number") for channel in report.CHANNELS)],
        [
            [title_of(topic), *(_consented(known, channel, topic) for channel in report.CHANNELS)]
            for topic in Topic.objects.filter(is_service=False).order_by("pk")
        ],
        Empty(_("No topic yet"), _("Topics say what a customer may agree to or refuse.")),
        caption=_("Reachable and agreed, per topic"),
    )


def _consented(known: report.Figures, channel: Channel, topic: Topic) -> Cell:
    agreed = known.consented.get((channel, topic.pk), 0)
    usable = known.counts.get((channel, Reach.USABLE), 0)
    url = group_url("reach", channel=channel.value, what=Reach.CONSENTED.value, topic=topic.slug)
    return Cell(agreed, url=url if agreed else "", hint=_("of %(n)s reachable") % {"n": words.number(usable)})
