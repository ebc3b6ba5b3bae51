"""How a customer can be reached."""

from collections.abc import Sequence

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from segments.registry import Collection, register
from segments.rules.as_of import AsOf
from users.models import Channel, ContactPoint, usable_contact
from users.topics import TouchTopic

REACH = _("Contact and consent")


def _has_contact(channels: Sequence[str]) -> Q:
    usable = ContactPoint.objects.filter(
        usable_contact(), customer=OuterRef("pk"), channel__in=list(channels)
    )
    return Q(Exists(usable))


def _had_contact(channels: Sequence[str], as_of: AsOf) -> Q:
    usable = ContactPoint.objects.filter(
        usable_contact(), customer=OuterRef("pk"), channel__in=list(channels), added_at__lte=as_of.now
    )
    return Q(Exists(usable))


register(
    Collection(
        "reachable_by",
        _("usable contacts"),
        REACH,
        TouchTopic.CONTACT,
        has=_has_contact,
        choices=lambda: dict(Channel.choices),
        past_has=_had_contact,
        past_note=_("whether one can be used is as today"),
    ),
)
