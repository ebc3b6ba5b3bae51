"""What rules may ask about points, levels and check-ins."""

from functools import partial

from django.db.models import CharField, Exists, F, OuterRef, Subquery
from django.db.models.functions import Cast, Coalesce
from django.utils.translation import gettext_lazy as _

from growth.models import CheckIn, Level
from segments.registry import Field, Rows, Source, register
from segments.rules.as_of import AsOf
from segments.rules.kinds import CHOICE, INSTANT, NUMBER
from users.topics import TouchTopic

POINTS = _("Points")
LEVELS = _("Level")
CHECK_INS = _("Check-ins")


def _levels() -> dict[str, str]:
    return {str(level.pk): level.title for level in Level.objects.all()}


def _last_check_ins() -> Rows:
    """The last check-in of each customer."""
    later = CheckIn.objects.filter(customer=OuterRef("customer"), local_date__gt=OuterRef("local_date"))
    return CheckIn.objects.filter(~Exists(later))


def _check_ins(as_of: AsOf, name: str | None) -> Rows:
    return CheckIn.objects.all()


points = partial(Field, group=POINTS, topic=TouchTopic.POINTS, kind=NUMBER)
level = partial(Field, group=LEVELS, topic=TouchTopic.LEVEL)
check_in = partial(Field, group=CHECK_INS, topic=TouchTopic.POINTS)

# Whoever never earned stands on the lowest step.
LEVEL_ID = Coalesce(
    Cast("level_row__level_id", CharField()),
    Subquery(Level.objects.order_by("threshold").values(as_text=Cast("pk", CharField()))[:1]),
)

register(
    points("points_balance", _("points balance"), value=Coalesce(F("points__active"), 0)),
    points("points_pending", _("pending points"), value=Coalesce(F("points__pending"), 0)),
    points("points_owed", _("points owed"), value=Coalesce(F("points__debt"), 0)),
    level("level", _("level"), kind=CHOICE, value=LEVEL_ID, choices=_levels),
    level("level_since", _("start of the current level"), kind=INSTANT, value="level_row__since"),
    level("growth_value", _("growth value"), kind=NUMBER, value=Coalesce(F("level_row__growth_value"), 0)),
    check_in("last_check_in", _("last check-in"), kind=INSTANT, value="at", rows=_last_check_ins),
    check_in(
        "check_in_streak",
        _("days in a row at the last check-in"),
        kind=NUMBER,
        value="streak",
        rows=_last_check_ins,
        absent=0,
    ),
    Source(
        "check_ins",
        _("check-ins"),
        CHECK_INS,
        TouchTopic.POINTS,
        rows=_check_ins,
        time="at",
        did=_("checked in"),
        did_not=_("did not check in"),
        noun=_("the check-ins"),
    ),
)
