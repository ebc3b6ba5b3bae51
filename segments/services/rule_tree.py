"""A rule as a tree to read, and what one version of it has that another has not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from config.kit.refusal import Refusal
from segments.rules.conditions import Condition
from segments.rules.parse import parse
from segments.rules.tree import Group
from segments.rules.words import Words

Change = Literal["", "added", "gone"]


@dataclass(frozen=True, slots=True)
class Branch:
    """One node in words: a group's heading with its parts, or a condition. ``change``: beside another version."""

    text: str
    parts: list["Branch"] = field(default_factory=list)
    change: Change = ""
    is_group: bool = False


def tree_of(rule: Any, words: Words) -> Branch | None:
    """A stored rule as a tree; None: it cannot be read any more, or there is none."""
    root = _root(rule)
    return None if root is None else _branch(root, words)


def difference(before: Any, after: Any, words: Words) -> Branch | None:
    """The tree of ``after`` with what came marked, and with what went at the place where it stood.

    Groups at the same place that hold something in common are gone through; everything else came or went whole.
    """
    old, new = _root(before), _root(after)
    if new is None:
        return None
    return _branch(new, words, "added") if old is None else _compared(old, new, words)


def _root(rule: Any) -> Group | None:
    try:
        return parse(rule).root
    except Refusal:
        return None


def _branch(node: Group | Condition, words: Words, change: Change = "") -> Branch:
    if not isinstance(node, Group):
        return Branch(node.sentence(words), change=change)
    parts = [_branch(part, words, change) for part in node.parts]
    return Branch(node.heading(), parts, change, is_group=True)


def _compared(old: Group, new: Group, words: Words) -> Branch:
    """Both as one group; where the heading changed, the old one went and the new one came."""
    parts = list(_parts(old.parts, new.parts, words))
    if old.how == new.how:
        return Branch(new.heading(), parts, is_group=True)
    was = Branch(old.heading(), change="gone", is_group=True)
    now = replace(Branch(new.heading(), parts, is_group=True), change="added")
    return replace(now, parts=[was, *parts])


def _parts(
    old: Sequence[Group | Condition], new: Sequence[Group | Condition], words: Words
) -> Iterator[Branch]:
    left = [part for part in old if part not in new]
    for part in new:
        if part in old:
            yield _branch(part, words)
            continue
        like = _like(part, left)
        if like is None:
            yield _branch(part, words, "added")
            continue
        left.remove(like)
        if isinstance(like, Group) and isinstance(part, Group):
            yield _compared(like, part, words)
        else:
            yield _branch(like, words, "gone")
            yield _branch(part, words, "added")
    for part in left:
        yield _branch(part, words, "gone")


def _like(part: Group | Condition, left: list[Group | Condition]) -> Group | Condition | None:
    """What stood there before: a group with a condition in common, or a condition about the same thing."""
    if isinstance(part, Group):
        mine = list(part.conditions())
        groups = [one for one in left if isinstance(one, Group)]
        return next((one for one in groups if any(each in mine for each in one.conditions())), None)
    about = _about(part)
    return next((one for one in left if not isinstance(one, Group) and _about(one) == about), None)


def _about(condition: Condition) -> tuple[str, str]:
    """The first key of its JSON and that key's value."""
    key, value = next(iter(condition.write().items()))
    return key, str(value)
