"""Fields of the stage and of activity as a whole."""

from functools import partial

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from segments.registry import Field, Rows, Source, register
from segments.rules.as_of import AsOf
from segments.rules.kinds import CHOICE, INSTANT, NUMBER
from segments.segment_fields import ahead, past
from users.models import MoveCause, Stage, StageMove
from users.topics import TouchTopic

LIFECYCLE = _("Lifecycle")


def _moves(as_of: AsOf, name: str | None) -> Rows:
    """The moves that are held to be true; what a late event showed never to have been is left out."""
    return StageMove.objects.filter(superseded_at__isnull=True)


def _stages() -> dict[str, StrOrPromise]:
    return dict(Stage.choices)


lifecycle = partial(Field, group=LIFECYCLE, topic=TouchTopic.STAGE)

register(
    lifecycle(
        "stage",
        _("stage"),
        kind=CHOICE,
        value="standing__stage",
        choices=lambda: dict(Stage.choices),
        past=past.stage_then,
        ahead=ahead.STAGE,
    ),
    lifecycle(
        "stage_since",
        _("start of the current stage"),
        kind=INSTANT,
        value="standing__stage_at",
        past=past.stage_since_then,
        ahead=ahead.STAGE_SINCE,
    ),
    lifecycle(
        "last_activity",
        _("last activity"),
        kind=INSTANT,
        value="standing__last_activity_at",
        also=(TouchTopic.EVENTS,),
        past=past.last_activity_then,
    ),
    lifecycle(
        "first_activity",
        _("first activity"),
        kind=INSTANT,
        value="standing__first_activity_at",
        also=(TouchTopic.EVENTS,),
        past=past.since_its_time("standing__first_activity_at"),
    ),
    lifecycle(
        "active_days",
        _("days with activity"),
        kind=NUMBER,
        value="standing__active_days",
        also=(TouchTopic.EVENTS,),
        past=past.active_days_then,
    ),
    Source(
        "stage_moves",
        _("moves between stages"),
        LIFECYCLE,
        TouchTopic.STAGE,
        rows=_moves,
        time="at",
        did=_("moved to another stage"),
        did_not=_("did not move to another stage"),
        noun=_("the moves between stages"),
        properties={
            "from": lifecycle("from", _("from"), kind=CHOICE, value="from_stage", choices=_stages),
            "to": lifecycle("to", _("to"), kind=CHOICE, value="to_stage", choices=_stages),
            "cause": lifecycle(
                "cause", _("because of"), kind=CHOICE, choices=lambda: dict(MoveCause.choices)
            ),
        },
    ),
)
