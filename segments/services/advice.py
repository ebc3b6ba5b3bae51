"""What an operator may not have meant by a rule, as far as the sample and the rule's form show it."""

from collections.abc import Iterator
from itertools import combinations

from django.utils.translation import gettext as _

from config.kit.words import number
from segments.rules.conditions import Condition
from segments.rules.conditions.outcome import Everyone, NoOne
from segments.rules.outcome import Outcome, outcome
from segments.rules.tree import Group, Rule
from segments.rules.words import Words
from segments.services.preview_parts import Drawn, Some

# With fewer drawn customers than this on a side, their absence says nothing.
ENOUGH = 20
MOST = 8


def about(some: Some) -> str:
    """A number with its ±, where it has one."""
    if not some.margin:
        return number(some.count)
    return _("%(n)s ± %(margin)s") % {"n": number(some.count), "margin": number(some.margin)}


def advice(drawn: Drawn, words: Words) -> list[str]:
    """Sentences, the weightiest first."""
    found = [
        *_on_purpose(drawn.rule),
        *_never_ordered(drawn),
        *_only_none(drawn),
        *_doubled(drawn.rule.root, words),
        *_idle(drawn, drawn.rule.root, words),
    ]
    return found[:MOST]


def _on_purpose(rule: Rule) -> Iterator[str]:
    if outcome(rule.root) is not Outcome.SOME:
        yield _("It will be kept only if you tick below that you mean it.")
    elif any(isinstance(one, Everyone | NoOne) for one in rule.root.conditions()):
        yield _("“Everyone” or “no one” stands among the conditions: see that it does what you mean.")


def _never_ordered(drawn: Drawn) -> Iterator[str]:
    members = drawn.members()
    without = drawn.found(lambda answers: not answers.orders and drawn.holds(drawn.rule.root, answers))
    if 0 < without < members.found:
        yield _("This also includes customers who never ordered: %(n)s.") % {"n": about(drawn.some(without))}


def _only_none(drawn: Drawn) -> Iterator[str]:
    """A rule that only takes away keeps everybody else, visitors too."""
    root = drawn.rule.root
    parts = root.parts if root.how == "all" else (root,)
    if all(isinstance(part, Group) and part.how == "none" for part in parts):
        yield _("The rule only takes customers out: everybody else is in it, visitors too (%(n)s).") % {
            "n": about(drawn.members())
        }


def _doubled(group: Group, words: Words) -> Iterator[str]:
    for index, part in enumerate(group.parts):
        if part in group.parts[:index]:
            yield _("This stands twice in the same group: %(condition)s.") % {
                "condition": part.sentence(words)
            }
        if isinstance(part, Group):
            yield from _doubled(part, words)


def _idle(drawn: Drawn, group: Group, words: Words) -> Iterator[str]:
    """Conditions that exclude each other, or that change nothing beside the others."""
    parts = [part for index, part in enumerate(group.parts) if part not in group.parts[:index]]
    if group.how == "all":
        yield from _never_together(drawn, parts, words)
    if len(parts) > 1:
        yield from _without_effect(drawn, group.how, parts, words)
    for part in parts:
        if isinstance(part, Group):
            yield from _idle(drawn, part, words)


def _never_together(drawn: Drawn, parts: list[Group | Condition], words: Words) -> Iterator[str]:
    frequent = [part for part in parts if drawn.fulfilling(part) >= ENOUGH]
    for one, other in combinations(frequent, 2):
        if not drawn.fulfilling(Group("all", (one, other))):
            yield _("Nobody fulfils both of these at the moment: %(one)s; %(other)s.") % {
                "one": one.sentence(words),
                "other": other.sentence(words),
            }


def _without_effect(drawn: Drawn, how: str, parts: list[Group | Condition], words: Words) -> Iterator[str]:
    whole = _members(drawn, how, parts)
    enough = whole if how != "none" else drawn.size - whole
    if enough < ENOUGH:
        return
    for index, part in enumerate(parts):
        if _members(drawn, how, parts[:index] + parts[index + 1 :]) == whole:
            yield _("This changes nothing beside the others at the moment: %(condition)s.") % {
                "condition": part.sentence(words)
            }
            return


def _members(drawn: Drawn, how: str, parts: list[Group | Condition]) -> int:
    return drawn.fulfilling(Group(how, tuple(parts)))
