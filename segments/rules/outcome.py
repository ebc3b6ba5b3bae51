"""Whether a rule means everyone or no one whatever the data, as far as its form shows it.

An empty filter that once matched everything is how a whole shop gets a mail by mistake.
"""

from enum import Enum

from segments.rules.conditions import Condition, Everyone, NoOne
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
    """The meaning of a node: named outcomes, and groups that hold a part together with its opposite."""
    if isinstance(node, Everyone):
        return Outcome.EVERYONE
    if isinstance(node, NoOne):
        return Outcome.NO_ONE
    if not isinstance(node, Group):
        return Outcome.SOME
    if node.how == "all":
        return _joined(node, decides=Outcome.NO_ONE)
    joined = _joined(node, decides=Outcome.EVERYONE)
    return joined if node.how == "any" else _OPPOSITE[joined]


def _joined(group: Group, *, decides: Outcome) -> Outcome:
    outcomes = {outcome(part) for part in group.parts}
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
