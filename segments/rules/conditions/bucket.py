"""A share of the customers, drawn by lot once and for ever: ``{"bucket": "autumn test", "from": 1, "to": 50}``.

The lot is a hash of the salt and the customer's number, 1 to 100. The same salt draws the same lots in every rule; of
two customers that are joined the survivor keeps its number and so its lot.
"""

from dataclasses import dataclass
from typing import Any

from django.db.models import BigIntegerField, F, Func, Q, TextField, Value
from django.db.models.functions import MD5, Cast, Concat, Left
from django.db.models.lookups import Range
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from segments.rules.as_of import AsOf
from segments.rules.conditions.base import Condition, Shown
from segments.rules.forms import Form, Input
from segments.rules.reading import Reader
from segments.rules.schema_parts import TEXT, Schema, shape, whole
from segments.rules.words import Words, quoted
from users.topics import TouchTopic

LOTS = 100
LONGEST_SALT = 60


class _FromHex(Func):
    """Eight hexadecimal digits as a number of 32 bits without a sign."""

    template = "('x' || %(expressions)s)::bit(32)::bigint"
    output_field = BigIntegerField()


def lot(salt: str) -> Any:
    """The lot of a customer, 1 to 100, as an expression."""
    text = Concat(Value(f"{salt}:"), Cast(F("pk"), output_field=TextField()))
    return _FromHex(Left(MD5(text), 8)) % Value(LOTS) + Value(1)


@dataclass(frozen=True)
class InBucket(Condition):
    """The lot is one of those from ``first`` to ``last``, both included."""

    salt: str
    first: int
    last: int

    @classmethod
    def read(cls, reader: Reader) -> "InBucket":
        reader.only(required=("bucket", "from", "to"))
        first = reader.at("from").whole(1, LOTS)
        last = reader.at("to").whole(1, LOTS)
        if last < first:
            raise reader.at("to").refusal("out_of_range", _("the last lot must not come before the first"))
        return cls(reader.at("bucket").text(LONGEST_SALT), first, last)

    def write(self) -> dict[str, Any]:
        return {"bucket": self.salt, "from": self.first, "to": self.last}

    @classmethod
    def form(cls) -> Form:
        return Form(
            "bucket",
            gettext_lazy("A random share"),
            gettext_lazy("By lot"),
            (
                Input("bucket", "text", gettext_lazy("name of the lot")),
                Input("from", "whole", gettext_lazy("from lot"), least=1, most=LOTS),
                Input("to", "whole", gettext_lazy("to lot (of 100)"), least=1, most=LOTS),
            ),
            lambda: {"bucket": "test", "from": 1, "to": 50},
        )

    @classmethod
    def schema(cls) -> list[Schema]:
        return [
            shape(
                {"bucket": {**TEXT, "maxLength": LONGEST_SALT}, "from": whole(1, LOTS), "to": whole(1, LOTS)}
            )
        ]

    @property
    def always(self) -> bool | None:
        return True if (self.first, self.last) == (1, LOTS) else None

    def topics(self) -> frozenset[TouchTopic]:
        return frozenset({TouchTopic.PROFILE})

    def expression(self, as_of: AsOf) -> Q:
        return Q(Range(lot(self.salt), (self.first, self.last)))

    def of_today(self, words: Words) -> list[str]:
        return []

    def actual(self, as_of: AsOf) -> Shown:
        shown: Shown = lot(self.salt)
        return shown

    def show(self, actual: Any, words: Words) -> str:
        return _("lot %(n)d of 100") % {"n": actual}

    def sentence(self, words: Words) -> str:
        return _("drew one of the lots %(first)d to %(last)d of 100 in %(name)s") % {
            "first": self.first,
            "last": self.last,
            "name": quoted(self.salt),
        }
