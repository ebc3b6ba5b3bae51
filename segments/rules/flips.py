"""What decides: the smallest sets of conditions that would have to be otherwise for the rule to answer otherwise."""

from collections.abc import Iterable, Mapping
from itertools import product

from segments.rules.conditions import Condition, Everyone, NoOne
from segments.rules.tree import Group

Flip = frozenset[int]
"""Conditions, by their place in the rule."""
MOST_FLIPS = 6


def smallest_flips(root: Group, holds: Mapping[int, bool]) -> list[Flip]:
    """The smallest sets of conditions whose opposite turns the answer of ``root``; of equally small ones a few.

    ``holds``: what each condition says, by its place (the order of ``root.conditions()``). A condition that
    stands in the rule twice turns everywhere at once, so each set is tried on the whole rule.
    """
    places = _places(root)
    found = _flips(root, holds, places)
    conditions = list(root.conditions())
    before = holds_node(root, holds, places)
    turning = [
        flip for flip in found if holds_node(root, _turned(flip, holds, conditions), places) is not before
    ]
    fewest = min(map(len, turning), default=0)
    return [flip for flip in turning if len(flip) == fewest][:MOST_FLIPS]


def holds_node(node: Group | Condition, holds: Mapping[int, bool], places: Mapping[int, int]) -> bool:
    """What a node says, given what its conditions say; ``places``: id of a node → its place."""
    if isinstance(node, Condition):
        return holds[places[id(node)]]
    parts = [holds_node(part, holds, places) for part in node.parts]
    return all(parts) if node.how == "all" else any(parts) == (node.how == "any")


def _places(root: Group) -> dict[int, int]:
    return {id(condition): place for place, condition in enumerate(root.conditions())}


def _turned(flip: Flip, holds: Mapping[int, bool], conditions: list[Condition]) -> dict[int, bool]:
    changed = [conditions[place] for place in flip]
    return {place: held != (conditions[place] in changed) for place, held in holds.items()}


def _flips(node: Group | Condition, holds: Mapping[int, bool], places: Mapping[int, int]) -> list[Flip]:
    """Sets that turn a node, smallest first; none for what cannot turn."""
    if isinstance(node, Condition):
        return [] if isinstance(node, Everyone | NoOne) else [frozenset({places[id(node)]})]
    answers = [holds_node(part, holds, places) for part in node.parts]
    telling = node.how != "all"
    if telling in answers:
        # Every part that says so must stop saying so: one set of each, together.
        ways = [
            _flips(part, holds, places)
            for part, answer in zip(node.parts, answers, strict=True)
            if answer is telling
        ]
        return _smallest(frozenset[int]().union(*chosen) for chosen in product(*ways))
    return _smallest(flip for part in node.parts for flip in _flips(part, holds, places))


def _smallest(flips: Iterable[Flip]) -> list[Flip]:
    """A few of the smallest, without doubles, in the order of the rule."""
    return sorted(dict.fromkeys(flips), key=lambda flip: (len(flip), sorted(flip)))[:MOST_FLIPS]
