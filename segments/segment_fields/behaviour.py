"""Events: what customers did."""

from functools import partial

from django.utils.translation import gettext_lazy as _

from segments.registry import Field, Rows, Source, register
from segments.rules.as_of import AsOf
from segments.rules.kinds import CHOICE, FLAG, NUMBER, TEXT
from segments.segment_fields.offers import categories, event_properties
from users.devices import DeviceKind
from users.models import Event
from users.topics import TouchTopic

BEHAVIOUR = _("Behaviour")


def _events(as_of: AsOf, name: str | None) -> Rows:
    """Events of one name; a name that was never seen has no type and therefore no rows."""
    assert name is not None
    return Event.objects.filter(type=as_of.event_types.id_of(name))


of_event = partial(Field, group=BEHAVIOUR, topic=TouchTopic.EVENTS)

register(
    Source(
        "events",
        _("events"),
        BEHAVIOUR,
        TouchTopic.EVENTS,
        rows=_events,
        time="occurred_at",
        did=_("did “%(event)s”"),
        did_not=_("did not do “%(event)s”"),
        noun=_("the events “%(event)s”"),
        properties={
            "category": of_event("category", _("category"), kind=TEXT, suggest=categories),
            "value": of_event("value", _("value"), kind=NUMBER),
            "device": of_event("device", _("device"), kind=CHOICE, choices=lambda: dict(DeviceKind.choices)),
            "confirmed": of_event("confirmed", _("confirmed"), kind=FLAG),
        },
        open_properties="properties",
        suggest_property=event_properties,
        copied=("type", "category", "value"),
    ),
)
