"""So many days before a festival: ``{"festival": "mid_autumn", "op": "in_days", "days": 7}``.

The same for everybody at an instant: true on some days of the shop zone, false on the others. Time moves it at a
shop midnight only, and then it moves for everyone.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Q
from django.db.models import Value as Constant
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from segments.rules.arguments import Choices
from segments.rules.as_of import AsOf
from segments.rules.conditions.base import Condition, Shown
from segments.rules.edges import Edge
from segments.rules.festivals import FESTIVALS, is_kept_on, next_on
from segments.rules.forms import Form, Input
from segments.rules.reading import Reader
from segments.rules.schema_parts import Schema, one_of, shape, whole
from segments.rules.windows import day_start
from segments.rules.words import Words, day
from users.models import Customer

FARTHEST = 90


@dataclass(frozen=True)
class NearFestival(Condition):
    """``within``: on any of the days from today to that many ahead; else: in exactly so many days."""

    depends_on_the_day = True

    festival: str
    within: bool
    days: int

    @classmethod
    def read(cls, reader: Reader) -> "NearFestival":
        reader.only(required=("festival", "op", "days"))
        festival = reader.at("festival").one_of(FESTIVALS)
        within = reader.at("op").one_of(("in_days", "within_days")) == "within_days"
        return cls(festival, within, reader.at("days").whole(0, FARTHEST))

    def write(self) -> dict[str, Any]:
        op = "within_days" if self.within else "in_days"
        return {"festival": self.festival, "op": op, "days": self.days}

    @classmethod
    def form(cls) -> Form:
        return Form(
            "festival",
            gettext_lazy("A festival"),
            gettext_lazy("The calendar"),
            (
                Input("festival", "choice", gettext_lazy("festival"), choices=_names),
                Input("op", "choice", gettext_lazy("is"), choices=_ways),
                Input("days", "whole", gettext_lazy("days"), least=0, most=FARTHEST),
            ),
            lambda: {"festival": "mid_autumn", "op": "within_days", "days": 7},
        )

    @classmethod
    def schema(cls) -> list[Schema]:
        op = one_of("in_days", "within_days")
        return [shape({"festival": one_of(*FESTIVALS), "op": op, "days": whole(0, FARTHEST)})]

    def holds_on(self, today: date) -> bool:
        """Whether it is true of everybody on that day of the shop zone."""
        ahead = range(self.days + 1) if self.within else (self.days,)
        return any(is_kept_on(self.festival, today + timedelta(days=n)) for n in ahead)

    def expression(self, as_of: AsOf) -> Q:
        return Q(pk__isnull=not self.holds_on(as_of.today))

    def crossing(self, then: AsOf, now: AsOf) -> list[Edge]:
        if self.holds_on(then.today) == self.holds_on(now.today):
            return []
        return [Edge(Customer.objects.living().values("pk"), self.holds_on(now.today))]

    def of_today(self, words: Words) -> list[str]:
        return []

    def actual(self, as_of: AsOf) -> Shown:
        coming = next_on(self.festival, as_of.today)
        return Constant(coming.isoformat() if coming else "")

    def show(self, actual: Any, words: Words) -> str:
        if not actual:
            return _("not known")
        return _("next on %(day)s") % {"day": day(date.fromisoformat(actual))}

    def turns(self, customer_id: int, actual: Any, as_of: AsOf) -> list[datetime]:
        coming = next_on(self.festival, as_of.today)
        if coming is None:
            return []
        edges = [coming - timedelta(days=self.days), coming - timedelta(days=self.days - 1)]
        edges.append(coming + timedelta(days=1))
        return [day_start(edge, as_of) for edge in edges]

    def sentence(self, words: Words) -> str:
        festival = {"festival": FESTIVALS[self.festival].label, "n": self.days}
        if not self.days:
            return _("%(festival)s is today") % festival
        if self.within:
            return (
                ngettext(
                    "%(festival)s is today or tomorrow",
                    "%(festival)s is within the next %(n)d days, today included",
                    self.days,
                )
                % festival
            )
        return ngettext("%(festival)s is tomorrow", "%(festival)s is in %(n)d days", self.days) % festival


def _names() -> Choices:
    return {name: festival.label for name, festival in FESTIVALS.items()}


def _ways() -> Choices:
    return {"in_days": gettext_lazy("in exactly"), "within_days": gettext_lazy("within the next")}
