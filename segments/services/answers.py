"""What a rule says of one customer: each condition's answer with the value it looked at, and the whole at instants."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, Q, Value, When

from segments.rules.as_of import AsOf
from segments.rules.tree import Rule, existing


@dataclass(frozen=True, slots=True)
class Answer:
    """What one condition said of the customer."""

    holds: bool
    actual: Any


def answers(rule: Rule, customer_id: int, as_of: AsOf) -> list[Answer] | None:
    """What each condition says, in the order of the rule: one statement for all. None: nobody to ask about."""
    asked: dict[str, Any] = {}
    conditions = list(rule.root.conditions())
    for place, condition in enumerate(conditions):
        asked[f"holds_{place}"] = _said(condition.expression(as_of))
        actual = condition.actual(as_of)
        if actual is not None:
            asked[f"actual_{place}"] = actual
    row = existing(as_of).filter(pk=customer_id).annotate(**asked).values(*asked).first()
    if row is None:
        return None
    return [
        Answer(row[f"holds_{place}"], row.get(f"actual_{place}")) for place, _one in enumerate(conditions)
    ]


def said_at(rule: Rule, customer_id: int, as_of: AsOf, moments: Sequence[datetime]) -> list[bool]:
    """What the whole rule says of a customer at each of a few moments: one statement for all."""
    asked = {f"at_{n}": _said(rule.expression(as_of.at(moment))) for n, moment in enumerate(moments)}
    row = existing(as_of).filter(pk=customer_id).annotate(**asked).values(*asked).first()
    return [bool(row and row[f"at_{n}"]) for n in range(len(moments))]


def _said(expression: Q) -> Case:
    return Case(When(expression, then=Value(True)), default=Value(False))
