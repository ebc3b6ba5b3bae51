"""A rule: a tree of groups and conditions."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from segments.rules.as_of import AsOf
from segments.rules.conditions import Condition
from segments.rules.edges import Edge
from segments.rules.words import Words
from users.models import Customer
from users.topics import TouchTopic

VERSION = 1
CUSTOMERS = "customers"


def existing(as_of: AsOf) -> Any:
    """The customers that a rule is asked of: the living, and of the past only those that were known then."""
    everybody = Customer.objects.all()
    copied = as_of.copies.get(CUSTOMERS)
    living = (everybody if copied is None else copied.in_place_of(everybody)).living()
    if not as_of.past:
        return living
    known = Q(first_seen_at__lte=as_of.now) | Q(standing__first_activity_at__lte=as_of.now)
    return living.filter(known)


def joined(how: str, parts: Iterable[bool]) -> bool:
    """What a group says, given what its parts say."""
    return all(parts) if how == "all" else any(parts) is (how == "any")


@dataclass(frozen=True)
class Group:
    """All, any or none of its parts hold. Never empty."""

    how: str
    parts: tuple["Group | Condition", ...]

    def write(self) -> dict[str, Any]:
        return {self.how: [part.write() for part in self.parts]}

    def expression(self, as_of: AsOf) -> Q:
        asked = [part.expression(as_of) for part in self.parts]
        if self.how == "all":
            return reduce(and_, asked)
        joined = reduce(or_, asked)
        return joined if self.how == "any" else ~joined

    def sentence(self, words: Words, *, inner: bool = False) -> str:
        """The parts joined; an inner group of several stands in brackets."""
        clauses = [
            part.sentence(words, inner=True) if isinstance(part, Group) else part.sentence(words)
            for part in self.parts
        ]
        if self.how == "none":
            return _("none of these: %(clauses)s") % {"clauses": f"({_('; ').join(clauses)})"}
        if len(clauses) == 1:
            return clauses[0]
        joined = (_(", and ") if self.how == "all" else _(", or ")).join(clauses)
        return f"({joined})" if inner else joined

    def says(self, answers: Iterator[bool]) -> bool:
        """Its answer, given those of the conditions below it, in their order."""
        parts = [part.says(answers) if isinstance(part, Group) else next(answers) for part in self.parts]
        return joined(self.how, parts)

    def heading(self) -> str:
        """What the group asks of its parts."""
        return {"all": _("all of these"), "any": _("any of these"), "none": _("none of these")}[self.how]

    def crossing(self, then: AsOf, now: AsOf) -> list[Edge]:
        """The customers for whom time alone may have changed the answer between two instants, and which way.

        All and any follow their parts, none goes against them.
        """
        edges = [edge for part in self.parts for edge in part.crossing(then, now)]
        return [edge.denied() for edge in edges] if self.how == "none" else edges

    def conditions(self) -> Iterator[Condition]:
        """Every condition below, in the order in which they stand."""
        for part in self.parts:
            if isinstance(part, Group):
                yield from part.conditions()
            else:
                yield part


@dataclass(frozen=True)
class Rule:
    """A whole rule. ``root`` is a group; ``write`` gives the JSON that parses to the same rule."""

    root: Group

    def write(self) -> dict[str, Any]:
        return {"version": VERSION, "root": self.root.write()}

    def expression(self, as_of: AsOf) -> Q:
        """True of exactly the members, over Customer; two-valued."""
        return self.root.expression(as_of)

    def customers(self, as_of: AsOf) -> Any:
        """The members among all living customers, visitors included, as a query."""
        return existing(as_of).filter(self.expression(as_of))

    def says(self, holds: Sequence[bool]) -> bool:
        """Its answer, given what its conditions say, in the order of ``root.conditions()``."""
        return self.root.says(iter(holds))

    def of_today(self, words: Words) -> list[str]:
        """What a question about the past answers with today's data for want of a history, in words."""
        found = (text for condition in self.root.conditions() for text in condition.of_today(words))
        return list(dict.fromkeys(found))

    def sentence(self, words: Words) -> str:
        """The rule read back in the language that is active."""
        return _("Customers: %(clauses)s.") % {"clauses": self.root.sentence(words)}

    def topics(self) -> frozenset[TouchTopic]:
        """The topics whose touches can change an answer; profile stands for living and erased."""
        of_conditions = (condition.topics() for condition in self.root.conditions())
        return frozenset({TouchTopic.PROFILE}).union(*of_conditions)

    def segments(self) -> frozenset[int]:
        """The segments it refers to."""
        return frozenset().union(*(condition.segments() for condition in self.root.conditions()))

    def crossing(self, then: AsOf, now: AsOf) -> list[Edge]:
        """The customers for whom time alone may have changed the answer between two instants, and which way."""
        return self.root.crossing(then, now)
