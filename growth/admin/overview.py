"""The points of all customers: outstanding, coming and going, expiring, and whether the books close."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.kit import words
from config.kit.admin import OperatorPage
from config.kit.charts import Chart, Series
from config.kit.parts import Action, Stat
from growth.reports import treasury
from growth.services import books
from growth.services.orders import rule_in_force
from users.models import Role


class Overview(OperatorPage):
    """Points as the shop's promise to its customers."""

    title = gettext_lazy("Growth")
    purpose = gettext_lazy("Reasons to come back: the points customers hold, and how they come and go.")
    template_name = "growth/overview.html"
    roles_that_act: ClassVar[Sequence[str]] = (Role.OPERATOR,)

    @cached_property
    def held(self) -> treasury.Outstanding:
        """What all customers hold."""
        return treasury.outstanding(self.now)

    def get_as_of(self) -> datetime:
        """The instant of the sums."""
        return self.held.as_of

    def get_actions(self) -> Sequence[Action]:
        """What else there is to do with points."""
        return [
            Action(_("Award past orders"), reverse("growth:award"), icon="history"),
            Action(_("Earning rules"), reverse("growth:rules"), icon="rule"),
            Action(_("Levels"), reverse("growth:levels"), icon="military_tech"),
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Figures, two charts, the check of the books."""
        days = treasury.flows(self.now, today=self.now.astimezone(words.shop_zone()).date())
        return super().get_context_data(**kwargs) | {
            "stats": _stats(outstanding_stats(self.held, self.now), days),
            "flow": _flow(days),
            "expiry": _expiry(treasury.expiring(self.now)),
            "check": treasury.last_check(),
            "rule": rule_in_force(),
        }

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Check the books now and say what came of it."""
        found = books.check()
        off = found["keys_off"] + found["balances_off"] + found["lots_off"]
        entries = words.number(found["entries"])
        self.say(
            _("%(entries)s entries sum to %(sum)s; %(off)s figures are off.")
            % {"entries": entries, "sum": found["sum"], "off": off}
        )
        return HttpResponseRedirect(request.get_full_path())


def outstanding_stats(held: treasury.Outstanding, now: datetime) -> list[Stat]:
    """The three accounts of everybody; each opens its customers."""
    window = _("now, all customers")
    if held.as_of != now:
        window = _("all customers, as of %(time)s") % {"time": words.clock_time(held.as_of)}
    return [
        Stat(
            _("Outstanding"), held.active, unit=_("points"), window=window, url=holders("active"), more_is=""
        ),
        Stat(_("Pending"), held.pending, unit=_("points"), window=window, url=holders("pending"), more_is=""),
        Stat(
            _("Owed to the shop"), held.owed, unit=_("points"), window=window, url=holders("owed"), more_is=""
        ),
    ]


def holders(show: str) -> str:
    """The address of the customers behind one account."""
    return f"{reverse('growth:holders')}?show={show}"


def _stats(held: Sequence[Stat], days: Sequence[treasury.FlowDay]) -> list[Stat]:
    window = _("last 30 days")
    given, spent = sum(day.given for day in days), sum(day.spent for day in days)
    return [
        *held,
        Stat(_("Given"), given, unit=_("points"), window=window, trend=[day.given for day in days]),
        Stat(_("Spent"), spent, unit=_("points"), window=window, trend=[day.spent for day in days]),
    ]


def _flow(days: Sequence[treasury.FlowDay]) -> Chart:
    return Chart(
        "points-flow",
        _("Points per day"),
        [words.day(day.day, "short") for day in days],
        [
            Series(_("Given"), [day.given for day in days]),
            Series(_("Spent"), [day.spent for day in days]),
            Series(_("Expired"), [day.expired for day in days]),
            Series(_("Taken back"), [day.taken_back for day in days]),
        ],
        kind="bar",
        category_title=_("Day"),
        summary=_("last 30 days, shop time; given counts pending points too"),
        unfinished=1,
    )


def _expiry(months: Sequence[treasury.ExpiryMonth]) -> Chart:
    return Chart(
        "points-expiry",
        _("Points that will expire"),
        [_month(row.month) for row in months],
        [Series(_("Points"), [row.points for row in months])],
        kind="bar",
        category_title=_("Month"),
        summary=_("active points by the month in which they expire if nobody spends them"),
        height=200,
    )


def _month(month: date | datetime) -> str:
    return month.strftime("%Y-%m")
