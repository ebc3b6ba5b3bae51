"""Ready segments: what a shop usually wants first. Installed by the demo and by one button."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from segments.models import Segment
from segments.services.segments import create_segment
from users.models import Operator

Condition = dict[str, Any]

MAY_BE_MAILED: Condition = {"may_receive": "email", "topic": "news"}
ORDERED = {"happened": "orders", "op": "did"}


def _stage(*stages: str) -> Condition:
    return {"field": "stage", "op": "is_any_of", "value": list(stages)}


def _field(name: str, op: str, value: Any) -> Condition:
    return {"field": name, "op": op, "value": value}


def _is(name: str, value: str) -> Condition:
    return {"property": name, "op": "equals", "value": value}


@dataclass(frozen=True, slots=True)
class Preset:
    """A ready segment; money in it is in minor units of the shop's currency."""

    name: StrOrPromise
    description: StrOrPromise
    conditions: tuple[Condition, ...]


PRESETS = (
    Preset(
        _("Dormant, spent over 100, may be mailed"),
        _("Worth winning back, and allowed to be written to."),
        (_stage("dormant"), _field("revenue", "more_than", 10_000), MAY_BE_MAILED),
    ),
    Preset(
        _("New this week"),
        _("First seen doing something in the last seven days."),
        (_field("first_activity", "in_last_days", 7),),
    ),
    Preset(_("Returning"), _("Had been away and came back."), (_stage("returning"),)),
    Preset(
        _("Big spenders"),
        _("Spent 500 or more in life."),
        (_field("revenue", "at_least", 50_000),),
    ),
    Preset(
        _("Browsed, did not buy in 14 days"),
        _("Looked at products lately without ordering."),
        (
            {"event": "Product Viewed", "op": "did", "at_least": 1, "in_last_days": 14},
            {"happened": "orders", "op": "did_not", "in_last_days": 14},
        ),
    ),
    Preset(
        _("Birthday this month"),
        _("To be congratulated."),
        ({"field": "birthday", "op": "anniversary_this_month"},),
    ),
    Preset(
        _("Three orders in half a year"),
        _("Buy regularly."),
        ({**ORDERED, "at_least": 3, "in_last_days": 180},),
    ),
    Preset(
        _("One order, none since a month"),
        _("Need a reason for the second order."),
        (_field("orders", "equals", 1), _field("last_order", "more_than_days_ago", 30)),
    ),
    Preset(
        _("Good customers we lost"),
        _("Churned after three orders or more."),
        (_stage("churned"), _field("orders", "at_least", 3)),
    ),
    Preset(
        _("Have an e-mail address, did not agree"),
        _("Could be asked whether they want our news."),
        (
            {"collection": "reachable_by", "op": "has_any_of", "value": ["email"]},
            {**MAY_BE_MAILED, "op": "may_not"},
        ),
    ),
    Preset(
        _("Put something aside, did not order"),
        _("Added to the cart in the last three days and left."),
        (
            {"event": "Product Added", "op": "did", "at_least": 1, "in_last_days": 3},
            {"happened": "orders", "op": "did_not", "in_last_days": 3},
        ),
    ),
    Preset(
        _("Large baskets"),
        _("On average 60 or more per order within a year."),
        ({"happened": "orders", "op": "average", "of": "net", "at_least": 6_000, "in_last_days": 365},),
    ),
    Preset(
        _("Going quiet"),
        _("Still active by their stage, but not seen for 20 days."),
        (_stage("new", "active", "returning"), _field("last_activity", "more_than_days_ago", 20)),
    ),
    Preset(
        _("Lovers of one category"),
        _("Ordered Jazz, or looked at it on three different days within 90 days."),
        (
            {
                "any": [
                    {**ORDERED, "at_least": 2, "where": [_is("category", "Jazz")]},
                    {
                        "event": "Product Viewed",
                        "op": "days",
                        "at_least": 3,
                        "in_last_days": 90,
                        "where": [_is("category", "Jazz")],
                    },
                ]
            },
        ),
    ),
    Preset(
        _("Champions"),
        _("Ordered lately and often."),
        ({"field": "rfm_group", "op": "is_any_of", "value": ["champions"]},),
    ),
    Preset(
        _("Core customers at risk"),
        _("Bring most of the revenue and may be about to leave."),
        (_field("is_core", "equals", True), _field("churn_risk", "at_least", 50)),
    ),
    Preset(
        _("Brand fans"),
        _("Settled customers who review, answer or bring friends."),
        ({"field": "fan", "op": "is_any_of", "value": ["brand"]},),
    ),
    Preset(
        _("Content fans"),
        _("Read or watch what we publish."),
        ({"field": "fan", "op": "is_any_of", "value": ["content"]},),
    ),
    Preset(
        _("Passers-by"),
        _("Came on one day and did not order."),
        ({"field": "fan", "op": "is_any_of", "value": ["passer_by"]},),
    ),
    Preset(
        _("Visitors of this week without a name"),
        _("Came by without saying who they are."),
        (_field("identified", "equals", False), _field("last_activity", "in_last_days", 7)),
    ),
)


def install(*, by: Operator | None) -> list[Segment]:
    """Make those presets whose names are not taken yet; what was made."""
    taken = set(Segment.objects.values_list("name", flat=True))
    return [
        create_segment(
            name=str(preset.name),
            description=str(preset.description),
            rule={"version": 1, "root": {"all": list(preset.conditions)}},
            by=by,
            actor="presets",
        )
        for preset in PRESETS
        if str(preset.name) not in taken
    ] + _asleep(taken, by)


def _asleep(taken: set[str], by: Operator | None) -> list[Segment]:
    """A segment of a segment, which needs the other's number."""
    name = str(_("Big spenders falling asleep"))
    spenders = Segment.objects.filter(name=str(_("Big spenders"))).first()
    if name in taken or spenders is None:
        return []
    conditions = [{"segment": spenders.pk, "op": "in"}, _field("last_activity", "more_than_days_ago", 45)]
    made = create_segment(
        name=name,
        description=str(_("Big spenders who have not been seen for 45 days.")),
        rule={"version": 1, "root": {"all": conditions}},
        by=by,
        actor="presets",
    )
    return [made]
