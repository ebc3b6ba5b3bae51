"""When time alone will change what a rule says of one customer: the exact first instant.

Conditions name the instants at which time may turn them. Each is tried on the rule itself, at the instant and
just after it (a rolling window still holds what is exactly its length old), until the answer is another one.
Nobody is expected to do anything; figures of the day and memberships of other segments stay as they are, stages
move on as the clock will move them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from segments.rules.as_of import AsOf
from segments.rules.tree import Rule
from segments.services.answers import answers, said_at

AT_ONCE = 8
"""Instants tried in one statement."""
ROUNDS = 16
JUST_AFTER = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Turn:
    """``at``: the first instant of another answer; None: none up to ``looked_until``, or ever where that is None."""

    at: datetime | None = None
    looked_until: datetime | None = None


def next_turn(rule: Rule, customer_id: int, as_of: AsOf, matches: bool) -> Turn:
    """When the rule will answer otherwise if nothing but time happens; ``matches``: what it says at ``as_of``."""
    here = as_of.towards_the_future()
    for _round in range(ROUNDS):
        ahead = _ahead(rule, customer_id, here)
        if not ahead:
            return Turn()
        moments = [one for turn in ahead for one in (turn, turn + JUST_AFTER) if one > here.now]
        said = said_at(rule, customer_id, here, moments)
        for moment, says in zip(moments, said, strict=True):
            if says is not matches:
                return Turn(at=moment)
        here = here.at(ahead[-1] + JUST_AFTER)
    return Turn(looked_until=here.now)


def _ahead(rule: Rule, customer_id: int, here: AsOf) -> list[datetime]:
    """The next instants that conditions name, as far as every condition has named all of its own."""
    found = answers(rule, customer_id, here)
    if found is None:
        return []
    named: set[datetime] = set()
    reach: list[datetime] = []
    for condition, answer in zip(rule.root.conditions(), found, strict=True):
        turns = [turn for turn in condition.turns(customer_id, answer.actual, here) if turn >= here.now]
        if turns:
            named.update(turns)
            reach.append(max(turns))
    return [turn for turn in sorted(named) if turn <= min(reach)][:AT_ONCE]
