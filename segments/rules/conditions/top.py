"""The top N % by a figure: ``{"top": 10, "by": "revenue"}``.

The customer's own figure, as it is now, against the cut in force: once a day the cut is measured over everybody
(services/cuts.py). A new cut concerns only those between it and the one before.
"""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, Value
from django.db.models.functions import JSONObject
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from segments import registry
from segments.registry import Field
from segments.rules import cuts
from segments.rules.as_of import AsOf
from segments.rules.asking import asked, show
from segments.rules.conditions.base import Condition, Shown
from segments.rules.conditions.field import FieldCondition
from segments.rules.edges import Edge
from segments.rules.forms import Form, Input
from segments.rules.kinds import MONEY, NUMBER
from segments.rules.operators import AtLeast
from segments.rules.reading import Reader
from segments.rules.schema_parts import Schema, shape, whole
from segments.rules.words import Words, instant, number
from users.topics import TouchTopic

AT_LEAST = AtLeast()
MOST_PERCENT = 99


@dataclass(frozen=True)
class InTop(Condition):
    """Among the best ``percent`` % of those whose figure is above zero, ties at the cut included."""

    percent: int
    field: Field

    @classmethod
    def read(cls, reader: Reader) -> "InTop":
        reader.only(required=("top", "by"))
        field = registry.fields.get(reader.at("by").text())
        if field is None:
            raise reader.at("by").refusal("unknown_field", _("there is no such field"))
        if not is_figure(field):
            raise reader.at("by").refusal("not_a_number", _("is not a figure of which there can be a top"))
        return cls(reader.at("top").whole(1, MOST_PERCENT), field)

    def write(self) -> dict[str, Any]:
        return {"top": self.percent, "by": self.field.name}

    @classmethod
    def form(cls) -> Form:
        return Form(
            "top",
            gettext_lazy("The top … %"),
            gettext_lazy("Value of the customer"),
            (
                Input("top", "whole", gettext_lazy("top (%)"), least=1, most=MOST_PERCENT),
                Input("by", "figure", gettext_lazy("by")),
            ),
            lambda: {"top": 10, "by": "revenue"},
        )

    @classmethod
    def schema(cls) -> list[Schema]:
        figures = [field.name for field in registry.fields if is_figure(field)]
        return [shape({"top": whole(1, MOST_PERCENT), "by": {"enum": figures}})]

    def topics(self) -> frozenset[TouchTopic]:
        return frozenset({self.field.topic, *self.field.also})

    def expression(self, as_of: AsOf) -> Q:
        cut = cuts.in_force(self.field, self.percent, as_of)
        if cut.value is None:
            return Q(pk__isnull=True)
        return asked(self.field, AT_LEAST, cut.value, as_of)

    def crossing(self, then: AsOf, now: AsOf) -> list[Edge]:
        """Those whose figure lies between the cuts; a cut without a value lies above every figure."""
        values = cuts.between(self.field, self.percent, then, now)
        if len(set(values)) == 1:
            return []
        moved = cuts.figures(self.field)
        known = [value for value in values if value is not None]
        moved = moved.filter(asked_value__gte=min(known))
        if None not in values:
            moved = moved.filter(asked_value__lt=max(known))
        return [Edge(moved.values("pk" if self.field.rows is None else "customer_id"))]

    def of_today(self, words: Words) -> list[str]:
        return FieldCondition(self.field, AT_LEAST, 0).of_today(words)

    def actual(self, as_of: AsOf) -> Shown:
        cut = cuts.in_force(self.field, self.percent, as_of)
        return JSONObject(
            figure=FieldCondition(self.field, AT_LEAST, 0).actual(as_of),
            cut=Value(None if cut.value is None else str(cut.value)),
            at=Value(cut.at.isoformat() if cut.at else None),
            customers=Value(cut.customers),
        )

    def show(self, actual: Any, words: Words) -> str:
        """Both figures, and since when the cut is in force."""
        told = {
            "figure": show(self.field, actual["figure"], words),
            "cut": show(self.field, None if actual["cut"] is None else cuts.plain(actual["cut"]), words),
            "customers": number(actual["customers"]),
        }
        measured = parse_datetime(actual["at"]) if actual["at"] else None
        if measured is None:
            return _("%(figure)s; the cut is %(cut)s, of %(customers)s customers above zero") % told
        return _(
            "%(figure)s; the cut is %(cut)s, of %(customers)s customers above zero, measured %(when)s"
        ) % {**told, "when": instant(measured)}

    def sentence(self, words: Words) -> str:
        return _("is in the top %(percent)d %% by %(field)s") % {
            "percent": self.percent,
            "field": self.field.label,
        }


def is_figure(field: Field) -> bool:
    """A number or an amount of which those without any have none or zero, and which time alone does not change."""
    return field.kind in (NUMBER, MONEY) and not field.absent and field.live is None
