"""What is measured over the things that happened to a customer: how many, on how many days, how much."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, Literal

from django.db.models import Avg, Count, DecimalField, F, Max, Min, Q, Sum
from django.db.models import Value as Constant
from django.db.models.functions import Coalesce, NullIf, TruncDate
from django.db.models.lookups import GreaterThan, GreaterThanOrEqual, LessThan, LessThanOrEqual
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django_stubs_ext import StrOrPromise

from segments.registry import Rows
from segments.rules.as_of import AsOf
from segments.rules.operators import Value
from segments.rules.words import Words, number


@dataclass(frozen=True)
class Bounds:
    """At least, at most, or both; both bounds included."""

    at_least: int | Decimal | None = None
    at_most: int | Decimal | None = None

    @property
    def fit_zero(self) -> bool:
        """Whether zero lies within."""
        return (self.at_least or 0) <= 0 and (self.at_most is None or self.at_most >= 0)

    def hold(self, figure: Any, per: Any = 1) -> Q:
        """``figure ÷ per`` lies within, without the division."""
        within = Q()
        if self.at_least is not None:
            within &= Q(GreaterThanOrEqual(figure, _times(self.at_least, per)))
        if self.at_most is not None:
            within &= Q(LessThanOrEqual(figure, _times(self.at_most, per)))
        return within

    def miss(self, figure: Any) -> Q:
        """``figure`` lies outside."""
        outside = []
        if self.at_least is not None:
            outside.append(Q(LessThan(figure, self.at_least)))
        if self.at_most is not None:
            outside.append(Q(GreaterThan(figure, self.at_most)))
        return outside[0] if len(outside) == 1 else outside[0] | outside[1]

    def hold_of_columns(self, per: str = "") -> tuple[str, list[Any]]:
        """``hold`` as SQL over the column ``figure`` (and ``per``) of a table, and its parameters."""
        bounds = [(">=", self.at_least), ("<=", self.at_most)]
        given = [(how, bound) for how, bound in bounds if bound is not None]
        times = f" * {per}" if per else ""
        return " AND ".join(f"figure {how} %s{times}" for how, _bound in given), [
            bound for _how, bound in given
        ]

    def phrase(self, write: Any) -> str:
        """The bounds in words; ``write`` puts one figure into words."""
        if self.at_least is None:
            return _("at most %(most)s") % {"most": write(self.at_most)}
        if self.at_most is None:
            return _("at least %(least)s") % {"least": write(self.at_least)}
        if self.at_least == self.at_most:
            return _("exactly %(figure)s") % {"figure": write(self.at_least)}
        return _("between %(least)s and %(most)s") % {
            "least": write(self.at_least),
            "most": write(self.at_most),
        }


Of = Literal["", "figure", "text"]


class Measure(ABC):
    """``zero``: those to whom nothing happened have 0 (else: no figure).

    ``of``: the kind of property it needs, "" for none. Bounds of "figure" are in its unit, all others count.
    ``per``: the one of ``figures`` that the figure is divided by before it is held against bounds.
    """

    name: ClassVar[str]
    label: ClassVar[StrOrPromise]
    zero: ClassVar[bool] = False
    of: ClassVar[Of] = "figure"
    per: ClassVar[str] = ""
    pattern: ClassVar[StrOrPromise]

    @abstractmethod
    def figure(self, x: Value | None, time: str, as_of: AsOf) -> Any:
        """The aggregate over one customer's rows."""

    def figures(self, x: Value | None, time: str, as_of: AsOf) -> dict[str, Any]:
        """What ``within`` looks at of one customer's rows."""
        return {"figure": self.figure(x, time, as_of)}

    def more_makes(self, bounds: Bounds) -> bool | None:
        """What one row more can only make of "the figure lies within"; None: either. One row less: the opposite."""
        return None

    def within(self, rows: Rows, bounds: Bounds, x: Value | None, time: str, as_of: AsOf) -> Rows:
        """The groups of ``rows`` (grouped by customer) whose figure lies within."""
        per = F(self.per) if self.per else 1
        inside: Rows = rows.annotate(**self.figures(x, time, as_of)).filter(bounds.hold(F("figure"), per))
        return inside

    def outside(self, rows: Rows, bounds: Bounds, x: Value | None, time: str, as_of: AsOf) -> Rows:
        """The groups of ``rows`` whose figure lies outside."""
        outside: Rows = rows.annotate(figure=self.figure(x, time, as_of)).filter(bounds.miss(F("figure")))
        return outside

    def phrase(self, bounds: Bounds, of: str, is_money: bool, words: Words) -> str:
        """What is measured and its bounds, for a sentence."""
        write = words.money if is_money else number
        return str(self.pattern) % {"of": of, "bounds": bounds.phrase(write)}


class _Counted(Measure):
    """A count, which a row more never lowers."""

    zero = True

    def more_makes(self, bounds: Bounds) -> bool | None:
        if bounds.at_most is None:
            return True
        return False if not bounds.at_least else None


class Times(_Counted):
    name = "did"
    label = gettext_lazy("happened")
    of = ""

    def figure(self, x: Value | None, time: str, as_of: AsOf) -> Any:
        return Count("*")

    def phrase(self, bounds: Bounds, of: str, is_money: bool, words: Words) -> str:
        return bounds.phrase(lambda n: ngettext("%(n)d time", "%(n)d times", n) % {"n": n})


class Days(_Counted):
    name = "days"
    label = gettext_lazy("on different days")
    of = ""

    def figure(self, x: Value | None, time: str, as_of: AsOf) -> Any:
        return Count(TruncDate(time, tzinfo=as_of.zone), distinct=True)

    def phrase(self, bounds: Bounds, of: str, is_money: bool, words: Words) -> str:
        days = bounds.phrase(lambda n: ngettext("%(n)d different day", "%(n)d different days", n) % {"n": n})
        return _("on %(days)s") % {"days": days}


class Distinct(_Counted):
    """An empty text is no value."""

    name = "distinct"
    label = gettext_lazy("number of different")
    of = "text"
    pattern = gettext_lazy("with %(bounds)s different values of %(of)s")

    def figure(self, x: Value | None, time: str, as_of: AsOf) -> Any:
        return Count(NullIf(x, Constant("")), distinct=True)


class Total(Measure):
    name = "total"
    label = gettext_lazy("total of")
    zero = True
    pattern = gettext_lazy("with a total %(of)s of %(bounds)s")

    def figure(self, x: Value | None, time: str, as_of: AsOf) -> Any:
        return Coalesce(Sum(x), Constant(0), output_field=DecimalField())


class Average(Measure):
    """Held by comparing the sum with bound × count: no rounding decides."""

    name = "average"
    label = gettext_lazy("average of")
    per = "valued"
    pattern = gettext_lazy("with an average %(of)s of %(bounds)s")

    def figure(self, x: Value | None, time: str, as_of: AsOf) -> Any:
        return Avg(x, output_field=DecimalField())

    def figures(self, x: Value | None, time: str, as_of: AsOf) -> dict[str, Any]:
        return {"figure": Sum(x, output_field=DecimalField()), "valued": Count(x)}


class Highest(Measure):
    name = "highest"
    label = gettext_lazy("highest")
    pattern = gettext_lazy("with a highest %(of)s of %(bounds)s")

    def figure(self, x: Value | None, time: str, as_of: AsOf) -> Any:
        return Max(x)

    def more_makes(self, bounds: Bounds) -> bool | None:
        """One is so high: a row more can only say so. That none is higher needs a first one."""
        return True if bounds.at_most is None else None


class Lowest(Measure):
    name = "lowest"
    label = gettext_lazy("lowest")
    pattern = gettext_lazy("with a lowest %(of)s of %(bounds)s")

    def figure(self, x: Value | None, time: str, as_of: AsOf) -> Any:
        return Min(x)

    def more_makes(self, bounds: Bounds) -> bool | None:
        """One is so low: as ``Highest``, the other way up."""
        return True if bounds.at_least is None else None


MEASURES: dict[str, Measure] = {
    measure.name: measure
    for measure in (Times(), Days(), Distinct(), Total(), Average(), Highest(), Lowest())
}


def _times(bound: int | Decimal, per: Any) -> Any:
    return bound if per == 1 else Constant(bound, output_field=DecimalField()) * per
