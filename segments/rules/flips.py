"""What decides: the smallest sets of conditions that would have to be otherwise for the rule to answer otherwise."""

from collections.abc import Iterable, Iterator, Sequence

from segments.rules.conditions import Condition
from segments.rules.tree import Group

Flip = frozenset[int]
"""Conditions, by the place in the rule at which each stands first."""
MOST_FLIPS = 6


def smallest_flips(root: Group, holds: Sequence[bool]) -> list[Flip]:
    """The smallest sets of conditions whose opposite turns the answer of ``root``; of equally small ones a few.

    ``holds``: what each condition says, in the order of ``root.conditions()``. A condition that stands in the rule
    twice turns everywhere at once, so each set is tried on the whole rule.
    """
    conditions = list(root.conditions())
    first = [conditions.index(condition) for condition in conditions]
    before, found = _ways(root, iter(zip(first, holds, strict=True)))

    def turns(flip: Flip) -> bool:
        turned = (held != (place in flip) for place, held in zip(first, holds, strict=True))
        return root.says(turned) is not before

    turning = [flip for flip in found if turns(flip)]
    fewest = min(map(len, turning), default=0)
    return [flip for flip in turning if len(flip) == fewest]


def _ways(node: Group | Condition, told: Iterator[tuple[int, bool]]) -> tuple[bool, list[Flip]]:
    """What a node says, and sets that turn it, smallest first: none for what holds of everyone or no one."""
    if isinstance(node, Condition):
        place, held = next(told)
        return held, [frozenset({place})] if node.always is None else []
    parts = [_ways(part, told) for part in node.parts]
    telling = node.how != "all"
    is_told = any(answer is telling for answer, _flips in parts)
    answer = is_told if node.how == "any" else not is_told
    if not is_told:
        return answer, _smallest(flip for _answer, flips in parts for flip in flips)
    # Every part that says so must stop saying so: one set of each, together.
    together: list[Flip] = [frozenset()]
    for said, flips in parts:
        if said is telling:
            together = _smallest(so_far | flip for so_far in together for flip in flips)
    return answer, together


def _smallest(flips: Iterable[Flip]) -> list[Flip]:
    """A few of the smallest, without doubles, in the order of the rule."""
    return sorted(dict.fromkeys(flips), key=lambda flip: (len(flip), sorted(flip)))[:MOST_FLIPS]
