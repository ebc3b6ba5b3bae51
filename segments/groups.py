"""Groups of customers behind the figures of segments: who came, who left, who stayed how long, who overlaps."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from config.kit import words
from segments.models import Backtest, ChangeCause, Membership, MembershipChange, Segment
from segments.reports import moves, overlap
from segments.rules.as_of import AsOf
from segments.rules.parse import parse
from segments.rules.words import both, quoted
from segments.services import backtest
from users.groups import Group, Parameters, group, selected
from users.models import Customer, Order, Stage, StageMove
from users.reports.periods import Period, day_of, midnight


@group("segment_moves")
def moved(asked: Parameters, now: datetime) -> Group:
    """Who entered or left a segment between two days, for any or one cause."""
    segment, period = _segment(asked["segment"]), _period(asked)
    entered, cause = asked["entered"] == "1", asked.get("cause", "")
    found = MembershipChange.objects.filter(
        segment=segment, entered=entered, run__now__gte=period.begin, run__now__lt=period.end
    )
    if cause:
        found = found.filter(cause=ChangeCause(cause))
    pattern = _("Entered %(segment)s, %(period)s") if entered else _("Left %(segment)s, %(period)s")
    told = pattern % {"segment": quoted(segment.title), "period": period.sentence}
    if cause:
        told = _("%(who)s: %(cause)s") % {"who": told, "cause": ChangeCause(cause).label}
    return Group(told, found.values("customer_id"))


@group("segment_dwell")
def stayed(asked: Parameters, now: datetime) -> Group:
    """Who stayed in a segment so long: those who left between two days, or those who are in it."""
    segment, period = _segment(asked["segment"]), _period(asked)
    (least, most) = next((low, high) for name, low, high in moves.DWELLS if name == asked["dwell"])
    has_left = asked["left"] == "1"
    statement = moves.STAYS if has_left else moves.INSIDE
    names = ("segment", "begin", "end") if has_left else ("now", "segment")
    bound = {"segment": segment.pk, "begin": period.begin, "end": period.end, "now": now}
    for name in names:
        statement = statement.replace(f"%({name})s", "%s", 1)
    pattern = (
        _("Left %(segment)s after a stay of %(least)s to under %(most)s days")
        if has_left
        else _("In %(segment)s for %(least)s to under %(most)s days")
    )
    told = pattern % {"segment": quoted(segment.title), "least": least, "most": most}
    if most == moves.DWELLS[-1][2]:
        longer = (
            _("Left %(segment)s after %(least)s days or more")
            if has_left
            else _("In %(segment)s for %(least)s days or more")
        )
        told = longer % {"segment": quoted(segment.title), "least": least}
    query = f"SELECT customer_id FROM ({statement}) AS stay WHERE days >= %s AND days < %s"
    return Group(told, selected(query, (*(bound[name] for name in names), least, most)))


@group("overlap")
def region(asked: Parameters, now: datetime) -> Group:
    """Customers in some of two or three segments and in none of the others (``in``: the segments as bits)."""
    segments = [_segment(pk) for pk in asked["of"].split("-")]
    bits = int(asked["in"])
    if not 2 <= len(segments) <= overlap.MOST_SEGMENTS or not 0 < bits < 1 << len(segments):
        raise ValueError(bits)
    rule = {"all": overlap.conditions([one.pk for one in segments], bits)}
    found = parse({"version": 1, "root": rule}).customers(AsOf(now)).values("pk")
    return Group(region_in_words(segments, bits), found, rule)


@group("not_in_segment")
def difference(asked: Parameters, now: datetime) -> Group:
    """Members of one segment who are not in another."""
    one, other = _segment(asked["in"]), _segment(asked["not"])
    rule = {"all": overlap.conditions([one.pk, other.pk], 1)}
    outside = Membership.objects.filter(segment=other).values("customer_id")
    found = Membership.objects.filter(segment=one).exclude(customer__in=outside).values("customer_id")
    return Group(region_in_words([one, other], 1), found, rule)


@group("backtest")
def asked_about_the_past(asked: Parameters, now: datetime) -> Group:
    """Whom a backtest's rule would have selected on a date, or a part of them by what came afterwards."""
    made = Backtest.objects.filter(pk=int(asked["of"])).first()
    day, days, part = day_of(asked["at"]), int(asked["days"]), asked["part"]
    if made is None or day is None or days not in range(1, 366):
        raise KeyError("of")
    begin = midnight(day)
    then = backtest.selected(made.rule, begin)
    others = backtest.selected(made.other_rule, begin) if made.other_rule is not None else then.none()
    span = {"begin": begin, "end": begin + timedelta(days=days)}
    chosen = Customer.objects.filter(pk__in=then)
    parts = {
        "was": lambda: (_("would have been selected"), chosen),
        "still": lambda: (
            _("would have been selected, and is today too"),
            chosen.filter(pk__in=parse(made.rule).customers(AsOf(now)).values("pk")),
        ),
        "ordered": lambda: (
            _("would have been selected, and ordered"),
            chosen.filter(Exists(_ordered(**span))),
        ),
        "churned": lambda: (
            _("would have been selected, and churned"),
            chosen.filter(Exists(_churned(**span))),
        ),
        "both": lambda: (_("selected by both rules"), chosen.filter(pk__in=others)),
        "one": lambda: (_("selected by this rule only"), chosen.exclude(pk__in=others)),
        "other": lambda: (
            _("selected by the other rule only"),
            Customer.objects.filter(pk__in=others).exclude(pk__in=then),
        ),
    }
    what, found = parts[part]()
    told = _("Backtest of %(rule)s on %(day)s: %(what)s")
    return Group(told % {"rule": quoted(made.title), "day": words.day(day), "what": what}, found.values("pk"))


def _ordered(begin: datetime, end: datetime) -> "QuerySet[Order]":
    return Order.objects.filter(
        customer=OuterRef("pk"), counts=True, ordered_at__gte=begin, ordered_at__lt=end
    )


def _churned(begin: datetime, end: datetime) -> "QuerySet[StageMove]":
    return StageMove.objects.filter(
        customer=OuterRef("pk"), to_stage=Stage.CHURNED, superseded_at=None, at__gte=begin, at__lt=end
    )


def region_in_words(segments: Sequence[Segment], bits: int) -> str:
    """ "In “A” and “B”, not in “C”" """
    inside = [quoted(one.title) for at, one in enumerate(segments) if bits >> at & 1]
    outside = [quoted(one.title) for at, one in enumerate(segments) if not bits >> at & 1]
    if not outside:
        return _("In %(inside)s") % {"inside": both(inside)}
    return _("In %(inside)s, not in %(outside)s") % {"inside": both(inside), "outside": both(outside)}


def _segment(pk: str) -> Segment:
    found = Segment.objects.filter(pk=int(pk)).first()
    if found is None:
        raise KeyError(pk)
    return found


def _period(asked: Parameters) -> Period:
    first, last = day_of(asked["from"]), day_of(asked["to"])
    if first is None or last is None or last < first:
        raise ValueError(asked["from"])
    return Period(first, last)
