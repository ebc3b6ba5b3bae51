"""Activity: how many customers come a day, a week, a month, how often, and of all there are, how many."""

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.kit import words
from config.kit.admin import OperatorPage
from config.kit.charts import Chart, Series
from config.kit.parts import Choice, Crumb, Filter, Stat
from users.groups import group_url
from users.groups.activity import channel_choices, crowd_url
from users.reports import activity, rollups
from users.reports.activity import ActiveDay, Spread
from users.reports.figures import today_in_shop
from users.reports.periods import Period, period_filters, read_period

UNKNOWN = "-"  # the channel of a URL that means: not known


class CrowdPage(OperatorPage):
    """A report over a period, of all customers or one channel, with or without unidentified visitors."""

    def get_crumbs(self) -> Sequence[Crumb]:
        """Under the reports."""
        return [Crumb(gettext_lazy("Reports"), reverse("users:reports"))]

    @cached_property
    def period(self) -> Period:
        """The days asked for."""
        return read_period(self.request.GET, self.now)

    @cached_property
    def channels(self) -> dict[str, str]:
        """The channels to choose from."""
        return {**channel_choices(), UNKNOWN: _("not known")}

    @property
    def channel(self) -> str | None:
        """The upper-level channel asked for; "" : customers whose channel is not known; None: all."""
        asked = self.request.GET.get("channel", "")
        return None if asked not in self.channels else "" if asked == UNKNOWN else asked

    @property
    def visitors(self) -> bool:
        """Whether visitors nobody has identified count, too."""
        return self.request.GET.get("visitors") == "yes"

    def crowd_filters(self) -> list[Filter]:
        """The chips: period, channel, visitors."""
        asked = self.request.GET.get("channel", "")
        return [
            *period_filters(self.request.GET),
            Filter(
                "channel",
                _("Channel"),
                [Choice(slug, title) for slug, title in self.channels.items()],
                asked if asked in self.channels else "",
            ),
            Filter(
                "visitors",
                _("Visitors"),
                [Choice("yes", _("with visitors"))],
                "yes" if self.visitors else "",
            ),
        ]

    def url(self, kind: str, **parameters: object) -> str:
        """The address of a group within the crowd that is shown."""
        return crowd_url(kind, self.channel, self.visitors, **parameters)


class ActivityPage(CrowdPage):
    """Daily, weekly, monthly active customers."""

    title = gettext_lazy("Activity")
    purpose = gettext_lazy("How many customers are active a day, a week, a month, and how often they come.")
    template_name = "users/activity.html"
    partials = {"phases": "users/phases_part.html"}

    def get_as_of(self) -> Any:
        """When the roll-up was counted."""
        return rollups.computed_at()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Figures, curves and the spread of active days; the phases when htmx asks for them."""
        if self.is_part:
            return super().get_context_data(**kwargs) | {"stats": self._phases()}
        days = activity.active_days(self.period, channel=self.channel, visitors=self.visitors)
        before = activity.active_days(
            Period(self.period.before.last, self.period.before.last),
            channel=self.channel,
            visitors=self.visitors,
        )
        unfinished = int(self.period.last >= today_in_shop(self.now))
        spread = activity.spread(channel=self.channel, visitors=self.visitors)
        return super().get_context_data(**kwargs) | {
            "period": self.period,
            "filters": self.crowd_filters(),
            "is_counted": rollups.computed_at() is not None,
            "part_url": self.request.path,
            "stats": self._stats(days[-1], before[-1]),
            "charts": [self._people(days, unfinished), self._shares(days, unfinished)],
            "spread": self._spread(spread) if spread else None,
        }

    def _stats(self, last: ActiveDay, before: ActiveDay) -> list[Stat]:
        then = _("on %(day)s") % {"day": words.day(before.day)}
        window = _("ending with %(day)s") % {"day": words.day(last.day)}

        def people(label: str, days: int, field: str) -> Stat:
            return Stat(
                label,
                getattr(last, field),
                window=window,
                before=getattr(before, field),
                before_window=then,
                url=self.url("active", days=days, day=last.day),
            )

        return [
            people(_("Active that day (DAU)"), 1, "active"),
            people(_("Active in 7 days (WAU)"), 7, "weekly"),
            people(_("Active in 30 days (MAU)"), 30, "monthly"),
            Stat(
                _("Stickiness"),
                last.stickiness,
                "percent",
                of=last.monthly,
                note=_("mean day of the 30 / active in the 30"),
            ),
            Stat(
                _("Active rate"), last.rate, "percent", of=last.known, note=_("active in 30 days / all known")
            ),
        ]

    def _people(self, days: Sequence[ActiveDay], unfinished: int) -> Chart:
        def series(name: str, field: str, window: int) -> Series:
            return Series(
                name,
                [getattr(day, field) for day in days],
                urls=[self.url("active", days=window, day=day.day) for day in days],
            )

        return Chart(
            "active",
            _("Active customers"),
            [words.day(day.day, "short") for day in days],
            [
                series(_("that day"), "active", 1),
                series(_("in 7 days"), "weekly", 7),
                series(_("in 30 days"), "monthly", 30),
            ],
            category_title=_("Day"),
            summary=_(
                "distinct customers with activity that day, in the 7 and the 30 days ending with it, shop time"
            ),
            unfinished=unfinished,
            height=320,
        )

    def _shares(self, days: Sequence[ActiveDay], unfinished: int) -> Chart:
        return Chart(
            "sticky",
            _("Stickiness and active rate"),
            [words.day(day.day, "short") for day in days],
            [
                Series(_("Stickiness"), [day.stickiness for day in days]),
                Series(_("Active rate"), [day.rate for day in days]),
            ],
            unit="percent",
            category_title=_("Day"),
            summary=_("mean day of the 30 / active in the 30; active in the 30 / all known by then"),
            unfinished=unfinished,
        )

    def _spread(self, spread: Spread) -> Chart:
        return Chart(
            "spread",
            _("On how many days they come"),
            [str(days) for days in spread.customers],
            [
                Series(
                    _("Customers"),
                    list(spread.customers.values()),
                    urls=[self.url("active_days", days=days, day=spread.day) for days in spread.customers],
                )
            ],
            kind="bar",
            category_title=_("Active days of 28"),
            summary=_("the 28 days ending with %(day)s; %(n)s customers active at least once")
            % {"day": words.day(spread.day), "n": words.number(spread.n)},
        )

    def _phases(self) -> list[Stat]:
        """How many customers are in each phase, with the share."""
        told = activity.phases(self.now)
        found, n = told.customers, sum(told.customers.values())
        return [
            Stat(
                phase.label,
                customers,
                note=_("%(share)s of %(n)s") % {"share": words.percent(customers / n), "n": words.number(n)}
                if n
                else "",
                window=_("counted at %(at)s") % {"at": words.clock_time(told.as_of)}
                if told.as_of != self.now
                else "",
                url=group_url("dimension", by="phase", value=phase.value),
            )
            for phase, customers in found.items()
        ]
