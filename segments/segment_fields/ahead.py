"""What time alone will make of a stage: the machine of ``users/lifecycle.py`` with nothing more to happen."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Case, DateTimeField, F, Q, When
from django.db.models import Value as Constant
from django.db.models.functions import Greatest

from segments.registry import Ahead
from segments.rules.as_of import AsOf
from segments.rules.operators import Value
from users.models import Stage, Standing
from users.services.stages import rule_in_force, thresholds_of

_SILENT = "standing__last_activity_at"
_BEGAN = "standing__run_started_at"


def _stage_ahead(as_of: AsOf) -> Value:
    """As definitions have it: churned, dormant, returning, new, active; before the next move the stage that is."""
    limits = as_of.lifecycle.limits
    still = Q(standing__next_move_at__isnull=True) | Q(standing__next_move_at__gt=as_of.now)
    first_run = Q(standing__run_started_at=F("standing__first_activity_at"))
    return Case(
        When(still, then=F("standing__stage")),
        When(_before(_SILENT, as_of, limits.churned_after), then=Constant(Stage.CHURNED.value)),
        When(_before(_SILENT, as_of, limits.dormant_after), then=Constant(Stage.DORMANT.value)),
        When(~first_run & ~_before(_BEGAN, as_of, limits.returning_for), then=F("standing__stage")),
        When(first_run & ~_before(_BEGAN, as_of, limits.new_for), then=F("standing__stage")),
        default=Constant(Stage.ACTIVE.value),
    )


def _since_ahead(as_of: AsOf) -> Value:
    """The instant of the last move up to then."""
    limits = as_of.lifecycle.limits
    still = Q(standing__next_move_at__isnull=True) | Q(standing__next_move_at__gt=as_of.now)
    instant: DateTimeField[datetime, datetime] = DateTimeField()
    churned, dormant = (
        Case(When(**{f"{_SILENT}__isnull": False}, then=F(_SILENT) + Constant(span)), output_field=instant)
        for span in (limits.churned_after, limits.dormant_after)
    )
    return Case(
        When(still, then=F("standing__stage_at")),
        When(_before(_SILENT, as_of, limits.churned_after), then=churned),
        When(_before(_SILENT, as_of, limits.dormant_after), then=dormant),
        default=Greatest(F("standing__next_move_at"), F("standing__stage_at")),
        output_field=instant,
    )


def _before(path: str, as_of: AsOf, span: timedelta) -> Q:
    return Q(**{f"{path}__lte": as_of.now - span})


def _moves(customer_id: int) -> Sequence[datetime]:
    """The next move, and those by silence that follow it."""
    standing = Standing.objects.filter(pk=customer_id, next_move_at__isnull=False).first()
    if standing is None or standing.next_move_at is None or standing.last_activity_at is None:
        return []
    limits = thresholds_of(rule_in_force())
    silences = (standing.last_activity_at + span for span in (limits.dormant_after, limits.churned_after))
    return [standing.next_move_at, *silences]


STAGE = Ahead(_stage_ahead, _moves)
STAGE_SINCE = Ahead(_since_ahead, _moves)
