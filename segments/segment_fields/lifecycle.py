"""Fields of the stage and of activity as a whole."""

from functools import partial

from django.utils.translation import gettext_lazy as _

from segments.registry import Field, register
from segments.rules.kinds import CHOICE, INSTANT, NUMBER
from segments.segment_fields import ahead, past
from users.models import Stage
from users.topics import TouchTopic

LIFECYCLE = _("Lifecycle")

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
        past=past.last_activity_then,
    ),
    lifecycle(
        "first_activity",
        _("first activity"),
        kind=INSTANT,
        value="standing__first_activity_at",
        past=past.since_its_time("standing__first_activity_at"),
    ),
    lifecycle(
        "active_days",
        _("days with activity"),
        kind=NUMBER,
        value="standing__active_days",
        past=past.active_days_then,
    ),
)
