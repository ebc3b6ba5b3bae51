"""Why a customer is in a segment or not: the tree with actual values, what decides, when time turns it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Case, Value, When

from config.kit.refusal import NotFound
from segments.models import Membership, Segment
from segments.rules.as_of import AsOf
from segments.rules.conditions import Condition
from segments.rules.parse import parse
from segments.rules.tree import Group, Rule
from segments.rules.words import Words
from users.models import Customer

# How many turns of time are tried before "not in sight" is the answer.
MOST_TURNS = 30
JUST_AFTER = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Reason:
    """One node: its clause, whether it holds, the actual value in words, whether the outcome hangs on it."""

    sentence: str
    holds: bool
    actual: str
    decides: bool
    parts: list["Reason"] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Explanation:
    """``matches``: by the rule, now; ``member_since``: by the stored membership; ``turns_at``: when time
    alone will change the answer, as far as can be computed (stored figures, such as the stage, stay)."""

    matches: bool
    member_since: datetime | None
    root: Reason
    turns_at: datetime | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What one condition said of the customer."""

    holds: bool
    actual: Any


def explain(segment: Segment, customer_id: int, now: datetime, words: Words | None = None) -> Explanation:
    """Explain one customer. Raises NotFound, or Refusal when the rule cannot be read any more."""
    rule = parse(segment.rule)
    as_of = AsOf(now, everybody=False)
    answers = _answers(rule, customer_id, as_of)
    if answers is None:
        raise NotFound
    matches = _holds(rule.root, answers)
    since = Membership.objects.filter(segment=segment, customer=customer_id).values_list(
        "entered_at", flat=True
    )
    return Explanation(
        matches=matches,
        member_since=since.first(),
        root=_reason(rule.root, answers, words or Words(), decides=True),
        turns_at=_turns_at(rule, customer_id, as_of, answers, matches),
    )


def _answers(rule: Rule, customer_id: int, as_of: AsOf) -> dict[int, Answer] | None:
    """What each condition says, by its position in the rule: one statement for all."""
    conditions = list(rule.root.conditions())
    asked: dict[str, Any] = {}
    for number, condition in enumerate(conditions):
        asked[f"holds_{number}"] = Case(
            When(condition.expression(as_of), then=Value(True)), default=Value(False)
        )
        actual = condition.actual(as_of)
        if actual is not None:
            asked[f"actual_{number}"] = actual
    row = Customer.objects.living().filter(pk=customer_id).annotate(**asked).values(*asked).first()
    if row is None:
        return None
    return {
        id(condition): Answer(row[f"holds_{number}"], row.get(f"actual_{number}"))
        for number, condition in enumerate(conditions)
    }


def _holds(node: Group | Condition, answers: dict[int, Answer]) -> bool:
    if isinstance(node, Condition):
        return answers[id(node)].holds
    parts = [_holds(part, answers) for part in node.parts]
    return all(parts) if node.how == "all" else any(parts) == (node.how == "any")


def _reason(node: Group | Condition, answers: dict[int, Answer], words: Words, *, decides: bool) -> Reason:
    if isinstance(node, Condition):
        answer = answers[id(node)]
        shown = node.show(answer.actual, words) if node.actual_is_shown else ""
        return Reason(node.sentence(words), answer.holds, shown, decides)
    holds = _holds(node, answers)
    telling = _telling(node, holds)
    parts = [
        _reason(part, answers, words, decides=decides and telling in (None, _holds(part, answers)))
        for part in node.parts
    ]
    return Reason(node.heading(), holds, "", decides, parts)


def _telling(group: Group, holds: bool) -> bool | None:
    """Which answer of a part explains the group's: true, false, or None where all parts are needed."""
    if group.how == "all":
        return None if holds else False
    return True if holds == (group.how == "any") else None


def _turns_at(
    rule: Rule, customer_id: int, as_of: AsOf, answers: dict[int, Answer], matches: bool
) -> datetime | None:
    """The first instant at which the rule will answer otherwise if nothing but time happens."""
    here = as_of
    for _turn in range(MOST_TURNS):
        ahead = [
            turn
            for condition in rule.root.conditions()
            for turn in condition.turns(customer_id, answers[id(condition)].actual, here)
            if turn >= here.now
        ]
        if not ahead:
            return None
        here = as_of.at(min(ahead) + JUST_AFTER)
        if rule.customers(here).filter(pk=customer_id).exists() != matches:
            return min(ahead)
    return None
