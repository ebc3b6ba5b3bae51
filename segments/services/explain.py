"""Why a customer is in a segment or not: the tree with actual values, what decides, when time turns it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from config.kit.refusal import NotFound
from segments.models import Membership, Segment
from segments.rules.as_of import AsOf
from segments.rules.conditions import Condition
from segments.rules.flips import smallest_flips
from segments.rules.parse import parse
from segments.rules.tree import Group, Rule
from segments.rules.words import Words
from segments.services.answers import Answer, answers
from segments.services.turning import next_turn


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
    """``matches``: by the rule, at ``at``; ``member_since``: by the stored membership.

    ``flips``: the smallest sets of conditions whose opposite would change the answer, in words. ``turns_at``:
    the first instant at which time alone changes it; None: not before ``looked_until``, or never. Of the past
    (``past``) no turn is given; ``of_today`` says which of the values are today's nevertheless.
    """

    matches: bool
    member_since: datetime | None
    root: Reason
    turns_at: datetime | None
    at: datetime | None = None
    past: bool = False
    flips: list[list[str]] = field(default_factory=list)
    looked_until: datetime | None = None
    of_today: list[str] = field(default_factory=list)


def explain(segment: Segment, customer_id: int, now: datetime, words: Words | None = None) -> Explanation:
    """Explain one customer as of now. Raises NotFound, or Refusal when the rule cannot be read any more."""
    since = Membership.objects.filter(segment=segment, customer=customer_id)
    member_since = since.values_list("entered_at", flat=True).first()
    return explain_rule(
        parse(segment.rule), customer_id, AsOf(now, everybody=False), words, member_since=member_since
    )


def explain_past(rule: Any, customer_id: int, at: datetime, words: Words | None = None) -> Explanation:
    """Explain what the JSON of a rule would have said of one customer at a past instant.

    Raises NotFound for a customer who was not known then, Refusal for a rule that cannot be read.
    """
    return explain_rule(parse(rule), customer_id, AsOf(at, everybody=False, past=True), words)


def explain_rule(
    rule: Rule,
    customer_id: int,
    as_of: AsOf,
    words: Words | None = None,
    *,
    member_since: datetime | None = None,
) -> Explanation:
    """Explain what a rule says of one customer. Raises NotFound."""
    said = answers(rule, customer_id, as_of)
    if said is None:
        raise NotFound
    words = words or Words()
    told = _Told(rule, said, words)
    matches = told.holds(rule.root)
    turn = None if as_of.past else next_turn(rule, customer_id, as_of, matches)
    return Explanation(
        matches=matches,
        member_since=member_since,
        root=told.reason(rule.root, decides=True),
        turns_at=turn.at if turn else None,
        at=as_of.now,
        past=as_of.past,
        flips=told.flips(),
        looked_until=turn.looked_until if turn else None,
        of_today=rule.of_today(words) if as_of.past else [],
    )


class _Told:
    """The answers of the conditions, put together along the tree."""

    def __init__(self, rule: Rule, said: list[Answer], words: Words) -> None:
        self.rule = rule
        self.words = words
        self.conditions = list(rule.root.conditions())
        self.answer = {id(one): answer for one, answer in zip(self.conditions, said, strict=True)}

    def holds(self, node: Group | Condition) -> bool:
        if isinstance(node, Condition):
            return self.answer[id(node)].holds
        return node.says(self.answer[id(one)].holds for one in node.conditions())

    def reason(self, node: Group | Condition, *, decides: bool) -> Reason:
        if isinstance(node, Condition):
            answer = self.answer[id(node)]
            shown = node.show(answer.actual, self.words) if node.actual_is_shown else ""
            return Reason(node.sentence(self.words), answer.holds, shown, decides)
        holds = self.holds(node)
        telling = _telling(node, holds)
        parts = [
            self.reason(part, decides=decides and telling in (None, self.holds(part))) for part in node.parts
        ]
        return Reason(node.heading(), holds, "", decides, parts)

    def flips(self) -> list[list[str]]:
        """The smallest sets whose opposite turns the answer, each condition in words."""
        found = smallest_flips(self.rule.root, [self.answer[id(one)].holds for one in self.conditions])
        return [[self.conditions[place].sentence(self.words) for place in sorted(flip)] for flip in found]


def _telling(group: Group, holds: bool) -> bool | None:
    """Which answer of a part explains the group's: true, false, or None where all parts are needed."""
    if group.how == "all":
        return None if holds else False
    return True if holds == (group.how == "any") else None
