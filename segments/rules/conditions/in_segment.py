"""Membership of another segment: ``{"segment": 7, "op": "in", "for_days": 14}``."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Case, DateTimeField, Exists, F, OuterRef, Q, Subquery, When
from django.db.models import Value as Constant
from django.db.models.functions import Coalesce
from django.db.models.lookups import IsNull, LessThanOrEqual
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from segments.models import Membership, MembershipChange, Run, Segment
from segments.rules.as_of import AsOf
from segments.rules.conditions.base import Condition, Shown
from segments.rules.edges import Edge
from segments.rules.forms import Form, Input
from segments.rules.reading import Reader
from segments.rules.windows import LONGEST_DAYS
from segments.rules.words import Words, instant

NEVER = Constant(datetime.max.replace(tzinfo=UTC), output_field=DateTimeField())


@dataclass(frozen=True)
class InSegment(Condition):
    """In another segment, or not, or in it without a break for at least so many days."""

    segment: int
    inside: bool = True
    for_days: int | None = None

    @classmethod
    def read(cls, reader: Reader) -> "InSegment":
        reader.only(required=("segment", "op"), optional=("for_days",))
        inside = reader.at("op").one_of(("in", "not_in")) == "in"
        pk = read_segment(reader.at("segment"))
        if "for_days" not in reader.mapping():
            return cls(pk, inside)
        if not inside:
            raise reader.at("for_days").refusal("unknown_key", _("goes only with “in”"))
        return cls(pk, inside, reader.at("for_days").whole(1, LONGEST_DAYS))

    @classmethod
    def form(cls) -> Form | None:
        first = Segment.objects.order_by("name").first()
        if first is None:
            return None
        ways = {"in": gettext_lazy("is in"), "not_in": gettext_lazy("is not in")}
        return Form(
            "segment",
            gettext_lazy("Another segment"),
            gettext_lazy("Segments"),
            (
                Input("op", "choice", gettext_lazy("How it is asked"), choices=lambda: ways),
                Input("segment", "segment", gettext_lazy("segment")),
                Input(
                    "for_days",
                    "whole",
                    gettext_lazy("for at least so many days"),
                    optional=True,
                    least=1,
                    most=LONGEST_DAYS,
                    only_if=("op", "in"),
                ),
            ),
            lambda: {"segment": first.pk, "op": "in"},
        )

    def write(self) -> dict[str, Any]:
        written: dict[str, Any] = {"segment": self.segment, "op": "in" if self.inside else "not_in"}
        return written if self.for_days is None else {**written, "for_days": self.for_days}

    def expression(self, as_of: AsOf) -> Q:
        if as_of.past:
            return self._then(as_of)
        members = Membership.objects.filter(customer=OuterRef("pk"), segment=self.segment)
        if self.for_days is not None:
            members = members.filter(entered_at__lte=as_of.now - timedelta(days=self.for_days))
        return Q(Exists(members)) if self.inside else ~Q(Exists(members))

    def _then(self, as_of: AsOf) -> Q:
        """By the log: the last coming or going up to the instant was a coming, long enough ago."""
        inside = Q(IsNull(entered_by(self.segment, as_of), False))
        if self.for_days is not None:
            edge = as_of.now - timedelta(days=self.for_days)
            inside = Q(LessThanOrEqual(Coalesce(entered_by(self.segment, as_of), NEVER), edge))
        return inside if self.inside else ~inside

    def of_today(self, words: Words) -> list[str]:
        """The log says it all."""
        return []

    def sentence(self, words: Words) -> str:
        name = {"segment": words.segment(self.segment)}
        if not self.inside:
            return _("is not in the segment %(segment)s") % name
        if self.for_days is None:
            return _("is in the segment %(segment)s") % name
        return ngettext(
            "has been in the segment %(segment)s for at least %(n)d day",
            "has been in the segment %(segment)s for at least %(n)d days",
            self.for_days,
        ) % {**name, "n": self.for_days}

    def segments(self) -> frozenset[int]:
        return frozenset({self.segment})

    def crossing(self, then: AsOf, now: AsOf) -> list[Edge]:
        """Those who entered so many days ago: read from the log by run, not from the whole membership."""
        if self.for_days is None:
            return []
        back = timedelta(days=self.for_days)
        runs = Run.objects.filter(now__gt=then.now - back, now__lte=now.now - back)
        entered = MembershipChange.objects.filter(segment=self.segment, run__in=runs, entered=True)
        return [Edge(entered.values("customer_id"), True)]

    def actual(self, as_of: AsOf) -> Shown:
        if as_of.past:
            return entered_by(self.segment, as_of)
        members = Membership.objects.filter(customer=OuterRef("pk"), segment=self.segment)
        return Subquery(members.values("entered_at"))

    def show(self, actual: Any, words: Words) -> str:
        if actual is None:
            return _("not in it")
        since = instant(actual)
        return _("in it since %(since)s") % {"since": since}

    def turns(self, customer_id: int, actual: Any, as_of: AsOf) -> list[datetime]:
        if self.for_days is None or actual is None:
            return []
        return [actual + timedelta(days=self.for_days)]


def read_segment(reader: Reader) -> int:
    """The number of a segment that exists. Raises Refusal."""
    pk = reader.whole(1)
    if not Segment.objects.filter(pk=pk).exists():
        raise reader.refusal("unknown_segment", _("there is no such segment"))
    return pk


def entered_by(segment: int, as_of: AsOf) -> Subquery:
    """When the customer had entered the segment, as of a past instant; NULL: was not in it."""
    changes = MembershipChange.objects.filter(customer=OuterRef("pk"), segment=segment, at__lte=as_of.now)
    entered = Case(When(entered=True, then=F("at")), output_field=DateTimeField())
    return Subquery(changes.order_by("-at", "-run_id").annotate(since=entered).values("since")[:1])
