"""What a rule costs to compute, in words, and which of its conditions costs most."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from config.kit.batches import fetch
from segments.rules.as_of import AsOf
from segments.rules.conditions import Condition
from segments.rules.tree import Rule
from segments.services.preview import COST_CEILING
from users.models import Customer


class Cost(models.TextChoices):
    """How much a full computation reads; a refresh reads only what changed."""

    LIGHT = "light", _("light")
    MEDIUM = "medium", _("medium")
    HEAVY = "heavy", _("heavy")
    REFUSED = "refused", _("too much")


# In the planner's units: a pass over a million customers is about 50,000, over 20 M events about a million.
LIMITS = ((200_000, Cost.LIGHT), (2_000_000, Cost.MEDIUM), (COST_CEILING, Cost.HEAVY))


@dataclass(frozen=True, slots=True)
class Costs:
    """``whole``: of the rule; ``dearest``: the condition that costs most."""

    whole: Cost
    dearest: Condition
    dearest_cost: Cost


def costs(rule: Rule, now: datetime) -> Costs:
    """One EXPLAIN for the rule and all its conditions: each is a subquery of its own, so each has its cost."""
    as_of = AsOf(now)
    conditions = list(rule.root.conditions())
    asked = [rule.customers(as_of), *(_of(condition, as_of) for condition in conditions)]
    statements, parameters = [], []
    for query in asked:
        sql, values = query.values("pk").query.sql_with_params()
        statements.append(f"(SELECT count(*) FROM ({sql}) part)")
        parameters.extend(values)
    ((plan,),) = fetch(f"EXPLAIN (FORMAT JSON) SELECT {', '.join(statements)}", parameters)
    found = _totals(plan[0]["Plan"], len(asked))
    dearest = max(range(len(conditions)), key=lambda place: found[place + 1])
    return Costs(in_words(found[0]), conditions[dearest], in_words(found[dearest + 1]))


def in_words(units: float) -> Cost:
    """The planner's units as a word."""
    return next((cost for limit, cost in LIMITS if units <= limit), Cost.REFUSED)


def _of(condition: Condition, as_of: AsOf) -> Any:
    return Customer.objects.living().filter(condition.expression(as_of))


def _totals(plan: dict[str, Any], number: int) -> list[float]:
    """The cost of each subquery of the outermost statement, in their order."""
    parts = [part for part in plan.get("Plans", []) if part.get("Parent Relationship") == "InitPlan"]
    parts.sort(key=lambda part: int(part["Subplan Name"].split()[1]))
    found = [float(part["Total Cost"]) for part in parts]
    return found if len(found) == number else [float(plan["Total Cost"])] * number
