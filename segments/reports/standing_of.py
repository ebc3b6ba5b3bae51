"""One customer beside every segment: in it or not, and what that hangs on; one statement for all rules."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, Value, When

from config.kit.refusal import Refusal
from segments.models import Membership, Segment
from segments.reading_order import in_reading_order
from segments.rules.as_of import AsOf
from segments.rules.flips import smallest_flips
from segments.rules.outcome import Outcome, outcome
from segments.rules.parse import parse
from segments.rules.tree import Rule, existing
from segments.rules.words import Words

AT_ONCE = 150
"""Conditions asked in one statement: PostgreSQL returns at most 1,664 columns, and plans long ones slowly."""


@dataclass(frozen=True, slots=True)
class Beside:
    """A segment and one customer. ``missing``: the smallest sets of conditions that decide, in words."""

    segment: Segment
    matches: bool
    since: datetime | None
    missing: list[list[str]]
    of_today: list[str]


def beside_segments(customer_id: int, now: datetime, past: datetime | None, words: Words) -> list[Beside]:
    """Every segment with a rule that can be read, by name; as of ``past`` (by the rules in force now) if given.

    Empty where nobody knew the customer then.
    """
    as_of = AsOf(past or now, everybody=False, past=past is not None)
    rules = _readable()
    said = _said(customer_id, [rule for _segment, rule in rules], as_of)
    if said is None:
        return []
    members = Membership.objects.filter(customer=customer_id).values_list("segment_id", "entered_at")
    since = {} if past else dict(members)
    return [
        _beside(segment, rule, holds, since.get(segment.pk), words, is_past=past is not None)
        for (segment, rule), holds in zip(rules, said, strict=True)
    ]


def _readable() -> list[tuple[Segment, Rule]]:
    found = []
    for segment in in_reading_order(Segment.objects.filter(rule__isnull=False)):
        try:
            rule = parse(segment.rule)
        except Refusal:
            continue
        if outcome(rule.root) is Outcome.SOME:
            found.append((segment, rule))
    return found


def _said(customer_id: int, rules: list[Rule], as_of: AsOf) -> list[dict[int, bool]] | None:
    """What every condition of every rule says, by its place; a statement for so many conditions."""
    asked = [
        (number, place, condition)
        for number, rule in enumerate(rules)
        for place, condition in enumerate(rule.root.conditions())
    ]
    said: list[dict[int, bool]] = [{} for _rule in rules]
    for begin in range(0, len(asked) or 1, AT_ONCE):
        part = asked[begin : begin + AT_ONCE]
        columns: dict[str, Any] = {
            f"c{number}_{place}": Case(
                When(condition.expression(as_of), then=Value(True)), default=Value(False)
            )
            for number, place, condition in part
        }
        row = existing(as_of).filter(pk=customer_id).annotate(**columns).values("pk", *columns).first()
        if row is None:
            return None
        for number, place, _condition in part:
            said[number][place] = row[f"c{number}_{place}"]
    return said


def _beside(
    segment: Segment,
    rule: Rule,
    holds: dict[int, bool],
    since: datetime | None,
    words: Words,
    *,
    is_past: bool,
) -> Beside:
    conditions = list(rule.root.conditions())
    told = [holds[place] for place in range(len(conditions))]
    flips = smallest_flips(rule.root, told)
    missing = [[conditions[place].sentence(words) for place in sorted(flip)] for flip in flips[:2]]
    of_today = rule.of_today(words) if is_past else []
    return Beside(segment, rule.says(told), since, missing, of_today)
