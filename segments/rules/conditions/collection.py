"""A condition on a collection: ``{"collection": "tags", "op": "has_any_of", "value": ["VIP"]}``."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from segments import registry
from segments.registry import Collection
from segments.rules.arguments import Texts
from segments.rules.as_of import AsOf
from segments.rules.conditions.base import Condition
from segments.rules.reading import Reader
from segments.rules.words import Words, both, either
from users.topics import TouchTopic

VALUES = Texts()


@dataclass(frozen=True)
class Having:
    """A way to ask a collection."""

    label: StrOrPromise
    pattern: StrOrPromise
    join: Callable[[list[str]], str]
    expression: Callable[[Collection, tuple[str, ...], AsOf], Q]


HAVING: dict[str, Having] = {
    "has_any_of": Having(
        gettext_lazy("has any of"),
        gettext_lazy("%(field)s include %(values)s"),
        either,
        lambda collection, values, as_of: collection.holds(values, as_of),
    ),
    "has_all_of": Having(
        gettext_lazy("has all of"),
        gettext_lazy("%(field)s include %(values)s"),
        both,
        lambda collection, values, as_of: reduce(
            and_, (collection.holds([value], as_of) for value in values)
        ),
    ),
    "has_none_of": Having(
        gettext_lazy("has none of"),
        gettext_lazy("%(field)s do not include %(values)s"),
        either,
        lambda collection, values, as_of: ~collection.holds(values, as_of),
    ),
}


@dataclass(frozen=True)
class CollectionCondition(Condition):
    actual_is_shown = False

    collection: Collection
    op: str
    values: tuple[str, ...]

    @classmethod
    def read(cls, reader: Reader) -> "CollectionCondition":
        reader.only(required=("collection", "op", "value"))
        collection = registry.collections.get(reader.at("collection").text())
        if collection is None:
            raise reader.at("collection").refusal("unknown_field", _("there is no such field"))
        if reader.at("op").text() not in HAVING:
            raise reader.at("op").refusal(
                "unknown_operator",
                _("cannot be asked that way (possible: %(known)s)") % {"known": ", ".join(HAVING)},
            )
        return cls(collection, reader.at("op").text(), VALUES.read(reader.at("value"), collection.about))

    def write(self) -> dict[str, Any]:
        return {"collection": self.collection.name, "op": self.op, "value": list(self.values)}

    def expression(self, as_of: AsOf) -> Q:
        return HAVING[self.op].expression(self.collection, self.values, as_of)

    def sentence(self, words: Words) -> str:
        having = HAVING[self.op]
        values = VALUES.words(self.values, self.collection.about, words)
        return str(having.pattern) % {"field": self.collection.label, "values": having.join(values)}

    def topics(self) -> frozenset[TouchTopic]:
        return frozenset({self.collection.topic})

    def of_today(self, words: Words) -> list[str]:
        return [self.collection.of_today] if self.collection.of_today else []
