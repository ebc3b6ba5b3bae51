"""Whether a rule means everyone or no one whatever the data, as far as its form shows it.

An empty filter that once matched everything is how a whole shop gets a mail by mistake.
"""

from enum import Enum

from segments.rules.conditions import Condition
from segments.rules.tree import Group


class Outcome(Enum):
    """What a rule or a part of it means."""

    EVERYONE = "everyone"
    NO_ONE = "no_one"
    SOME = "some"


_OPPOSITE = {
    Outcome.EVERYONE: Outcome.NO_ONE,
    Outcome.NO_ONE: Outcome.EVERYONE,
    Outcome.SOME: Outcome.SOME,
}


def outcome(node: Group | Condition) -> Outcome:
    """The meaning of a node: named outcomes, and groups that hold a part together with its opposite.

    Conditions that depend on the day alone (festivals) are tried as true and as false: a rule that means everyone
    on some days means everyone, one that means no one on every day means no one.
    """
    daily = [part for part in _conditions(node) if part.depends_on_the_day]
    days = [frozenset[Condition]({part}) for part in daily] + [frozenset(daily), frozenset[Condition]()]
    outcomes = {_outcome(node, true_today) for true_today in days}
    if Outcome.EVERYONE in outcomes:
        return Outcome.EVERYONE
    return Outcome.NO_ONE if outcomes == {Outcome.NO_ONE} else Outcome.SOME


def _conditions(node: Group | Condition) -> list[Condition]:
    return list(node.conditions()) if isinstance(node, Group) else [node]


def _outcome(node: Group | Condition, true_today: frozenset[Condition]) -> Outcome:
    if isinstance(node, Condition):
        always = node in true_today if node.depends_on_the_day else node.always
        return {True: Outcome.EVERYONE, False: Outcome.NO_ONE, None: Outcome.SOME}[always]
    if node.how == "all":
        return _joined(node, true_today, decides=Outcome.NO_ONE)
    joined = _joined(node, true_today, decides=Outcome.EVERYONE)
    return joined if node.how == "any" else _OPPOSITE[joined]


def _joined(group: Group, true_today: frozenset[Condition], *, decides: Outcome) -> Outcome:
    outcomes = {_outcome(part, true_today) for part in group.parts}
    if decides in outcomes or _contradicts_itself(group):
        return decides
    return Outcome.SOME if Outcome.SOME in outcomes else _OPPOSITE[decides]


def _contradicts_itself(group: Group) -> bool:
    """A part and "none of" the same part side by side."""
    denied = [
        part.parts[0]
        for part in group.parts
        if isinstance(part, Group) and part.how == "none" and len(part.parts) == 1
    ]
    return any(part in denied for part in group.parts)
