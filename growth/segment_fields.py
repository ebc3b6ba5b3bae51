"""What rules may ask about points and levels; beside it, check-ins."""

from collections.abc import Callable
from functools import partial

from django.db.models import (
    Case,
    CharField,
    DateTimeField,
    F,
    IntegerField,
    OuterRef,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce
from django.utils.translation import gettext_lazy as _

from growth import check_in_fields
from growth.models import (
    Account,
    CustomerLevel,
    Entry,
    EntryKind,
    GrowthEntry,
    Level,
    LevelMove,
    Lot,
)
from segments.registry import Field, Rows, Source, register
from segments.rules.as_of import AsOf
from segments.rules.kinds import CHOICE, INSTANT, NUMBER
from segments.rules.operators import Value as X
from users.topics import TouchTopic

POINTS = _("Points")
LEVELS = _("Level")
UP, DOWN = "up", "down"


def _levels() -> dict[str, str]:
    return {str(level.pk): level.title for level in Level.objects.all()}


points = partial(Field, group=POINTS, topic=TouchTopic.POINTS, kind=NUMBER)
level = partial(Field, group=LEVELS, topic=TouchTopic.LEVEL)

# --- Points -------------------------------------------------------------------------------------------------


def _earned(as_of: AsOf, name: str | None) -> Rows:
    """Points that came in, whether they wait, are active, or settled a debt: the leg of the issue account."""
    return Entry.objects.filter(account=Account.ISSUE, amount__lt=0)


def _taken(as_of: AsOf, name: str | None) -> Rows:
    return Entry.objects.filter(account=Account.ISSUE, amount__gt=0)


def _spent(as_of: AsOf, name: str | None) -> Rows:
    return Entry.objects.filter(account=Account.REDEEM, amount__gt=0)


def _expired(as_of: AsOf, name: str | None) -> Rows:
    return Entry.objects.filter(account=Account.EXPIRE, amount__gt=0)


def _expiring(as_of: AsOf, name: str | None) -> Rows:
    return Lot.objects.filter(state=Lot.State.ACTIVE, remaining__gt=0, expires_at__isnull=False)


def _maturing(as_of: AsOf, name: str | None) -> Rows:
    return Lot.objects.filter(state=Lot.State.PENDING, remaining__gt=0, matures_at__isnull=False)


def _booked(sign: int) -> dict[str, Field]:
    return {
        "points": points("points", _("points"), value=F("amount") * Value(sign)),
        "kind": points("kind", _("because of"), kind=CHOICE, choices=lambda: dict(EntryKind.choices)),
    }


def _balance_then(account: Account, column: str) -> Callable[[AsOf], X]:
    """Today's balance less what was booked since; debt is booked with the sign of the books."""
    sign = 1 if account is Account.DEBT else -1

    def then(as_of: AsOf) -> X:
        since = Entry.objects.filter(customer=OuterRef("pk"), account=account, at__gte=as_of.now)
        booked = since.order_by().values("customer_id").annotate(booked=Sum("amount")).values("booked")
        return Coalesce(F(column), 0) + Coalesce(Subquery(booked, output_field=IntegerField()), 0) * Value(
            sign
        )

    return then


REMAINING = {"points": points("points", _("points"), value="remaining")}
of_points = partial(Source, group=POINTS, topic=TouchTopic.POINTS)

register(
    points(
        "points_balance",
        _("points balance"),
        value=Coalesce(F("points__active"), 0),
        past=_balance_then(Account.ACTIVE, "points__active"),
    ),
    points(
        "points_pending",
        _("pending points"),
        value=Coalesce(F("points__pending"), 0),
        past=_balance_then(Account.PENDING, "points__pending"),
    ),
    points(
        "points_owed",
        _("points owed"),
        value=Coalesce(F("points__debt"), 0),
        past=_balance_then(Account.DEBT, "points__debt"),
    ),
    of_points(
        "points_earned",
        _("points earned"),
        rows=_earned,
        time="at",
        did=_("earned points"),
        did_not=_("did not earn points"),
        noun=_("the earnings of points"),
        properties=_booked(-1),
    ),
    of_points(
        "points_spent",
        _("points spent"),
        rows=_spent,
        time="at",
        did=_("spent points"),
        did_not=_("did not spend points"),
        noun=_("the spendings of points"),
        properties=_booked(1),
    ),
    of_points(
        "points_expired",
        _("points expired"),
        rows=_expired,
        time="at",
        did=_("lost points by expiry"),
        did_not=_("lost no points by expiry"),
        noun=_("the expiries of points"),
        properties=_booked(1),
    ),
    of_points(
        "points_taken",
        _("points taken back"),
        rows=_taken,
        time="at",
        did=_("had points taken back"),
        did_not=_("had no points taken back"),
        noun=_("the points taken back"),
        properties=_booked(1),
    ),
    # Both lie ahead while they matter: "in the next days" is asked of them like any window.
    of_points(
        "points_expiring",
        _("points that expire"),
        rows=_expiring,
        time="expires_at",
        did=_("has points that expire"),
        did_not=_("has no points that expire"),
        noun=_("the ends of points"),
        properties=REMAINING,
        past_note=_("points that expire: by what is left of them today"),
    ),
    of_points(
        "points_maturing",
        _("points that become active"),
        rows=_maturing,
        time="matures_at",
        did=_("has points that become active"),
        did_not=_("has no points that become active"),
        noun=_("the starts of pending points"),
        properties=REMAINING,
        past_note=_("points that become active: by what still waits today"),
    ),
)

# --- Levels -------------------------------------------------------------------------------------------------

# Whoever never earned stands on the lowest step.
LEVEL_ID = Coalesce(
    Cast("level_row__level_id", CharField()),
    Subquery(Level.objects.order_by("threshold").values(as_text=Cast("pk", CharField()))[:1]),
)


def _level_then(as_of: AsOf) -> X:
    """The step that the last move before led to; before the first move the lowest."""
    moved = _moves_before(as_of).values(as_text=Cast("to_level_id", CharField()))[:1]
    lowest = Level.objects.order_by("threshold").values(as_text=Cast("pk", CharField()))[:1]
    return Case(
        When(level_row__since__lt=as_of.now, then=Cast("level_row__level_id", CharField())),
        default=Coalesce(Subquery(moved), Subquery(lowest)),
        output_field=CharField(),
    )


def _level_since_then(as_of: AsOf) -> X:
    return Case(
        When(level_row__since__lt=as_of.now, then=F("level_row__since")),
        default=Subquery(_moves_before(as_of).values("at")[:1]),
        output_field=DateTimeField(),
    )


def _moves_before(as_of: AsOf) -> "QuerySet[LevelMove]":
    return LevelMove.objects.filter(customer=OuterRef("pk"), at__lt=as_of.now).order_by("-at")


GROWTH_VALUE = Coalesce(F("level_row__growth_value"), 0)
# Not known on the highest step; the threshold of the lowest is 0, so whoever never earned looks at the second.
TO_NEXT_LEVEL = (
    Subquery(
        Level.objects.filter(threshold__gt=Coalesce(OuterRef("level_row__level__threshold"), 0))
        .order_by("threshold")
        .values("threshold")[:1],
        output_field=IntegerField(),
    )
    - GROWTH_VALUE
)


def _level_moves(as_of: AsOf, name: str | None) -> Rows:
    return LevelMove.objects.all()


def _growth(as_of: AsOf, name: str | None) -> Rows:
    return GrowthEntry.objects.all()


register(
    level("level", _("level"), kind=CHOICE, value=LEVEL_ID, choices=_levels, past=_level_then),
    level(
        "level_since",
        _("start of the current level"),
        kind=INSTANT,
        value="since",
        rows=CustomerLevel.objects.all,
        past=_level_since_then,
    ),
    level(
        "level_judged",
        _("end of the level's period"),
        kind=INSTANT,
        value="judged_at",
        rows=CustomerLevel.objects.all,
    ),
    level("growth_value", _("growth value"), kind=NUMBER, value=GROWTH_VALUE),
    level("to_next_level", _("growth value missing to the next level"), kind=NUMBER, value=TO_NEXT_LEVEL),
    Source(
        "growth",
        _("growth value earned"),
        LEVELS,
        TouchTopic.LEVEL,
        rows=_growth,
        time="at",
        did=_("had growth value booked"),
        did_not=_("had no growth value booked"),
        noun=_("the bookings of growth value"),
        properties={"amount": level("amount", _("growth value"), kind=NUMBER)},
    ),
    Source(
        "level_moves",
        _("moves between levels"),
        LEVELS,
        TouchTopic.LEVEL,
        rows=_level_moves,
        time="at",
        did=_("moved to another level"),
        did_not=_("did not move to another level"),
        noun=_("the moves between levels"),
        properties={
            "from": level(
                "from", _("from"), kind=CHOICE, value=Cast("from_level_id", CharField()), choices=_levels
            ),
            "to": level("to", _("to"), kind=CHOICE, value=Cast("to_level_id", CharField()), choices=_levels),
            "direction": level(
                "direction",
                _("direction"),
                kind=CHOICE,
                value=Case(
                    When(from_level__threshold__gt=F("to_level__threshold"), then=Value(DOWN)),
                    default=Value(UP),
                    output_field=CharField(),
                ),
                choices=lambda: {UP: _("up"), DOWN: _("down")},
            ),
        },
    ),
)

__all__ = ["check_in_fields"]
