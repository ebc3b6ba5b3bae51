"""What each part of a rule does, before it is saved: how many it keeps, adds or takes out, and who they are.

One statement over the sticky sample asks every condition of every drawn customer; groups, running totals and the
portrait are then counted from the distinct combinations of answers, so that one more group costs nothing.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from math import ceil
from typing import Any

from django.db.models import Case, Value, When

from segments.rules.as_of import AsOf
from segments.rules.conditions import Condition
from segments.rules.tree import Group, Rule, joined
from segments.services.preview import ONE_IN, half_width, sample, within_seconds
from users.models import Customer

# Up to so many customers all are asked, and the figures are exact.
FEW = 5_000
SECONDS = 4
ABOUT = ("standing__stage", "standing__orders", "channel_id")


@dataclass(frozen=True, slots=True)
class Some:
    """About how many of all customers; ``margin`` is half the width of the 95 % interval, 0: exact."""

    count: int
    margin: int
    found: int


@dataclass(frozen=True, slots=True)
class Part:
    """A node below its group: true of how many alone; how many came to it; how many there are after it.

    Under "all" the ``after`` are those kept of ``before``; under "any" those reached together with the parts
    before; under "none" those not yet taken out.
    """

    path: str
    node: Group | Condition
    how: str
    index: int
    alone: Some
    before: Some
    after: Some


@dataclass(frozen=True, slots=True)
class Answers:
    """One combination of the conditions' answers, and what is known beside them."""

    holds: tuple[bool, ...]
    stage: str | None
    orders: int
    channel: int | None


@dataclass(frozen=True)
class Drawn:
    """The answers of the drawn customers: how many gave each combination."""

    rule: Rule
    total: int
    tally: Counter[Answers]

    @cached_property
    def size(self) -> int:
        """How many customers were asked."""
        return sum(self.tally.values())

    @cached_property
    def _places(self) -> dict[int, int]:
        return {id(condition): place for place, condition in enumerate(self.rule.root.conditions())}

    def holds(self, node: Group | Condition, answers: Answers) -> bool:
        """Whether a node is true of those who gave these answers."""
        if not isinstance(node, Group):
            return answers.holds[self._places[id(node)]]
        return joined(node.how, (self.holds(part, answers) for part in node.parts))

    def fulfilling(self, node: Group | Condition) -> int:
        """Of how many of the drawn a node is true."""
        return self.found(lambda answers: self.holds(node, answers))

    def found(self, asked: Callable[[Answers], bool]) -> int:
        """How many of the drawn answer so."""
        return sum(number for answers, number in self.tally.items() if asked(answers))

    def some(self, found: int) -> Some:
        """The drawn as so many of all."""
        if self.size == self.total:
            return Some(found, 0, found)
        margin = max(1, round(half_width(found, self.size) * self.total))
        return Some(round(found / self.size * self.total), margin, found)

    def members(self) -> Some:
        """Those of whom the whole rule is true."""
        return self.some(self.fulfilling(self.rule.root))

    def by(self, about: Callable[[Answers], Any]) -> list[tuple[Any, Some]]:
        """The members split by something known of them, largest first."""
        split: Counter[Any] = Counter()
        for answers, number in self.tally.items():
            if self.holds(self.rule.root, answers):
                split[about(answers)] += number
        return [(value, self.some(number)) for value, number in split.most_common()]

    def parts(self) -> Iterator[Part]:
        """Every node below the root with what it does among its siblings."""
        yield from self._parts(self.rule.root, "root")

    def _parts(self, group: Group, path: str) -> Iterator[Part]:
        reached = self.some(0 if group.how == "any" else self.size)
        for index, node in enumerate(group.parts):
            after = self.some(self.fulfilling(Group(group.how, group.parts[: index + 1])))
            alone = self.some(self.fulfilling(node))
            place = f"{path}.{group.how}[{index}]"
            yield Part(place, node, group.how, index, alone, reached, after)
            if isinstance(node, Group):
                yield from self._parts(node, place)
            reached = after


def draw(rule: Rule, now: datetime) -> Drawn:
    """Ask every condition of the sticky sample. Raises Refusal when that takes too long."""
    conditions = list(rule.root.conditions())
    as_of = AsOf(now, everybody=False)
    asked = {
        f"holds_{place}": Case(When(condition.expression(as_of), then=Value(True)), default=Value(False))
        for place, condition in enumerate(conditions)
    }
    with within_seconds(SECONDS):
        total = Customer.objects.living().count()
        one_in = min(ONE_IN, max(1, ceil(total / FEW)))
        rows = sample(one_in).annotate(**asked).values_list(*asked, *ABOUT)
        tally = Counter(
            Answers(tuple(row[: -len(ABOUT)]), row[-3], min(row[-2] or 0, 1), row[-1])
            for row in rows.iterator(chunk_size=2_000)
        )
    return Drawn(rule, total, tally)
